//! Names the commit for `easemob-token version`, if it is known.

use std::path::Path;
use std::process::Command;

/// Set by a build outside of a repository, such as one of a distribution.
const VARIABLE: &str = "EASEMOB_TOKEN_COMMIT";
/// Written by cargo into a package.
const PACKAGED: &str = ".cargo_vcs_info.json";

fn main() {
    println!("cargo:rerun-if-env-changed={VARIABLE}");
    println!("cargo:rerun-if-changed=build.rs");
    let set = std::env::var(VARIABLE).ok();
    let commit = set.or_else(packaged).or_else(checked_out).unwrap_or_default();
    let commit: String = commit.chars().take_while(char::is_ascii_hexdigit).take(12).collect();
    println!("cargo:rustc-env=COMMIT={commit}");
}

fn packaged() -> Option<String> {
    let text = std::fs::read_to_string(PACKAGED).ok()?;
    let (_, commit) = text.split_once("\"sha1\": \"")?;
    Some(commit.to_owned())
}

/// The commit of the repository of this crate; a folder of sources may be inside another one.
fn checked_out() -> Option<String> {
    let (folder, commit) = git(&["rev-parse", "--show-prefix", "HEAD"])?;
    if folder != "crates/cli/" {
        return None;
    }
    let (head, log) = git(&["rev-parse", "--git-path", "HEAD", "--git-path", "logs/HEAD"])?;
    for file in [head, log] {
        // A file that is missing would make each build start anew.
        if Path::new(&file).is_file() {
            println!("cargo:rerun-if-changed={file}");
        }
    }
    Some(commit)
}

/// The two lines that git prints.
fn git(words: &[&str]) -> Option<(String, String)> {
    let output = Command::new("git").args(words).output().ok().filter(|it| it.status.success())?;
    let text = String::from_utf8(output.stdout).ok()?;
    let (first, second) = text.trim_end().split_once('\n')?;
    Some((first.to_owned(), second.to_owned()))
}

//! The core's clippy bans work: clippy refuses a copy of the core that breaks two of them.
//!
//! A ban in `clippy.toml` can stop working unnoticed: a typing error in a path, a lint that somebody
//! allowed, another clippy.toml. Clippy itself reports a path that leads to nothing. So the step
//! copies the core, adds a module that uses one banned function and one banned type, adds a ban with
//! a typing error, and expects clippy to report these three and nothing else.

use std::path::Path;

use anyhow::{Result, ensure};
use serde_json::Value;
use walkdir::WalkDir;
use xshell::{Shell, cmd};

use crate::context::Context;
use crate::problem::Problem;
use crate::shell::{self, text};

const SETTINGS: &str = "crates/core/clippy.toml";
const PROBE: &str = "//! Breaks two bans.\n\
                     pub(crate) fn function() { let _ = std::time::Instant::now(); }\n\
                     pub(crate) fn type_(_: &std::collections::HashMap<(), ()>) {}\n";
const MISSPELT: &str = "std::time::Instant::nwo";

pub(super) fn check(context: &Context) -> Result<Vec<Problem>> {
    let sh = context.sh.clone();
    let settings = sh.read_file(SETTINGS)?;
    let mut problems = settings_missing(&sh.read_file("clippy.toml")?, &settings);

    let copy = context.workspace.target.join("xtask").join("core-bans");
    lay_out(&sh, &copy, &settings)?;
    let target = &context.workspace.target;
    sh.change_dir(copy.join("core"));
    // No `--locked`: the copied lock file still lists what the rest of the workspace needs.
    let options = ["--quiet", "--lib", "--message-format=json", "--target-dir"];
    let output = shell::capture(cmd!(sh, "cargo clippy {options...} {target}"))?;
    let messages = messages(&text(&output.stdout));
    let used = |line| {
        // The probe is dead code too, which is no ban.
        let mut bans = messages.iter().filter(|it| it.code.starts_with("clippy::disallowed_"));
        bans.any(|it| it.file.ends_with("ban_probe.rs") && it.line == line)
    };
    ensure!(
        used(2) && used(3),
        "clippy did not refuse a banned function and a banned type in a copy of the core; either \
         it does not compile, or the bans in {SETTINGS} do not work:\n{}{}",
        messages.iter().map(|it| it.rendered.as_str()).collect::<String>(),
        text(&output.stderr)
    );
    let unknown = |it: &&Message| it.file.ends_with("clippy.toml");
    let unknown: Vec<_> = messages.iter().filter(unknown).collect();
    ensure!(
        unknown.iter().any(|it| it.rendered.contains(MISSPELT)),
        "clippy no longer reports a ban on a path that does not exist"
    );
    for message in unknown.iter().filter(|it| !it.rendered.contains(MISSPELT)) {
        problems.push(Problem::new(SETTINGS, message.line, message.rendered.clone()));
    }
    println!("clippy reports banned uses and misspelt bans in a copy of the core");
    Ok(problems)
}

/// Clippy reads the nearest file alone, so the core's must repeat the workspace's settings.
fn settings_missing(workspace: &str, core: &str) -> Vec<Problem> {
    let lines = workspace.lines().map(str::trim);
    lines
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .filter(|line| !core.lines().any(|ours| ours.trim() == *line))
        .map(|line| Problem::new(SETTINGS, 0, format!("does not repeat `{line}` of clippy.toml")))
        .collect()
}

/// Makes a workspace with the core and what it depends on, under the very settings of ours.
fn lay_out(sh: &Shell, copy: &Path, settings: &str) -> Result<()> {
    sh.remove_path(copy)?;
    for name in ["core", "host"] {
        let from = sh.current_dir().join("crates").join(name);
        for entry in WalkDir::new(&from).into_iter().flatten().filter(|it| it.file_type().is_file())
        {
            let to = copy.join(name).join(entry.path().strip_prefix(&from)?);
            sh.write_file(to, sh.read_binary_file(entry.path())?)?;
        }
    }
    sh.write_file(copy.join("Cargo.toml"), reduced(&sh.read_file("Cargo.toml")?))?;
    sh.copy_file("Cargo.lock", copy)?;
    let misspelt = format!("disallowed-methods = [\n    {{ path = \"{MISSPELT}\" }},");
    let settings = settings.replace("disallowed-methods = [", &misspelt);
    sh.write_file(copy.join("core/clippy.toml"), settings)?;
    let lib = copy.join("core/src/lib.rs");
    sh.write_file(&lib, sh.read_file(&lib)? + "\nmod ban_probe;\n")?;
    sh.write_file(copy.join("core/src/ban_probe.rs"), PROBE)?;
    Ok(())
}

/// The workspace's manifest with other members and paths.
fn reduced(manifest: &str) -> String {
    let rest = manifest.split_once("\n[workspace.").map_or("", |(_, rest)| rest);
    let rest = rest.replace("path = \"crates/", "path = \"");
    format!("[workspace]\nresolver = \"3\"\nmembers = [\"core\"]\n\n[workspace.{rest}")
}

/// A warning or error, and where it points.
struct Message {
    code: String,
    file: String,
    line: usize,
    rendered: String,
}

fn messages(output: &str) -> Vec<Message> {
    let json = output.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    json.filter_map(|line| {
        let message = &line["message"];
        let span = message["spans"].as_array()?.iter().find(|span| span["is_primary"] == true)?;
        Some(Message {
            code: message["code"]["code"].as_str().unwrap_or_default().to_owned(),
            file: span["file_name"].as_str()?.to_owned(),
            line: span["line_start"].as_u64()?.try_into().ok()?,
            rendered: message["rendered"].as_str()?.to_owned(),
        })
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_that_the_core_does_not_repeat_is_found() {
        assert!(settings_missing("# a\nb = true\n", "x = []\nb = true\n").is_empty());
        assert_eq!(settings_missing("b = true\nc = 1\n", "b = true\n").len(), 1);
    }

    #[test]
    fn the_copy_keeps_everything_but_members_and_paths() {
        let manifest = "[workspace]\nmembers = [\"crates/*\"]\n\n[workspace.dependencies]\n\
                        a = { path = \"crates/a\" }\n";
        assert_eq!(
            reduced(manifest),
            "[workspace]\nresolver = \"3\"\nmembers = [\"core\"]\n\n[workspace.dependencies]\n\
             a = { path = \"a\" }\n"
        );
    }
}

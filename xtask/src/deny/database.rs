//! The advisory check against a database in a folder: a copy that somebody has, or our own example.

use std::path::Path;
use std::process::Output;

use anyhow::{Context as _, Result, ensure};
use walkdir::WalkDir;
use xshell::{Shell, cmd};

use super::{CHECK, FETCH, deny};
use crate::context::Context;
use crate::shell::{self, text};

/// Names the folder of a copy, for machines that cannot reach the server.
pub(super) const VARIABLE: &str = "ADVISORY_DB";
/// Git finds the database in place of this address. cargo-deny takes no `file://` address.
const ADDRESS: &str = "https://advisories.invalid/advisory-db";

/// Checks our crates against the copy, and prints how much and how new it is.
pub(super) fn check(context: &Context, program: &str, copy: &Path) -> Result<()> {
    let (count, newest) = advisories(copy);
    let copy = copy.canonicalize().unwrap_or_default();
    ensure!(
        count > 0,
        "the folder in {VARIABLE} has no file `crates/*/RUSTSEC-*.md`, so nothing would be \
         checked; name the folder of a clone or of an unpacked archive of the database"
    );
    let folder = context.workspace.target.join("xtask-tools").join("advisories").join("copy");
    context.sh.remove_path(&folder)?;
    context.sh.create_dir(&folder)?;
    let output = against(context, program, &folder, &copy)?;
    let printed = text(&output.stderr);
    println!("{}", printed.trim());
    ensure!(output.status.success(), "an advisory is about our crates, see above");
    println!("checked against {count} advisories; the newest is of {newest}");
    Ok(())
}

/// Counts the advisories in a folder; returns the date of the newest too.
fn advisories(folder: &Path) -> (usize, String) {
    let (mut count, mut newest) = (0, String::new());
    for file in WalkDir::new(folder.join("crates")).into_iter().flatten() {
        let name = file.file_name().to_string_lossy();
        if !(name.starts_with("RUSTSEC-") && name.ends_with(".md")) {
            continue;
        }
        count += 1;
        let text = std::fs::read_to_string(file.path()).unwrap_or_default();
        let date = text.lines().find_map(|line| line.strip_prefix("date = \""));
        let date = date.map(|date| date.trim_end_matches('"').to_owned()).unwrap_or_default();
        newest = newest.max(date);
    }
    (count, newest)
}

/// Runs the commands of the real check, with our own settings, against the database in a folder.
pub(super) fn against(
    context: &Context,
    program: &str,
    folder: &Path,
    database: &Path,
) -> Result<Output> {
    let sh = &context.sh;
    let config = folder.join("deny.toml");
    let ours = sh.read_file("deny.toml")?;
    sh.write_file(&config, with_database(&ours, &folder.join("fetched"))?)?;
    let repository = folder.join("repository");
    commit(sh, database, &repository)?;
    let fetch = deny(sh, program, &config, FETCH)
        .env("GIT_CONFIG_COUNT", "1")
        .env("GIT_CONFIG_KEY_0", format!("url.{}.insteadOf", repository.display()))
        .env("GIT_CONFIG_VALUE_0", ADDRESS);
    shell::read(fetch).context("cannot fetch a database from a folder")?;
    shell::capture(deny(sh, program, &config, CHECK))
}

/// Our own settings, with another database.
fn with_database(ours: &str, fetched: &Path) -> Result<String> {
    let table = "\n[advisories]\n";
    let (before, after) = ours.split_once(table).context("deny.toml has no `[advisories]`")?;
    let path = fetched.display();
    let database = format!("db-path = '{path}'\ndb-urls = [\"{ADDRESS}\"]\n");
    Ok([before, table, &database, after].concat())
}

/// Makes a git repository of the folder's files, without writing to the folder.
///
/// Sets every variable that a surrounding git (a hook) may have set for another repository, and
/// reads nobody's own settings.
fn commit(sh: &Shell, folder: &Path, repository: &Path) -> Result<()> {
    let user = ["-c", "user.name=xtask", "-c", "user.email=xtask@localhost"];
    for arguments in ["init --quiet --initial-branch=main", "add .", "commit --quiet -m x"] {
        let arguments = arguments.split_whitespace();
        let _dir = sh.push_dir(folder);
        let git = cmd!(sh, "git {user...} {arguments...}")
            .env("GIT_DIR", repository)
            .env("GIT_WORK_TREE", folder)
            .env("GIT_INDEX_FILE", repository.join("index"))
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1");
        shell::read(git)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_settings_are_ours_with_another_database() {
        let ours = include_str!("../../../deny.toml");
        let config = with_database(ours, Path::new("/x")).unwrap();
        assert!(config.contains("[advisories]\ndb-path = '/x'\ndb-urls = [\"https://"), "{config}");
        assert!(config.contains("[licenses]"));
        assert!(with_database("[graph]\n", Path::new("/x")).is_err());
    }

    #[test]
    fn a_folder_without_advisories_counts_as_nothing() {
        let own = Path::new(env!("CARGO_MANIFEST_DIR"));
        assert_eq!(advisories(&own.join("..")).0, 0);
        assert_eq!(advisories(&own.join("no-such-folder")).0, 0);
    }
}

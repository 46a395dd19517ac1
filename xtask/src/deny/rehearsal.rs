//! The advisory check against two small databases of our own: it must pass one and fail the other.

use std::path::Path;
use std::process::Output;

use anyhow::{Context as _, Result, ensure};
use xshell::cmd;

use super::{CHECK, FETCH, deny};
use crate::context::Context;
use crate::shell::{self, text};

const ID: &str = "RUSTSEC-2000-0001";
/// In our `Cargo.lock`.
const OURS: &str = "http";
/// Not a valid name of a crate, so never in it.
const NOBODYS: &str = "0-nobodys";
/// Git finds the database in place of this address. cargo-deny takes no `file://` address.
const ADDRESS: &str = "https://advisories.invalid/advisory-db";

/// Runs the commands of the real check, so that wrong arguments fail with and without a network.
pub(super) fn run(context: &Context, program: &str) -> Result<()> {
    let folder = context.workspace.target.join("xtask-tools").join("advisories");
    let (passes, printed) = check(context, &folder.join("harmless"), program, NOBODYS)?;
    ensure!(passes, "the advisory check fails without an advisory for our crates:\n{printed}");
    let (passes, printed) = check(context, &folder.join("harmful"), program, OURS)?;
    ensure!(
        !passes && printed.contains(ID),
        "the advisory check does not report an advisory for a crate of ours:\n{printed}"
    );
    println!("the advisory check passes and fails as it should, against databases of our own");
    Ok(())
}

/// Checks our crates against a database with one advisory, for the crate `affected`.
fn check(
    context: &Context,
    folder: &Path,
    program: &str,
    affected: &str,
) -> Result<(bool, String)> {
    let sh = context.sh.clone();
    sh.remove_path(folder)?;
    let database = folder.join("database");
    let advisory = format!(
        "```toml\n[advisory]\nid = \"{ID}\"\npackage = \"{affected}\"\ndate = \"2000-01-01\"\n\n\
         [versions]\npatched = []\n```\n\n# An example\n\nMade by `cargo xtask ci deny`.\n"
    );
    sh.write_file(database.join("crates").join(affected).join(format!("{ID}.md")), advisory)?;
    let config = folder.join("deny.toml");
    let ours = sh.read_file("deny.toml")?;
    sh.write_file(&config, with_database(&ours, &folder.join("fetched"))?)?;
    commit(&sh, &database)?;

    let fetch = deny(&sh, program, &config, FETCH)
        .env("GIT_CONFIG_COUNT", "1")
        .env("GIT_CONFIG_KEY_0", format!("url.{}.insteadOf", database.display()))
        .env("GIT_CONFIG_VALUE_0", ADDRESS);
    shell::read(fetch).context("cannot fetch a database of our own")?;
    let Output { status, stderr, .. } = shell::capture(deny(&sh, program, &config, CHECK))?;
    Ok((status.success(), text(&stderr)))
}

/// Our own settings, with another database.
fn with_database(ours: &str, fetched: &Path) -> Result<String> {
    let table = "\n[advisories]\n";
    let (before, after) = ours.split_once(table).context("deny.toml has no `[advisories]`")?;
    let path = fetched.display();
    let database = format!("db-path = '{path}'\ndb-urls = [\"{ADDRESS}\"]\n");
    Ok([before, table, &database, after].concat())
}

/// Makes a git repository of the folder.
///
/// Sets every variable that a surrounding git (a hook) may have set for another repository, and
/// reads nobody's own settings.
fn commit(sh: &xshell::Shell, folder: &Path) -> Result<()> {
    let repository = folder.join(".git");
    let user = ["-c", "user.name=xtask", "-c", "user.email=xtask@localhost"];
    for arguments in ["init --quiet --initial-branch=main", "add .", "commit --quiet -m x"] {
        let arguments = arguments.split_whitespace();
        let _dir = sh.push_dir(folder);
        let git = cmd!(sh, "git {user...} {arguments...}")
            .env("GIT_DIR", &repository)
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
    fn the_affected_crate_is_one_of_ours_and_the_settings_name_the_database() {
        let lock = include_str!("../../../Cargo.lock");
        assert!(lock.contains(&format!("name = \"{OURS}\"\n")) && !lock.contains(NOBODYS));
        let ours = include_str!("../../../deny.toml");
        let config = with_database(ours, Path::new("/x")).unwrap();
        assert!(config.contains("[advisories]\ndb-path = '/x'\ndb-urls = [\"https://"), "{config}");
        assert!(config.contains("[licenses]"));
        assert!(with_database("[graph]\n", Path::new("/x")).is_err());
    }
}

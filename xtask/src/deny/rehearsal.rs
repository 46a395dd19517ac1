//! The advisory check against two small databases of our own: it must pass one and fail the other.

use std::fs;
use std::path::Path;

use super::{CHECK, FETCH, deny_by};
use crate::command::{Captured, Tool};
use crate::context::Context;
use crate::failure::Failure;

const ID: &str = "RUSTSEC-2000-0001";
/// In our `Cargo.lock`, which a test checks.
const OURS: &str = "http";
/// Not a valid name of a crate, so never in it.
const NOBODYS: &str = "0-nobodys";
/// Where git finds the database in place of this address. cargo-deny takes no `file://` address.
const ADDRESS: &str = "https://advisories.invalid/advisory-db";

/// Runs the commands of the real check, so that wrong arguments fail with and without a network.
pub(crate) fn run(context: &Context, program: &str) -> Result<(), Failure> {
    let folder = context.target.join("xtask-tools").join("advisories");
    let harmless = check(&context.root, &folder.join("harmless"), program, NOBODYS)?;
    if !harmless.success {
        let problem = "the advisory check fails without an advisory for a crate of ours:";
        return Err(Failure::new(format!("{problem}\n{}", harmless.stderr)));
    }
    let harmful = check(&context.root, &folder.join("harmful"), program, OURS)?;
    if harmful.success || !harmful.stderr.contains(ID) {
        let problem = "the advisory check does not report an advisory for a crate of ours:";
        return Err(Failure::new(format!("{problem}\n{}", harmful.stderr)));
    }
    println!("the advisory check passes and fails as it should, against databases of our own");
    Ok(())
}

/// Checks our crates against a database with one advisory, for the crate `affected`.
fn check(root: &Path, folder: &Path, program: &str, affected: &str) -> Result<Captured, Failure> {
    let failed = |error| Failure::caused(format!("`{}`", folder.display()), error);
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(failed)?;
    }
    let database = folder.join("database");
    let advisories = database.join("crates").join(affected);
    fs::create_dir_all(&advisories).map_err(failed)?;
    fs::write(advisories.join(format!("{ID}.md")), advisory(affected)).map_err(failed)?;
    commit(&database)?;
    let ours = fs::read_to_string(root.join("deny.toml")).map_err(failed)?;
    let config = folder.join("deny.toml");
    fs::write(&config, with_database(&ours, &folder.join("fetched"))?).map_err(failed)?;

    let fetched = deny_by(program, &config, FETCH)
        .env("GIT_CONFIG_COUNT", "1")
        .env("GIT_CONFIG_KEY_0", format!("url.{}.insteadOf", database.display()))
        .env("GIT_CONFIG_VALUE_0", ADDRESS)
        .capture()?;
    if !fetched.success {
        let problem = "a database of our own could not be fetched:";
        return Err(Failure::new(format!("{problem}\n{}", fetched.stderr)));
    }
    deny_by(program, &config, CHECK).capture()
}

fn advisory(affected: &str) -> String {
    format!(
        "```toml\n[advisory]\nid = \"{ID}\"\npackage = \"{affected}\"\ndate = \"2000-01-01\"\n\n\
         [versions]\npatched = []\n```\n\n# An example\n\nMade by `cargo xtask ci deny`.\n"
    )
}

/// Our own settings, with another database.
fn with_database(ours: &str, fetched: &Path) -> Result<String, Failure> {
    let table = "\n[advisories]\n";
    let Some((before, after)) = ours.split_once(table) else {
        return Err(Failure::new("deny.toml has no line `[advisories]`"));
    };
    let path = fetched.display();
    let database = format!("db-path = '{path}'\ndb-urls = [\"{ADDRESS}\"]\n");
    Ok([before, table, &database, after].concat())
}

/// Makes a git repository of the folder.
///
/// Every variable is set that a surrounding git (a hook) may have set for another repository, and
/// nobody's own settings are read.
fn commit(folder: &Path) -> Result<(), Failure> {
    let repository = folder.join(".git");
    for arguments in ["init --quiet --initial-branch=main", "add .", "commit --quiet -m x"] {
        let made = Tool::parse("git -c user.name=xtask -c user.email=xtask@localhost")
            .args(arguments)
            .dir(folder)
            .env("GIT_DIR", repository.display().to_string())
            .env("GIT_WORK_TREE", folder.display().to_string())
            .env("GIT_INDEX_FILE", repository.join("index").display().to_string())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .capture()?;
        if !made.success {
            return Err(Failure::new(format!("`git {arguments}`:\n{}", made.stderr)));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_affected_crate_is_one_of_ours() {
        let lock = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.lock"));
        let lock = lock.unwrap();
        assert!(lock.contains(&format!("name = \"{OURS}\"\n")));
        assert!(!lock.contains(NOBODYS));
    }

    #[test]
    fn the_database_is_named_in_our_own_settings() {
        let ours = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../deny.toml"));
        let config = with_database(&ours.unwrap(), Path::new("/x")).unwrap();
        assert!(config.contains("[advisories]\ndb-path = '/x'\ndb-urls = [\"https://"), "{config}");
        assert!(config.contains("[licenses]"));
        assert!(with_database("[graph]\n", Path::new("/x")).is_err());
    }
}

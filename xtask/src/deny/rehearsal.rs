//! The advisory check against two small databases of our own: it must pass one and fail the other.

use std::path::Path;

use anyhow::{Result, ensure};

use super::database;
use crate::context::Context;
use crate::shell::text;

const ID: &str = "RUSTSEC-2000-0001";
/// In our `Cargo.lock`.
const OURS: &str = "http";
/// Not a valid name of a crate, so never in it.
const NOBODYS: &str = "0-nobodys";

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
    let sh = &context.sh;
    sh.remove_path(folder)?;
    let database = folder.join("database");
    let advisory = format!(
        "```toml\n[advisory]\nid = \"{ID}\"\npackage = \"{affected}\"\ndate = \"2000-01-01\"\n\n\
         [versions]\npatched = []\n```\n\n# An example\n\nMade by `cargo xtask ci deny`.\n"
    );
    sh.write_file(database.join("crates").join(affected).join(format!("{ID}.md")), advisory)?;
    let output = database::against(context, program, folder, &database)?;
    Ok((output.status.success(), text(&output.stderr)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_affected_crate_is_one_of_ours() {
        let lock = include_str!("../../../Cargo.lock");
        assert!(lock.contains(&format!("name = \"{OURS}\"\n")) && !lock.contains(NOBODYS));
    }
}

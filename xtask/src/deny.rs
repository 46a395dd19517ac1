//! The step `deny`: licences, banned and duplicated crates, sources and advisories, by cargo-deny.

mod database;
mod rehearsal;

use std::path::Path;

use anyhow::Result;
use xshell::{Cmd, Shell};

use crate::context::Context;
use crate::install::{CargoTool, Program, download};
use crate::shell;

const CARGO_DENY: CargoTool = CargoTool { name: "cargo-deny", version: "0.20.2", ask: &[] };
/// cargo-deny starts it too.
const GIT: Program = Program::new("git", "git", "");
/// Fetches what `CHECK` reads.
const FETCH: &str = "fetch db";
/// Offline: the database is there by then, and the other checks have downloaded the crates.
const CHECK: &str = "--all-features --locked --offline check advisories";

/// Returns the command that compiles cargo-deny, if it is missing.
pub(crate) fn compilation(context: &Context) -> Option<Cmd<'_>> {
    CARGO_DENY.installation(context)
}

pub(crate) fn run(context: &Context) -> Result<()> {
    let sh = &context.sh;
    let checks = "licences, duplicates, sources and advisories";
    let Some(program) = CARGO_DENY.find_or_leave_out(context, &[], checks)? else {
        return Ok(());
    };
    let deny = |arguments| deny(sh, &program, Path::new("deny.toml"), arguments);
    shell::run(deny("--all-features --locked check bans licenses sources"))?;
    if context.program(&GIT, "advisories, not one of them")?.is_none() {
        return Ok(());
    }
    // If the database cannot be reached, this alone shows that the check below would work.
    rehearsal::run(context, &program)?;
    if let Some(copy) = std::env::var_os(database::VARIABLE) {
        return database::check(context, &program, Path::new(&copy));
    }
    if let Some(reason) = download(deny(FETCH))? {
        let variable = database::VARIABLE;
        context.not_checked(format!(
            "advisories, not one of them: {reason}; name a copy of the database in {variable}"
        ));
        return Ok(());
    }
    shell::run(deny(CHECK))
}

fn deny<'a>(sh: &'a Shell, program: &str, config: &Path, arguments: &str) -> Cmd<'a> {
    sh.cmd(program)
        .arg("--config")
        .arg(config)
        .args(arguments.split_whitespace())
        // Without these, git waits for ever on a connection that died.
        .env("GIT_HTTP_LOW_SPEED_LIMIT", "1000")
        .env("GIT_HTTP_LOW_SPEED_TIME", "20")
        .env("GIT_TERMINAL_PROMPT", "0")
}

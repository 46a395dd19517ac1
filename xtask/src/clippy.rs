//! The step `clippy`: no warning in any target, with every set of features that somebody can choose.

use crate::command::Tool;
use crate::context::{Context, Member};
use crate::failure::Failure;
use crate::servers;

pub(crate) fn run(context: &mut Context) -> Result<(), Failure> {
    // What a plain `cargo build` takes, with its features.
    lint("--all-targets").run()?;
    // Everything; it also compiles libcurl, once, and the step `test` finds that ready.
    lint("--workspace --all-targets --all-features").run()?;
    // What no plain `cargo test` runs, `--all-targets` leaves out as well.
    for tests in servers::tests() {
        lint(tests).run()?;
    }
    for choice in context.members.iter().flat_map(Member::single_choices) {
        lint(&format!("--all-targets {choice}")).run()?;
    }
    Ok(())
}

fn lint(what: &str) -> Tool {
    Tool::parse(&format!("cargo clippy --locked {what} -- -D warnings"))
}

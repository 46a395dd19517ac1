//! The command `cargo xtask fleet`: the failure table of fleets that share one app token.

use anyhow::Result;
use clap::Args;
use xshell::{Cmd, cmd};

use crate::context::Context;
use crate::crates::CORE;
use crate::shell;

/// Simulate fleets of 50 and 500 processes, and print their failure table
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Run this seed alone [default: 1 to 20]
    #[arg(long)]
    seed: Option<u64>,
}

pub(crate) fn run(options: &Options, context: &Context) -> Result<()> {
    shell::run(command(options, context))
}

fn command<'a>(options: &Options, context: &'a Context) -> Cmd<'a> {
    let seed = options.seed.map(|seed| seed.to_string());
    let seed = seed.iter().flat_map(|seed| ["--seed", seed]);
    cmd!(context.sh, "cargo run --locked --quiet --release -p {CORE} --example fleet --").args(seed)
}

#[cfg(test)]
mod tests {
    use xshell::Shell;

    use super::*;

    #[test]
    fn a_seed_is_passed_on() {
        let context = Context::new(Shell::new().unwrap(), Default::default());
        for (seed, end) in [(Some(7), "--example fleet -- --seed 7"), (None, "--example fleet --")]
        {
            let shown = command(&Options { seed }, &context).to_string();
            assert!(shown.ends_with(end), "{shown}");
        }
    }
}

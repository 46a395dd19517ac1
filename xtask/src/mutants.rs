//! The command `cargo xtask mutants`: faults planted by cargo-mutants, which the tests must notice.
//!
//! What survives and has a reason is listed in `.cargo/mutants.toml`; any other survivor fails.

use anyhow::Result;
use clap::Args;
use xshell::cmd;

use crate::context::Context;
use crate::crates::{CORE, FACADE, HOST, HYPER, ISAHC, TRANSPORT};
use crate::install::CargoTool;
use crate::shell;

const CARGO_MUTANTS: CargoTool =
    CargoTool { name: "cargo-mutants", version: "27.1.0", ask: &["mutants"] };
/// The adapters' own tests contain the conformance suite.
const PACKAGES: [&str; 6] = [HOST, CORE, TRANSPORT, HYPER, ISAHC, FACADE];

/// Plant faults in the code, one at a time, and fail if no test notices
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Only one part of the faults, such as 1/25
    #[arg(long)]
    shard: Option<String>,
    /// Only these packages [default: host, core, transport, the adapters, the facade]
    #[arg(long, short, value_parser = PACKAGES)]
    package: Vec<String>,
}

pub(crate) fn run(options: &Options, context: &Context) -> Result<()> {
    let program = CARGO_MUTANTS.find_or_install(context)?;
    let all: Vec<_> = PACKAGES.map(str::to_owned).into();
    let packages = if options.package.is_empty() { all } else { options.package.clone() };
    let packages = packages.into_iter().flat_map(|name| ["--package".to_owned(), name]);
    let shard = options.shard.iter().flat_map(|shard| ["--shard", shard.as_str()]);
    let output = context.workspace.target.join("mutants");
    context.sh.create_dir(&output)?;
    let cmd = cmd!(context.sh, "{program} mutants {packages...} {shard...} --output {output}");
    // One target folder, so that the next run finds the dependencies compiled.
    shell::run(cmd.env("CARGO_TARGET_DIR", output.join("target")))
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_survivor_has_its_reason() {
        let list = include_str!("../../.cargo/mutants.toml");
        let (_, list) = list.split_once("exclude_re = [").unwrap();
        let mut reason = false;
        for line in list.lines().map(str::trim).filter(|line| !line.is_empty()) {
            assert!(reason || !line.starts_with('"'), "{line} has no comment above it");
            reason = line.starts_with('#') || line.starts_with('"');
        }
    }
}

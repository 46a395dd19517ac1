//! The command `cargo xtask soak`: minutes of callers against a service that misbehaves.

use anyhow::{Result, ensure};
use clap::Args;
use xshell::{Cmd, cmd};

use crate::context::Context;
use crate::crates::END_TO_END;
use crate::shell;

const TRANSPORTS: [&str; 2] = ["hyper", "isahc"];
/// Per transport: the least, and what a run needs to meet every fault.
const MINUTES: (u64, u64) = (1, 4);
const MOST_MINUTES: u64 = 60;

/// Let hundreds of callers use a service that misbehaves, and check five promises
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Minutes in all, 60 at most [default: 4 per transport, 1 at least].
    /// With fewer than 4, the run does not wait until a refusal is forgotten
    #[arg(long)]
    minutes: Option<u64>,
    /// Transport to soak
    #[arg(long, value_parser = ["hyper", "isahc", "both"], default_value = "both")]
    transport: String,
    /// Repeat the faults of the run that printed this seed
    #[arg(long)]
    seed: Option<u64>,
}

pub(crate) fn run(options: &Options, context: &Context) -> Result<()> {
    // A process for each, so that neither is measured with what the other left. The second runs
    // even if the first broke a promise.
    let failed: Vec<_> = commands(options, context)?
        .into_iter()
        .filter_map(|cmd| shell::run(cmd).err())
        .map(|error| format!("{error:#}"))
        .collect();
    ensure!(failed.is_empty(), failed.join("; "));
    Ok(())
}

fn commands<'a>(options: &Options, context: &'a Context) -> Result<Vec<Cmd<'a>>> {
    let wanted = |name: &&str| options.transport == "both" || options.transport == *name;
    let transports: Vec<_> = TRANSPORTS.into_iter().filter(wanted).collect();
    let count = transports.len() as u64;
    let (least, usual) = (MINUTES.0 * count, MINUTES.1 * count);
    let minutes = options.minutes.unwrap_or(usual);
    ensure!((least..=MOST_MINUTES).contains(&minutes), "--minutes: {least} to {MOST_MINUTES}");
    let minutes = (minutes / count).to_string();
    let seed = options.seed.map(|seed| format!("--seed={seed}"));
    let soak = |transport| {
        cmd!(context.sh, "cargo run --locked --quiet --release -p {END_TO_END} --bin soak --")
            .args(["--transport", transport, "--minutes", &minutes])
            .args(seed.iter())
    };
    Ok(transports.into_iter().map(soak).collect())
}

#[cfg(test)]
mod tests {
    use xshell::Shell;

    use super::*;

    fn shown(minutes: Option<u64>, transport: &str) -> Result<Vec<String>> {
        let context = Context::new(Shell::new().unwrap(), Default::default());
        let options = Options { minutes, transport: transport.to_owned(), seed: Some(12) };
        let commands = commands(&options, &context)?;
        Ok(commands.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn each_transport_has_its_share_of_the_minutes() {
        let both = shown(Some(20), "both").unwrap();
        assert!(both[0].ends_with("--release -p easemob-token-end-to-end --bin soak -- --transport hyper --minutes 10 --seed=12"), "{both:?}");
        assert!(both[1].contains("isahc --minutes 10"), "{both:?}");
        assert!(shown(None, "isahc").unwrap()[0].contains("isahc --minutes 4"));
    }

    #[test]
    fn a_run_that_is_too_long_or_too_short_is_refused() {
        assert!(shown(Some(61), "both").is_err());
        assert!(shown(Some(1), "both").unwrap_err().to_string().contains("2 to 60"));
    }
}

//! The command `cargo xtask soak`: minutes of callers and of a service that misbehaves.

use std::process::ExitCode;

use crate::command::Tool;
use crate::context::run_in_root;
use crate::failure::Failure;

const TRANSPORTS: &[&str] = &["hyper", "isahc"];

/// The least for one transport, what it needs to meet everything, and the most that a run may take in
/// all.
const FEWEST_MINUTES: u64 = 1;
const USUAL_MINUTES: u64 = 4;
const MOST_MINUTES: u64 = 60;

/// Which transports are soaked, and for how long.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Options {
    transports: &'static [&'static str],
    /// In all: each transport has its share.
    minutes: u64,
    /// Another one each time unless given; it is printed.
    seed: Option<u64>,
}

impl Options {
    /// Reads what follows the word `soak`; `None` where help is asked for.
    pub(crate) fn read(parser: &mut lexopt::Parser) -> Result<Option<Self>, String> {
        use lexopt::prelude::{Long, Short, ValueExt as _};

        let (mut transports, mut minutes, mut seed) = (TRANSPORTS, None, None);
        let text = |error: lexopt::Error| error.to_string();
        while let Some(arg) = parser.next().map_err(text)? {
            match arg {
                Short('h') | Long("help") => return Ok(None),
                Long("minutes") => {
                    minutes = Some(parser.value().and_then(|value| value.parse()).map_err(text)?);
                }
                Long("seed") => {
                    seed = Some(parser.value().and_then(|value| value.parse()).map_err(text)?);
                }
                Long("transport") => {
                    transports = named(&parser.value().map_err(text)?.to_string_lossy())?;
                }
                other => return Err(other.unexpected().to_string()),
            }
        }
        let count = transports.len() as u64;
        let fewest = FEWEST_MINUTES * count;
        let minutes = minutes.unwrap_or(USUAL_MINUTES * count);
        if !(fewest..=MOST_MINUTES).contains(&minutes) {
            return Err(format!(
                "--minutes: {fewest} to {MOST_MINUTES} for {}",
                transports.join(" and ")
            ));
        }
        Ok(Some(Self { transports, minutes: minutes / count, seed }))
    }
}

fn named(name: &str) -> Result<&'static [&'static str], String> {
    if name == "both" {
        return Ok(TRANSPORTS);
    }
    TRANSPORTS
        .chunks(1)
        .find(|transport| transport[0] == name)
        .ok_or_else(|| format!("no transport is named `{name}`; there are: hyper, isahc, both"))
}

pub(crate) fn help() -> String {
    format!(
        "\
Lets hundreds of callers ask a service that fails, hangs, lies, goes away and comes back, counts what
they get and what the service sees, and fails where a promise was broken.

Usage: cargo xtask soak [--minutes N] [--transport hyper|isahc|both] [--seed S]

Options:
  --minutes N     in all, at most {MOST_MINUTES}; {USUAL_MINUTES} for each transport unless given, {FEWEST_MINUTES} at least.
                  With fewer than {USUAL_MINUTES}, no refusal is waited for to be forgotten
  --transport T   hyper, isahc, or one after the other (both)
  --seed S        the same faults in the same order; what a run with another seed printed
  -h, --help      this text
"
    )
}

pub(crate) fn run(options: &Options) -> ExitCode {
    run_in_root(|_| run_all(options))
}

fn run_all(options: &Options) -> Result<(), Failure> {
    // A process for each, so that neither is weighed with what the other left; and both, so that the
    // second is heard where the first breaks a promise.
    let failed: Vec<_> = options
        .transports
        .iter()
        .filter_map(|transport| soak(options, transport).run().err())
        .map(|failure| failure.to_string())
        .collect();
    if failed.is_empty() { Ok(()) } else { Err(Failure::new(failed.join("; "))) }
}

fn soak(options: &Options, transport: &str) -> Tool {
    let mut tool = Tool::parse(
        "cargo run --locked --quiet --release -p easemob-token-end-to-end --bin soak --",
    )
    .arg("--transport")
    .arg(transport)
    .arg("--minutes")
    .arg(options.minutes.to_string());
    if let Some(seed) = options.seed {
        tool = tool.arg("--seed").arg(seed.to_string());
    }
    tool
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&str]) -> Result<Option<Options>, String> {
        Options::read(&mut lexopt::Parser::from_args(words))
    }

    #[test]
    fn both_transports_have_their_share_of_the_minutes() {
        let options = read(&[]).unwrap().unwrap();
        assert_eq!((options.transports, options.minutes), (TRANSPORTS, 4));
        let options = read(&["--transport", "both", "--minutes", "20"]).unwrap().unwrap();
        assert_eq!((options.transports, options.minutes), (TRANSPORTS, 10));
        let options = read(&["--transport", "isahc", "--minutes", "20"]).unwrap().unwrap();
        assert_eq!((options.transports, options.minutes), (&["isahc"][..], 20));
    }

    #[test]
    fn a_run_is_repeated_by_its_seed_in_release_mode() {
        let options = read(&["--transport", "hyper", "--seed", "12"]).unwrap().unwrap();
        let shown = soak(&options, "hyper").to_string();
        assert!(shown.contains("--release"), "{shown}");
        assert!(shown.ends_with("-- --transport hyper --minutes 4 --seed 12"), "{shown}");
    }

    #[test]
    fn a_run_without_end_and_an_unknown_transport_are_refused() {
        assert!(read(&["--minutes", "61"]).unwrap_err().contains("60"));
        assert!(read(&["--minutes", "1"]).unwrap_err().contains("2 to 60"));
        assert!(read(&["--transport", "reqwest"]).unwrap_err().contains("isahc"));
        assert!(read(&["--help"]).unwrap().is_none());
    }
}

//! The command line of the soak, and of the service that it starts from its own program.

use std::time::Duration;

use easemob_token::hyper::HyperTransport;
use easemob_token::isahc::IsahcTransport;
use easemob_token::{Client, ClientBuilder, ConfigError};

use crate::plan::Plan;

pub(crate) const USAGE: &str =
    "usage: soak --transport hyper|isahc [--minutes N] [--short] [--seed S]";

/// What the program is started for.
#[derive(Debug)]
pub(crate) enum Request {
    Run(Options),
    /// The service, in a process of its own.
    Serve {
        listen: String,
    },
}

#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) transport: Transport,
    pub(crate) plan: Plan,
    pub(crate) seed: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transport {
    Hyper,
    Isahc,
}

impl Request {
    pub(crate) fn read(mut parser: lexopt::Parser) -> Result<Self, lexopt::Error> {
        use lexopt::prelude::{Long, Value, ValueExt as _};

        let (mut transport, mut minutes, mut short, mut seed) = (None, 4_u64, false, None);
        while let Some(argument) = parser.next()? {
            match argument {
                Value(word) if word == "serve" => {
                    return Ok(Self::Serve { listen: parser.value()?.parse()? });
                }
                Long("transport") => {
                    transport = Some(parser.value()?.parse_with(Transport::named)?);
                }
                Long("minutes") => minutes = parser.value()?.parse()?,
                Long("short") => short = true,
                Long("seed") => seed = Some(parser.value()?.parse()?),
                other => return Err(other.unexpected()),
            }
        }
        let transport = transport.ok_or("--transport: missing")?;
        // Not all 64 bits: the seed is typed again by hand.
        let seed = seed.unwrap_or_else(|| fastrand::u64(..1_000_000_000_000));
        let plan = if short {
            Plan::short()
        } else {
            let time = Duration::from_secs(minutes.saturating_mul(60));
            Plan::lasting(time, seed).ok_or("--minutes: 1 to 60")?
        };
        Ok(Self::Run(Options { transport, plan, seed }))
    }
}

impl Transport {
    fn named(name: &str) -> Result<Self, String> {
        match name {
            "hyper" => Ok(Self::Hyper),
            "isahc" => Ok(Self::Isahc),
            _ => Err("there are: hyper, isahc".to_owned()),
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Hyper => "hyper",
            Self::Isahc => "isahc",
        }
    }

    pub(crate) fn client(self) -> Result<ClientBuilder, ConfigError> {
        Ok(match self {
            Self::Hyper => Client::builder().transport(HyperTransport::new()),
            Self::Isahc => Client::builder().transport(IsahcTransport::new()?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&str]) -> Result<Request, String> {
        Request::read(lexopt::Parser::from_args(words)).map_err(|error| error.to_string())
    }

    #[test]
    fn a_run_is_read_with_its_transport_and_its_seed() {
        let read = read(&["--transport", "isahc", "--minutes", "4", "--seed", "7"]).unwrap();
        let Request::Run(options) = read else { panic!("{read:?}") };
        assert_eq!((options.transport, options.seed), (Transport::Isahc, 7));
        assert_eq!(options.plan.length(), Duration::from_secs(240));
    }

    #[test]
    fn a_run_without_end_or_without_a_transport_is_refused() {
        assert!(read(&["--transport", "hyper", "--minutes", "61"]).unwrap_err().contains("60"));
        assert!(read(&["--transport", "hyper", "--minutes", "0"]).is_err());
        assert!(read(&["--transport", "both"]).unwrap_err().contains("isahc"));
        assert!(read(&[]).unwrap_err().contains("--transport"));
    }
}

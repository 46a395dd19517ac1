//! Command-line arguments of the soak, and of the service that it starts from its own program.

use clap::{Parser, ValueEnum, value_parser};
use easemob_token::hyper::HyperTransport;
use easemob_token::isahc::IsahcTransport;
use easemob_token::{Client, ClientBuilder, ConfigError};

use crate::plan::Plan;

#[derive(Debug, Parser)]
#[command(about = "Run hundreds of callers against a misbehaving service and judge five promises")]
pub(crate) struct Options {
    /// The transport of the clients
    #[arg(long, value_enum, default_value = "hyper")]
    pub(crate) transport: Transport,
    /// The length of the run
    #[arg(long, default_value_t = 4, value_parser = value_parser!(u64).range(1..=60))]
    pub(crate) minutes: u64,
    /// Run for some seconds, as a test of the soak itself
    #[arg(long)]
    pub(crate) short: bool,
    /// The seed of everything random [default: random]
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// Serve at this address for another process of this program
    #[arg(long, hide = true, value_name = "ADDRESS")]
    pub(crate) serve: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Transport {
    Hyper,
    Isahc,
}

impl Options {
    pub(crate) fn plan(&self, seed: u64) -> Plan {
        if self.short { Plan::short() } else { Plan::lasting(self.minutes, seed) }
    }
}

impl Transport {
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

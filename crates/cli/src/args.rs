//! Command-line arguments.

#![expect(
    clippy::doc_markdown,
    reason = "these doc comments are the help text, shown as they stand"
)]

use std::time::Duration;

use clap::{Parser, Subcommand, ValueEnum};
use easemob_token::environment;

use crate::completions::CompletionsArgs;
use crate::emulate::EmulatorArgs;
use crate::man::ManArgs;
use crate::option_args::{
    DoctorArgs, DynamicArgs, InspectArgs, OptionArgs, PasswordArgs, ReportFormatArgs, TokenArgs,
};
use crate::out::OutArgs;
use crate::store::StoreArgs;
use crate::usage::Problem;
use crate::users::UserArgs;

/// Get Easemob (环信) IM tokens
#[derive(Parser)]
#[command(name = "easemob-token", version, override_usage = "easemob-token [OPTIONS] <COMMAND>")]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Get an app token (grant client_credentials)
    App {
        #[command(flatten)]
        options: Box<TokenArgs>,
        #[command(flatten)]
        store: StoreArgs,
        #[command(flatten)]
        out: OutArgs,
    },
    /// Get user tokens by user ID, fetching the app token first (grant inherit)
    User {
        #[command(flatten)]
        users: UserArgs,
        #[command(flatten)]
        options: Box<TokenArgs>,
        #[command(flatten)]
        store: StoreArgs,
        #[command(flatten)]
        out: OutArgs,
    },
    /// Get a user token by user ID and password (grant password)
    Password {
        #[command(flatten)]
        user: UserIdArgs,
        #[command(flatten)]
        out: OutArgs,
        #[command(flatten)]
        password: PasswordArgs,
        #[command(flatten)]
        options: Box<TokenArgs>,
    },
    /// Make a dynamic user token locally; nothing is sent
    Dynamic {
        #[command(flatten)]
        user: UserIdArgs,
        #[command(flatten)]
        out: OutArgs,
        #[command(flatten)]
        options: DynamicArgs,
    },
    /// Decode a token offline
    Inspect {
        /// The token, or any text that holds it; read from standard input if absent or "-"
        token: Option<String>,
        /// Accept this difference of clocks at both ends of a dynamic token's life; 0s compares exactly
        #[arg(long, value_name = "DURATION", value_parser = leeway, default_value = "60s")]
        leeway: Duration,
        /// Exit with 3 if the token is expired or faulty
        #[arg(long)]
        check: bool,
        #[command(flatten)]
        options: InspectArgs,
    },
    /// Check the settings, the network and the credentials, step by step
    Doctor {
        /// Also get a token of this user
        #[arg(value_name = "ID")]
        user: Option<String>,
        #[command(flatten)]
        options: Box<DoctorArgs>,
    },
    /// Run an emulator of the token service, until interrupted or around a command
    Emulator(Box<EmulatorArgs>),
    /// Show every grant over every transport compiled in, against the emulator
    Demo,
    /// Print a shell completion script
    Completions(CompletionsArgs),
    /// Print a manual page, or write all of them to a folder
    Man(ManArgs),
    /// Print the version, its commit, and the libraries of each transport
    Version(ReportFormatArgs),
}

/// The user of a command for one.
#[derive(clap::Args)]
pub(crate) struct UserIdArgs {
    /// The user ID
    #[arg(value_name = "ID", required_unless_present = "username")]
    id: Option<String>,
    /// The user ID
    #[arg(long, value_name = "ID", conflicts_with = "id")]
    username: Option<String>,
}

impl UserIdArgs {
    pub(crate) fn user_id(self) -> String {
        // The parser requires one of them.
        self.id.or(self.username).unwrap_or_default()
    }
}

impl Command {
    /// Takes the options that several commands have.
    pub(crate) fn take_options(&mut self) -> OptionArgs {
        use std::mem::take;

        match self {
            Self::App { options, .. } | Self::User { options, .. } => take(&mut **options).into(),
            Self::Doctor { options, .. } => take(&mut **options).into(),
            Self::Password { password, options, .. } => {
                OptionArgs { password: take(password), ..take(&mut **options).into() }
            }
            Self::Dynamic { options, .. } => take(options).into(),
            Self::Inspect { options, .. } => take(options).into(),
            Self::Emulator(args) => take(&mut args.options).into(),
            Self::Version(args) => OptionArgs { format: args.format, ..OptionArgs::default() },
            Self::Demo | Self::Completions(_) | Self::Man(_) => OptionArgs::default(),
        }
    }
}

/// Output format.
#[derive(Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// The token alone
    #[default]
    Text,
    /// One JSON object
    Json,
    /// Lines for a shell or a .env file: EASEMOB_TOKEN=…
    Env,
    /// A header field: Authorization: Bearer …
    Header,
}

impl Format {
    /// The formats of an output that is no token.
    pub(crate) const REPORT: [Self; 2] = [Self::Text, Self::Json];
}

/// Transports, compiled in or not.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TransportName {
    /// hyper and rustls
    Hyper,
    /// isahc, which is libcurl
    Isahc,
}

/// A leeway for clocks, which can be zero.
fn leeway(text: &str) -> Result<Duration, Problem> {
    environment::parse_duration("--leeway", environment::trim(text))
        .map_err(|_| Problem("is not a time; write 60s, or 0s for none"))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn a_leeway_can_be_zero() {
        assert_eq!(leeway("0s").unwrap(), Duration::ZERO);
        assert!(leeway("-1").is_err());
    }
}

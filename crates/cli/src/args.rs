//! Command-line arguments.

#![expect(
    clippy::doc_markdown,
    reason = "these doc comments are the help text, shown as they stand"
)]

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Parser, Subcommand, ValueEnum};
use easemob_token::environment;

use crate::emulate::EmulatorArgs;
use crate::out::OutArgs;
use crate::store::StoreArgs;
use crate::usage::Problem;

/// Get Easemob (环信) IM tokens
#[derive(Parser)]
#[command(
    name = "easemob-token",
    version,
    after_help = "Secrets come from the environment (EASEMOB_CLIENT_SECRET, EASEMOB_PASSWORD), a \
                  file or standard input, never from an argument.\n\
                  For a first look, run: easemob-token demo"
)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) options: OptionArgs,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Get an app token (grant client_credentials)
    App {
        #[command(flatten)]
        store: StoreArgs,
        #[command(flatten)]
        out: OutArgs,
    },
    /// Get a user token by user ID, fetching the app token first (grant inherit)
    User {
        /// The user ID
        #[arg(long = "username", value_name = "ID")]
        user_id: String,
        /// Create the user if it does not exist
        #[arg(long)]
        create: bool,
        #[command(flatten)]
        store: StoreArgs,
        #[command(flatten)]
        out: OutArgs,
    },
    /// Get a user token by user ID and password (grant password)
    Password {
        /// The user ID
        #[arg(long = "username", value_name = "ID")]
        user_id: String,
        #[command(flatten)]
        out: OutArgs,
    },
    /// Make a dynamic user token locally; nothing is sent
    Dynamic {
        /// The user ID
        #[arg(long = "username", value_name = "ID")]
        user_id: String,
        #[command(flatten)]
        out: OutArgs,
    },
    /// Decode a token offline
    Inspect {
        /// The token, or any text that holds it; read from standard input if absent or "-"
        token: Option<String>,
        /// Accept this difference of clocks at both ends of a dynamic token's life; 0s compares exactly
        #[arg(long, value_name = "DURATION", value_parser = leeway, default_value = "60s")]
        leeway: Duration,
    },
    /// Run an emulator of the token service, until interrupted or around a command
    Emulator(Box<EmulatorArgs>),
    /// Show every grant over every transport compiled in, against the emulator
    Demo,
    /// Print a shell completion script
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// Options of every command as they are written; `Options` has their values.
#[derive(Default, clap::Args)]
#[command(next_help_heading = "Options, before or after the command")]
pub(crate) struct OptionArgs {
    /// Set the base URL of the cluster's REST API, e.g. https://a1.easemob.com
    /// [env: EASEMOB_BASE_URL]
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) base_url: Option<String>,
    /// Set the App Key [env: EASEMOB_APP_KEY, or EASEMOB_ORG_NAME and EASEMOB_APP_NAME]
    #[arg(long, global = true, value_name = "ORG#APP")]
    pub(crate) app_key: Option<String>,
    /// Set the app's client ID [env: EASEMOB_CLIENT_ID]
    #[arg(long, global = true, value_name = "ID")]
    pub(crate) client_id: Option<String>,
    /// Read the client secret from a file ("-": standard input)
    /// [env: EASEMOB_CLIENT_SECRET_FILE, or EASEMOB_CLIENT_SECRET with it]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) client_secret_file: Option<PathBuf>,
    /// Read the password from a file ("-": standard input), or prompt for it
    /// [env: EASEMOB_PASSWORD_FILE, or EASEMOB_PASSWORD with it]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,
    /// Request this lifetime: 30s, 12h, 60d, a bare number of seconds, "permanent", "default"
    /// [env: EASEMOB_TTL]
    #[arg(long, global = true, allow_negative_numbers = true)]
    pub(crate) ttl: Option<String>,
    /// Set the unit on the wire: seconds, milliseconds (VIP 5), or
    /// "request=…,response=…" [default: seconds] [env: EASEMOB_TTL_UNIT]
    #[arg(long, global = true, value_name = "UNIT")]
    pub(crate) ttl_unit: Option<String>,
    /// Choose the HTTP transport [default: the first one compiled in] [env: EASEMOB_TRANSPORT]
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) transport: Option<TransportName>,
    /// Limit the time of one request [default: 10s] [env: EASEMOB_TIMEOUT]
    #[arg(long, global = true, value_name = "DURATION", allow_negative_numbers = true)]
    pub(crate) timeout: Option<String>,
    /// Limit the time of the whole command [default: 20s] [env: EASEMOB_DEADLINE]
    #[arg(long, global = true, value_name = "DURATION", allow_negative_numbers = true)]
    pub(crate) deadline: Option<String>,
    /// Limit the requests per token, retries included [default: 3] [env: EASEMOB_MAX_ATTEMPTS]
    #[arg(long, global = true, value_name = "N", allow_negative_numbers = true)]
    pub(crate) max_attempts: Option<String>,
    /// Trust these root certificates instead of the system's ("-": standard input)
    /// [env: EASEMOB_CA_FILE]
    #[arg(long, global = true, value_name = "PEM")]
    pub(crate) ca_file: Option<PathBuf>,
    /// Trust these root certificates beside the others ("-": standard input)
    /// [env: EASEMOB_ADD_CA_FILE]
    #[arg(long, global = true, value_name = "PEM")]
    pub(crate) add_ca_file: Option<PathBuf>,
    /// Send this User-Agent [default: easemob-token and the version] [env: EASEMOB_USER_AGENT]
    #[arg(long, global = true, value_name = "TEXT")]
    pub(crate) user_agent: Option<String>,
    /// Use a proxy: none, env (HTTPS_PROXY, NO_PROXY), or a URL without a password
    /// [default: none] [env: EASEMOB_PROXY]
    #[arg(long, global = true, value_name = "PROXY")]
    pub(crate) proxy: Option<String>,
    /// Allow http:// to hosts that are not loopback; secrets are then sent unencrypted
    /// [env: EASEMOB_ALLOW_HTTP=1]
    #[arg(long, global = true)]
    pub(crate) allow_http: bool,
    /// Send the app token with the password grant [env: EASEMOB_AUTHORIZE_PASSWORD=1]
    #[arg(long, global = true)]
    pub(crate) authorize_password: bool,
    /// Choose the output format [default: text] [env: EASEMOB_FORMAT]
    #[arg(long, global = true, value_name = "FORMAT")]
    pub(crate) format: Option<Format>,
    /// Print what is sent on standard error, without secrets; -vv with masked heads and bodies
    #[arg(short, long, global = true, conflicts_with = "quiet", action = ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Print nothing but errors and warnings of a wrong setting on standard error
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
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
    fn options_go_before_and_after_the_command() {
        for words in [
            ["easemob-token", "--format", "json", "app"],
            ["easemob-token", "app", "--format", "json"],
        ] {
            assert!(Args::parse_from(words).options.format == Some(Format::Json));
        }
    }

    #[test]
    fn a_leeway_can_be_zero() {
        assert_eq!(leeway("0s").unwrap(), Duration::ZERO);
        assert!(leeway("-1").is_err());
    }
}

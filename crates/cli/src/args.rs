//! Command-line arguments.

#![expect(
    clippy::doc_markdown,
    reason = "these doc comments are the help text, shown as they stand"
)]

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand, ValueEnum};
use easemob_token::{Ttl, TtlUnits};

use crate::time;

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
    pub(crate) options: Options,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Get an app token (grant client_credentials)
    App,
    /// Get a user token by user ID, fetching the app token first (grant inherit)
    User {
        /// The user ID
        #[arg(long = "username", value_name = "ID")]
        user_id: String,
        /// Create the user if it does not exist
        #[arg(long)]
        create: bool,
    },
    /// Get a user token by user ID and password (grant password)
    Password {
        /// The user ID
        #[arg(long = "username", value_name = "ID")]
        user_id: String,
    },
    /// Make a dynamic user token locally; nothing is sent
    Dynamic {
        /// The user ID
        #[arg(long = "username", value_name = "ID")]
        user_id: String,
    },
    /// Decode a token offline
    Inspect {
        /// The token, or any text that holds it; read from standard input if absent or "-"
        token: Option<String>,
        /// Accept this difference of clocks at both ends of a dynamic token's life; 0s compares exactly
        #[arg(long, value_name = "DURATION", value_parser = time::leeway, default_value = "60s")]
        leeway: Duration,
    },
    /// Run an emulator of the token service until interrupted
    Emulator {
        /// Listen on this address; port 0 takes a free port
        #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:0")]
        listen: String,
        /// Add a user; repeatable [default: the demo user c:1]
        #[arg(long = "user", value_name = "ID:PASSWORD", value_parser = pair)]
        users: Vec<(String, String)>,
        /// Add client credentials of the app; repeatable [default: the demo credentials]
        #[arg(long = "client", value_name = "ID:SECRET", value_parser = pair)]
        clients: Vec<(String, String)>,
    },
    /// Show every grant over every transport compiled in, against the emulator
    Demo,
    /// Print a shell completion script
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// Options of every command.
#[derive(clap::Args)]
#[command(next_help_heading = "Options, before or after the command")]
pub(crate) struct Options {
    /// Set the base URL of the cluster's REST API, e.g. https://a1.easemob.com
    #[arg(long, global = true, value_name = "URL", env = "EASEMOB_BASE_URL")]
    pub(crate) base_url: Option<String>,
    /// Set the App Key
    #[arg(long, global = true, value_name = "ORG#APP", env = "EASEMOB_APP_KEY")]
    pub(crate) app_key: Option<String>,
    /// Set the app's client ID
    #[arg(long, global = true, value_name = "ID", env = "EASEMOB_CLIENT_ID")]
    pub(crate) client_id: Option<String>,
    /// Read the client secret from a file, "-" for standard input [env: EASEMOB_CLIENT_SECRET
    /// holds the secret itself]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) client_secret_file: Option<PathBuf>,
    /// Read the user's password from a file ("-": standard input), or prompt for it
    /// [env: EASEMOB_PASSWORD holds the password]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,
    /// Request this lifetime: 30s, 12h, 60d, a bare number of seconds, "permanent", "default"
    #[arg(long, global = true, value_parser = time::ttl, default_value = "default")]
    pub(crate) ttl: Ttl,
    /// Set the unit of lifetimes on the wire: seconds, milliseconds (VIP 5), or
    /// "request=…,response=…"
    #[arg(
        long,
        global = true,
        value_name = "UNIT",
        env = "EASEMOB_TTL_UNIT",
        default_value = "seconds"
    )]
    pub(crate) ttl_unit: TtlUnits,
    /// Choose the HTTP transport
    #[arg(
        long,
        global = true,
        value_name = "NAME",
        env = "EASEMOB_TRANSPORT",
        default_value = "hyper"
    )]
    pub(crate) transport: TransportName,
    /// Limit the time of one request
    #[arg(long, global = true, value_name = "DURATION", value_parser = time::limit, default_value = "10s")]
    pub(crate) timeout: Duration,
    /// Limit the time of the whole command
    #[arg(long, global = true, value_name = "DURATION", value_parser = time::limit, default_value = "20s")]
    pub(crate) deadline: Duration,
    /// Limit the requests per token, retries included
    #[arg(long, global = true, value_name = "N", default_value = "3")]
    pub(crate) max_attempts: NonZeroU32,
    /// Trust the root certificates in this file instead of the system's, "-" for standard input
    #[arg(long, global = true, value_name = "PEM")]
    pub(crate) ca_file: Option<PathBuf>,
    /// Use a proxy: none, env (HTTPS_PROXY, NO_PROXY), or a URL without a password
    #[arg(long, global = true, value_name = "PROXY", default_value = "none")]
    pub(crate) proxy: String,
    /// Allow http:// to hosts that are not loopback; secrets are then sent unencrypted
    #[arg(long, global = true)]
    pub(crate) allow_http: bool,
    /// Send the app token with the password grant
    #[arg(long, global = true)]
    pub(crate) authorize_password: bool,
    /// Choose the output format
    #[arg(long, global = true, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: Format,
    /// Print requests and responses on standard error, without secrets
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    pub(crate) verbose: bool,
    /// Print nothing but errors and warnings of a wrong setting on standard error
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
}

/// Output format.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// The token alone
    Text,
    /// One JSON object
    Json,
}

/// Transports, compiled in or not.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TransportName {
    /// hyper and rustls
    Hyper,
    /// isahc, which is libcurl
    Isahc,
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once(':') {
        Some((id, secret)) if !id.is_empty() && !secret.is_empty() => {
            Ok((id.to_owned(), secret.to_owned()))
        }
        _ => Err("has no colon between two parts; write ID:SECRET".to_owned()),
    }
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
            assert!(Args::parse_from(words).options.format == Format::Json);
        }
    }

    #[test]
    fn no_option_takes_a_secret() {
        for word in ["--password", "--client-secret"] {
            assert!(Args::try_parse_from(["easemob-token", "app", word, "x"]).is_err(), "{word}");
        }
    }

    #[test]
    fn a_pair_has_two_parts() {
        assert_eq!(pair("c:1:2"), Ok(("c".to_owned(), "1:2".to_owned())));
        for bad in ["c", ":1", "c:", ""] {
            assert!(pair(bad).is_err(), "{bad}");
        }
    }
}

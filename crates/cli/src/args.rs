//! The words of the command line, and what they may be.

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

/// Easemob (环信) IM tokens from the shell.
#[derive(Parser)]
#[command(
    name = "easemob-token",
    version,
    after_help = "Secrets come from the environment (EASEMOB_CLIENT_SECRET, EASEMOB_PASSWORD), a \
                  file or standard input, never from an argument.\n\
                  New here? Run: easemob-token demo"
)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) options: Options,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Get an app token, for the app server itself (grant client_credentials)
    App,
    /// Get a user token by user ID; fetches the app token that it needs (grant inherit)
    User {
        /// The user ID
        #[arg(long, value_name = "ID")]
        username: String,
        /// Create the user where there is none
        #[arg(long)]
        create: bool,
    },
    /// Get a user token by user ID and password (grant password)
    Password {
        /// The user ID
        #[arg(long, value_name = "ID")]
        username: String,
    },
    /// Make a dynamic user token on this machine; nothing is sent
    Dynamic {
        /// The user ID
        #[arg(long, value_name = "ID")]
        username: String,
    },
    /// Tell what an app, user or dynamic token says of itself; nothing is sent
    Inspect {
        /// The token; from standard input where absent or "-"
        token: Option<String>,
    },
    /// Serve a stand-in for the token service on this machine, until interrupted
    Emulator {
        /// Where to listen; port 0 takes a free one
        #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:0")]
        listen: String,
        /// A user who may log in; may be repeated [default: the demo user c:1]
        #[arg(long = "user", value_name = "ID:PASSWORD", value_parser = pair)]
        users: Vec<(String, String)>,
        /// Client credentials of the app; may be repeated [default: the demo credentials]
        #[arg(long = "client", value_name = "ID:SECRET", value_parser = pair)]
        clients: Vec<(String, String)>,
    },
    /// Show every grant once, on every transport compiled in, against a stand-in service inside
    Demo,
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// What goes for every command, before or after its name.
#[derive(clap::Args)]
#[command(next_help_heading = "Options, before or after the command")]
pub(crate) struct Options {
    /// The cluster's REST API, e.g. https://a1.easemob.com
    #[arg(long, global = true, value_name = "URL", env = "EASEMOB_BASE_URL")]
    pub(crate) base_url: Option<String>,
    /// The App Key
    #[arg(long, global = true, value_name = "ORG#APP", env = "EASEMOB_APP_KEY")]
    pub(crate) app_key: Option<String>,
    /// The app's client ID
    #[arg(long, global = true, value_name = "ID", env = "EASEMOB_CLIENT_ID")]
    pub(crate) client_id: Option<String>,
    /// A file that holds the client secret, "-" for standard input [env: EASEMOB_CLIENT_SECRET
    /// holds the secret itself]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) client_secret_file: Option<PathBuf>,
    /// A file that holds the user's password, "-" for standard input [env: EASEMOB_PASSWORD holds
    /// the password itself]; asked for on a terminal
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,
    /// The lifetime to ask for: 30s, 12h, 60d, a bare number of seconds, "permanent", "default"
    #[arg(long, global = true, value_parser = time::ttl, default_value = "default")]
    pub(crate) ttl: Ttl,
    /// The unit on the wire: seconds, milliseconds (VIP 5), or "request=…,response=…"
    #[arg(
        long,
        global = true,
        value_name = "U",
        env = "EASEMOB_TTL_UNIT",
        default_value = "seconds"
    )]
    pub(crate) ttl_unit: TtlUnits,
    /// What carries the requests
    #[arg(
        long,
        global = true,
        value_name = "T",
        env = "EASEMOB_TRANSPORT",
        default_value = "hyper"
    )]
    pub(crate) transport: TransportName,
    /// The time for one attempt
    #[arg(long, global = true, value_name = "D", value_parser = time::limit, default_value = "10s")]
    pub(crate) timeout: Duration,
    /// The time for the whole command
    #[arg(long, global = true, value_name = "D", value_parser = time::limit, default_value = "20s")]
    pub(crate) deadline: Duration,
    /// The most requests for one token: the first, and those after a failure that may pass
    #[arg(long, global = true, value_name = "N", default_value = "3")]
    pub(crate) max_attempts: NonZeroU32,
    /// Trust the root certificates in this file instead of the system's, "-" for standard input
    #[arg(long, global = true, value_name = "PEM")]
    pub(crate) ca_file: Option<PathBuf>,
    /// The proxy: none, env (HTTPS_PROXY, NO_PROXY), or a URL without a password
    #[arg(long, global = true, value_name = "P", default_value = "none")]
    pub(crate) proxy: String,
    /// Permit http:// to hosts that are not loopback: secrets then travel in clear
    #[arg(long, global = true)]
    pub(crate) allow_http: bool,
    /// Send "Authorization: Bearer <app token>" with the password grant
    #[arg(long, global = true)]
    pub(crate) authorize_password: bool,
    /// The form of the output
    #[arg(long, global = true, value_name = "F", default_value = "text")]
    pub(crate) format: Format,
    /// Tell what is sent and what comes back, on standard error
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    pub(crate) verbose: bool,
    /// Say nothing on standard error but errors and warnings of a wrong setting
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
}

/// The form of the output.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// The token alone
    Text,
    /// One JSON object
    Json,
}

/// The transports that this command knows, compiled in or not.
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
        _ => Err("write it as two parts with a colon between".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_holds_together() {
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
    fn no_option_takes_a_secret_itself() {
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

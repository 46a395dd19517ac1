//! Arguments of the command `emulator`, as they are written.

#![expect(
    clippy::doc_markdown,
    reason = "these doc comments are the help text, shown as they stand"
)]

use std::ffi::OsString;
use std::path::PathBuf;

use crate::option_args::ServerArgs;

/// The options for the client of the environment, which counts only without other clients.
const CLIENT: [&str; 2] = ["client_id", "client_secret_file"];

/// Options of `emulator`; each is also a variable and a key of the configuration file.
#[derive(Default, clap::Args)]
#[command(
    next_help_heading = "Options of the emulator",
    after_help = "Each option is also a variable, such as EASEMOB_EMULATOR_REQUEST_LIMIT for \
                  --request-limit, and a key of the file of --config.",
    mut_arg("deadline", |arg| arg.help(
        "Limit the time for reading files and standard input at the start [default: 20s] \
         [env: EASEMOB_DEADLINE]"
    ))
)]
pub(crate) struct EmulatorArgs {
    /// Listen on this address; port 0 takes a free port [default: 127.0.0.1:0]
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) listen: Option<String>,
    /// Allow addresses that other machines can reach
    #[arg(long)]
    pub(crate) allow_remote: bool,
    /// Serve the control plane on this address, or nowhere ("none")
    /// [default: --listen's port, unless --allow-remote]
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) control: Option<String>,
    /// Accept this host name in control requests; repeatable [default: IP addresses and localhost]
    #[arg(long = "control-name", value_name = "NAME")]
    pub(crate) control_names: Vec<String>,
    /// Speak HTTPS, with a new certificate authority
    #[arg(long)]
    pub(crate) tls: bool,
    /// Write the certificate of that authority to this file
    #[arg(long, value_name = "PEM")]
    pub(crate) ca_out: Option<PathBuf>,
    /// Add this host name to the certificate; repeatable [default: loopback]
    #[arg(long = "tls-name", value_name = "NAME")]
    pub(crate) tls_names: Vec<String>,
    /// Add a user; repeatable [default: the demo user c:1]
    #[arg(long = "user", value_name = "ID:PASSWORD")]
    pub(crate) users: Vec<String>,
    /// Add the users of this file ("-": standard input): ID:PASSWORD, or ID alone, on each line
    #[arg(long, value_name = "FILE")]
    pub(crate) user_file: Option<PathBuf>,
    /// Add client credentials of the app; repeatable
    /// [default: EASEMOB_CLIENT_ID with its secret, or the demo credentials]
    #[arg(long = "client", value_name = "ID:SECRET", conflicts_with_all = CLIENT)]
    pub(crate) clients: Vec<String>,
    /// Add the client credentials of this file ("-": standard input): ID:SECRET on each line
    #[arg(long, value_name = "FILE", conflicts_with_all = CLIENT)]
    pub(crate) client_file: Option<PathBuf>,
    /// Give tokens this lifetime if a request has no ttl: 30s, 12h, 60d, "permanent" [default: 60d]
    #[arg(long, value_name = "TTL")]
    pub(crate) default_ttl: Option<String>,
    /// Set expires_in of a permanent token: usergrid_max, zero, negative, i64_max
    #[arg(long, value_name = "VALUE")]
    pub(crate) permanent_as: Option<String>,
    /// Limit the requests of each app within a second, or not ("none") [default: 300]
    #[arg(long, value_name = "N")]
    pub(crate) request_limit: Option<String>,
    /// Refuse larger bodies with 413 [default: 65536]
    #[arg(long, value_name = "BYTES")]
    pub(crate) body_limit: Option<String>,
    /// Refuse a second creation of a user within this time with 409 [default: 0s]
    #[arg(long, value_name = "DURATION")]
    pub(crate) creation_window: Option<String>,
    /// Require an app token in the password grant too
    #[arg(long)]
    pub(crate) password_needs_app_token: bool,
    /// Take only requests in the documented form: POST, JSON, its Content-Type
    #[arg(long)]
    pub(crate) strict: bool,
    /// Make an app for each unknown App Key that a request names, with its own state
    #[arg(long)]
    pub(crate) apps_on_demand: bool,
    /// Derive keys and IDs from this number, so that tokens outlive a restart [default: random]
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<String>,
    /// Answer to a banned user: refused, not_activated (a token)
    #[arg(long, value_name = "ANSWER")]
    pub(crate) banned_as: Option<String>,
    /// Store at most so many requests [default: 10000]
    #[arg(long, value_name = "N")]
    pub(crate) keep_requests: Option<String>,
    /// Store at most so many bytes of requests [default: 8388608]
    #[arg(long, value_name = "BYTES")]
    pub(crate) keep_bytes: Option<String>,
    /// Serve at most so many connections at once; more wait [default: 1000]
    #[arg(long, value_name = "N")]
    pub(crate) max_connections: Option<String>,
    /// Read options, apps, users, stubs and faults from this file (TOML)
    /// [env: EASEMOB_EMULATOR_CONFIG]
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// End when standard input is closed
    #[arg(long, conflicts_with = "command")]
    pub(crate) until_stdin_closes: bool,
    /// Ask the emulator that runs with these options for its health, and end
    #[arg(long, conflicts_with = "command")]
    pub(crate) health: bool,
    #[command(flatten)]
    pub(crate) options: ServerArgs,
    /// Run this command with EASEMOB_* set, and end with its exit code
    #[arg(last = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}

//! Options that several commands take, in groups: a command takes the groups that act on it.

#![expect(
    clippy::doc_markdown,
    reason = "these doc comments are the help text, shown as they stand"
)]

use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{ArgAction, Args};

use crate::args::{Format, TransportName};
use crate::profile::ConfigArgs;

/// Options of a command as they are written; those of groups that it does not take are absent.
#[derive(Default)]
pub(crate) struct OptionArgs {
    /// Absent for a command without profiles.
    pub(crate) config: Option<ConfigArgs>,
    pub(crate) service: ServiceArgs,
    pub(crate) app: AppArgs,
    pub(crate) password: PasswordArgs,
    pub(crate) lifetime: LifetimeArgs,
    pub(crate) unit: UnitArgs,
    pub(crate) limit: LimitArgs,
    pub(crate) max_attempts: Option<String>,
    pub(crate) format: Option<Format>,
    pub(crate) quiet: bool,
    pub(crate) verbose: u8,
}

/// The connection to the service.
#[derive(Default, Args)]
#[command(next_help_heading = "Connection")]
pub(crate) struct ServiceArgs {
    /// Set the base URL of the cluster's REST API, e.g. https://a1.easemob.com
    /// [env: EASEMOB_BASE_URL]
    #[arg(long, value_name = "URL")]
    pub(crate) base_url: Option<String>,
    /// Choose the HTTP transport [default: the first one compiled in] [env: EASEMOB_TRANSPORT]
    #[arg(long, value_name = "NAME")]
    pub(crate) transport: Option<TransportName>,
    /// Limit the time of one request [default: 10s] [env: EASEMOB_TIMEOUT]
    #[arg(long, value_name = "DURATION", allow_negative_numbers = true)]
    pub(crate) timeout: Option<String>,
    /// Trust these root certificates instead of the system's ("-": standard input)
    /// [env: EASEMOB_CA_FILE]
    #[arg(long, value_name = "PEM")]
    pub(crate) ca_file: Option<PathBuf>,
    /// Trust these root certificates beside the others ("-": standard input)
    /// [env: EASEMOB_ADD_CA_FILE]
    #[arg(long, value_name = "PEM")]
    pub(crate) add_ca_file: Option<PathBuf>,
    /// Present this client certificate (chain), with --client-key [env: EASEMOB_CLIENT_CERT]
    #[arg(long, value_name = "PEM")]
    pub(crate) client_cert: Option<PathBuf>,
    /// Read the private key of --client-cert from this file [env: EASEMOB_CLIENT_KEY]
    #[arg(long, value_name = "PEM")]
    pub(crate) client_key: Option<PathBuf>,
    /// Send this User-Agent [default: easemob-token and the version] [env: EASEMOB_USER_AGENT]
    #[arg(long, value_name = "TEXT")]
    pub(crate) user_agent: Option<String>,
    /// Use a proxy: none, env (HTTPS_PROXY, NO_PROXY), or a URL without a password
    /// [default: none] [env: EASEMOB_PROXY]
    #[arg(long, value_name = "PROXY")]
    pub(crate) proxy: Option<String>,
    /// Allow http:// to hosts that are not loopback; secrets are then sent unencrypted
    /// [env: EASEMOB_ALLOW_HTTP=1]
    #[arg(long)]
    pub(crate) allow_http: bool,
}

/// The app and its credentials.
#[derive(Default, Args)]
#[command(next_help_heading = "App")]
pub(crate) struct AppArgs {
    /// Set the App Key [env: EASEMOB_APP_KEY, or EASEMOB_ORG_NAME and EASEMOB_APP_NAME]
    #[arg(long, value_name = "ORG#APP")]
    pub(crate) app_key: Option<String>,
    /// Set the app's client ID [env: EASEMOB_CLIENT_ID]
    #[arg(long, value_name = "ID")]
    pub(crate) client_id: Option<String>,
    /// Read the client secret from a file ("-": standard input)
    /// [env: EASEMOB_CLIENT_SECRET_FILE, or EASEMOB_CLIENT_SECRET with it]
    #[arg(long, value_name = "FILE")]
    pub(crate) client_secret_file: Option<PathBuf>,
}

/// The password grant.
#[derive(Default, Args)]
pub(crate) struct PasswordArgs {
    /// Read the password from a file ("-": standard input), or prompt for it
    /// [env: EASEMOB_PASSWORD_FILE, or EASEMOB_PASSWORD with it]
    #[arg(long, value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,
    /// Send the app token too, which needs the app's credentials [env: EASEMOB_AUTHORIZE_PASSWORD=1]
    #[arg(long)]
    pub(crate) authorize_password: bool,
}

/// The requested lifetime.
#[derive(Default, Args)]
pub(crate) struct LifetimeArgs {
    /// Request this lifetime: 30s, 12h, 60d, a bare number of seconds, "permanent", "default"
    /// [env: EASEMOB_TTL]
    #[arg(long, allow_negative_numbers = true)]
    pub(crate) ttl: Option<String>,
}

/// The unit of lifetimes on the wire.
#[derive(Default, Args)]
#[command(next_help_heading = "Connection")]
pub(crate) struct UnitArgs {
    /// Set the unit on the wire: seconds, milliseconds (VIP 5), or
    /// "request=…,response=…" [default: seconds] [env: EASEMOB_TTL_UNIT]
    #[arg(long, value_name = "UNIT")]
    pub(crate) ttl_unit: Option<String>,
}

/// The time of the whole command.
#[derive(Default, Args)]
pub(crate) struct LimitArgs {
    /// Limit the time of the whole command [default: 20s] [env: EASEMOB_DEADLINE]
    #[arg(long, value_name = "DURATION", allow_negative_numbers = true)]
    pub(crate) deadline: Option<String>,
}

/// The requests for one token.
#[derive(Default, Args)]
#[command(next_help_heading = "Connection")]
pub(crate) struct AttemptArgs {
    /// Limit the requests per token, retries included [default: 3] [env: EASEMOB_MAX_ATTEMPTS]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    max_attempts: Option<String>,
}

/// The form of a token.
#[derive(Clone, Copy, Default, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct FormatArgs {
    /// Choose the output format [default: text] [env: EASEMOB_FORMAT]
    #[arg(long, value_name = "FORMAT")]
    format: Option<Format>,
}

/// The form of an output that is no token.
#[derive(Clone, Copy, Default, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct ReportFormatArgs {
    /// Choose the output format [default: text] [env: EASEMOB_FORMAT]
    #[arg(long, value_name = "FORMAT", value_parser = report_format())]
    pub(crate) format: Option<Format>,
}

/// The formats of [`Format::REPORT`].
fn report_format() -> impl TypedValueParser<Value = Format> {
    let json = PossibleValue::new("json").help("JSON objects");
    PossibleValuesParser::new([PossibleValue::new("text").help("Lines for people"), json])
        .map(|name| if name == "json" { Format::Json } else { Format::Text })
}

/// What is written to standard error.
#[derive(Default, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct VerboseArgs {
    /// Print what is sent on standard error, without secrets; -vv with masked heads and bodies
    #[arg(short, long, conflicts_with = "quiet", action = ArgAction::Count)]
    pub(crate) verbose: u8,
    #[command(flatten)]
    pub(crate) quiet: QuietArgs,
}

/// What is left out on standard error.
#[derive(Default, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct QuietArgs {
    /// Print nothing but errors and warnings of a wrong setting on standard error
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

/// The groups of every command that sends requests.
#[derive(Default, Args)]
struct RequestArgs {
    #[command(flatten)]
    lifetime: LifetimeArgs,
    #[command(flatten)]
    limit: LimitArgs,
    #[command(flatten)]
    app: AppArgs,
    #[command(flatten)]
    service: ServiceArgs,
    #[command(flatten)]
    unit: UnitArgs,
    #[command(flatten)]
    config: ConfigArgs,
    #[command(flatten)]
    verbose: VerboseArgs,
}

impl From<RequestArgs> for OptionArgs {
    fn from(args: RequestArgs) -> Self {
        let RequestArgs { config, lifetime, limit, app, service, unit, verbose } = args;
        let VerboseArgs { verbose, quiet: QuietArgs { quiet } } = verbose;
        let config = Some(config);
        Self { config, service, app, lifetime, unit, limit, quiet, verbose, ..Self::default() }
    }
}

/// The groups of a command that requests a token.
#[derive(Default, Args)]
pub(crate) struct TokenArgs {
    #[command(flatten)]
    request: RequestArgs,
    #[command(flatten)]
    attempts: AttemptArgs,
    #[command(flatten)]
    format: FormatArgs,
}

impl From<TokenArgs> for OptionArgs {
    fn from(TokenArgs { request, attempts, format }: TokenArgs) -> Self {
        let AttemptArgs { max_attempts } = attempts;
        Self { max_attempts, format: format.format, ..request.into() }
    }
}

/// The groups of the command that checks the settings, which repeats no request.
#[derive(Default, Args)]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    request: RequestArgs,
    #[command(flatten)]
    format: ReportFormatArgs,
}

impl From<DoctorArgs> for OptionArgs {
    fn from(DoctorArgs { request, format }: DoctorArgs) -> Self {
        Self { format: format.format, ..request.into() }
    }
}

/// The groups of the command that makes a token locally.
#[derive(Default, Args)]
pub(crate) struct DynamicArgs {
    #[command(flatten)]
    lifetime: LifetimeArgs,
    #[command(flatten)]
    limit: LimitArgs,
    #[command(flatten)]
    app: AppArgs,
    #[command(flatten)]
    config: ConfigArgs,
    #[command(flatten)]
    format: FormatArgs,
    #[command(flatten)]
    quiet: QuietArgs,
}

impl From<DynamicArgs> for OptionArgs {
    fn from(args: DynamicArgs) -> Self {
        let DynamicArgs { config, lifetime, limit, app, format, quiet: QuietArgs { quiet } } = args;
        let (config, format) = (Some(config), format.format);
        Self { config, app, lifetime, limit, format, quiet, ..Self::default() }
    }
}

/// The groups of the command that decodes a token, whose signature it checks with the credentials.
#[derive(Default, Args)]
pub(crate) struct InspectArgs {
    #[command(flatten)]
    limit: LimitArgs,
    #[command(flatten)]
    app: AppArgs,
    #[command(flatten)]
    config: ConfigArgs,
    #[command(flatten)]
    format: ReportFormatArgs,
}

impl From<InspectArgs> for OptionArgs {
    fn from(InspectArgs { config, limit, app, format }: InspectArgs) -> Self {
        let (config, format) = (Some(config), format.format);
        Self { config, app, limit, format, ..Self::default() }
    }
}

/// The groups of the emulator.
#[derive(Default, Args)]
pub(crate) struct ServerArgs {
    #[command(flatten)]
    limit: LimitArgs,
    #[command(flatten)]
    app: AppArgs,
    #[command(flatten)]
    unit: UnitArgs,
    #[command(flatten)]
    format: ReportFormatArgs,
    #[command(flatten)]
    verbose: VerboseArgs,
}

impl From<ServerArgs> for OptionArgs {
    fn from(ServerArgs { limit, app, unit, format, verbose }: ServerArgs) -> Self {
        let VerboseArgs { verbose, quiet: QuietArgs { quiet } } = verbose;
        let format = format.format;
        Self { app, unit, limit, format, quiet, verbose, ..Self::default() }
    }
}

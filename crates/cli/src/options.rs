//! Values of the options: from the arguments, the environment, a file, or the default.

use std::path::PathBuf;
use std::time::Duration;

use easemob_token::environment::{self, Environment};
use easemob_token::transport::Proxy;
use easemob_token::{AppKey, BaseUrl, Secret, Ttl, TtlUnits};

use crate::args::{Format, TransportName};
use crate::config_file::Settings;
use crate::option_args::OptionArgs;
use crate::source::{Names, Origins, SecretNames, SecretPlace, Source, as_it_is};
use crate::transports;

const BASE_URL: Names = ("--base-url", "EASEMOB_BASE_URL");
const APP_KEY: Names = ("--app-key", "EASEMOB_APP_KEY");
const CLIENT_ID: Names = ("--client-id", "EASEMOB_CLIENT_ID");
const CLIENT_SECRET: SecretNames = SecretNames {
    file: ("--client-secret-file", "EASEMOB_CLIENT_SECRET_FILE"),
    variable: "EASEMOB_CLIENT_SECRET",
    key: SECRET_KEYS[0],
    is_exact: false,
};
const PASSWORD: SecretNames = SecretNames {
    file: ("--password-file", "EASEMOB_PASSWORD_FILE"),
    variable: "EASEMOB_PASSWORD",
    key: SECRET_KEYS[1],
    is_exact: true,
};
const TTL: Names = ("--ttl", "EASEMOB_TTL");
const TTL_UNIT: Names = ("--ttl-unit", "EASEMOB_TTL_UNIT");
const TRANSPORT: Names = ("--transport", "EASEMOB_TRANSPORT");
const TIMEOUT: Names = ("--timeout", "EASEMOB_TIMEOUT");
const DEADLINE: Names = ("--deadline", "EASEMOB_DEADLINE");
const MAX_ATTEMPTS: Names = ("--max-attempts", "EASEMOB_MAX_ATTEMPTS");
const USER_AGENT: Names = ("--user-agent", "EASEMOB_USER_AGENT");
const ADD_CA_FILE: Names = ("--add-ca-file", "EASEMOB_ADD_CA_FILE");
const CA_FILE: Names = ("--ca-file", "EASEMOB_CA_FILE");
const CLIENT_CERT: Names = ("--client-cert", "EASEMOB_CLIENT_CERT");
const CLIENT_KEY: Names = ("--client-key", "EASEMOB_CLIENT_KEY");
const PROXY: Names = ("--proxy", "EASEMOB_PROXY");
const ALLOW_HTTP: Names = ("--allow-http", "EASEMOB_ALLOW_HTTP");
const AUTHORIZE_PASSWORD: Names = ("--authorize-password", "EASEMOB_AUTHORIZE_PASSWORD");
pub(crate) const FORMAT: Names = ("--format", "EASEMOB_FORMAT");

const DEFAULT_DEADLINE: Duration = Duration::from_secs(20);

/// The keys of a configuration file that hold a secret itself.
pub(crate) const SECRET_KEYS: [&str; 2] = ["client-secret", "password"];

/// The settings that every profile can have, apart from those of [`SECRET_KEYS`].
const SETTINGS: [Names; 20] = [
    BASE_URL,
    APP_KEY,
    CLIENT_ID,
    CLIENT_SECRET.file,
    PASSWORD.file,
    TTL,
    TTL_UNIT,
    TRANSPORT,
    TIMEOUT,
    DEADLINE,
    MAX_ATTEMPTS,
    USER_AGENT,
    ADD_CA_FILE,
    CA_FILE,
    CLIENT_CERT,
    CLIENT_KEY,
    PROXY,
    ALLOW_HTTP,
    AUTHORIZE_PASSWORD,
    FORMAT,
];

/// The keys of a configuration file.
pub(crate) fn keys() -> impl Iterator<Item = &'static str> {
    SETTINGS.into_iter().map(|(option, _)| option.trim_start_matches('-')).chain(SECRET_KEYS)
}

/// Values of the options of every command.
pub(crate) struct Options {
    pub(crate) base_url: Option<BaseUrl>,
    pub(crate) app_key: Option<AppKey>,
    pub(crate) client_id: Option<String>,
    pub(crate) client_secret_file: Option<PathBuf>,
    /// The client secret itself, if no file holds it.
    pub(crate) client_secret: Option<Secret>,
    pub(crate) password_file: Option<PathBuf>,
    /// The password itself, if no file holds it.
    pub(crate) password: Option<Secret>,
    pub(crate) ttl: Ttl,
    pub(crate) ttl_unit: TtlUnits,
    pub(crate) transport: TransportName,
    pub(crate) timeout: Duration,
    pub(crate) deadline: Duration,
    pub(crate) max_attempts: u32,
    pub(crate) user_agent: Option<String>,
    pub(crate) ca_file: Option<PathBuf>,
    pub(crate) add_ca_file: Option<PathBuf>,
    pub(crate) client_cert: Option<PathBuf>,
    pub(crate) client_key: Option<PathBuf>,
    pub(crate) proxy: Proxy,
    pub(crate) allow_http: bool,
    pub(crate) authorize_password: bool,
    pub(crate) format: Format,
    /// Whether the format is not the default.
    pub(crate) is_format_set: bool,
    /// 1: what is sent; 2: with heads and bodies.
    pub(crate) verbose: u8,
    pub(crate) quiet: bool,
    /// The profile of the configuration file, for the options of single commands.
    pub(crate) profile: Option<Settings>,
    pub(crate) origins: Origins,
    /// What is wrong, and the options with which it is; a command refuses it before it begins.
    pub(crate) problems: Vec<String>,
    pub(crate) wrong: Vec<&'static str>,
}

impl Options {
    /// Reads the values; what is wrong is kept, so that it can be told with what is missing.
    pub(crate) fn new(
        args: OptionArgs,
        environment: &Environment,
        profile: Option<Settings>,
        acting: &[String],
    ) -> Self {
        let mut source = Source::new(environment, profile.as_ref()).only(acting);
        let options = Self::read(args, &mut source);
        let Source { problems, wrong, origins, .. } = source;
        Self { profile, origins, problems, wrong, ..options }
    }

    /// Reads the values; what is wrong is left in the source.
    pub(crate) fn read(args: OptionArgs, source: &mut Source<'_>) -> Self {
        let OptionArgs { service, app, password: of_password, .. } = args;
        let timeout = source.value(TIMEOUT, service.timeout, environment::parse_limit);
        let deadline = source.value(DEADLINE, args.limit.deadline, environment::parse_limit);
        let attempts = source.value(MAX_ATTEMPTS, args.max_attempts, environment::parse_count);
        let format = source.named(FORMAT, args.format);
        let secret = source.secret(&CLIENT_SECRET, app.client_secret_file);
        let (client_secret, client_secret_file) = SecretPlace::split(secret);
        let password = source.secret(&PASSWORD, of_password.password_file);
        let (password, password_file) = SecretPlace::split(password);
        Self {
            base_url: source.value(BASE_URL, service.base_url, environment::parse),
            app_key: source.app_key(APP_KEY, app.app_key),
            client_id: source.value(CLIENT_ID, app.client_id, as_it_is),
            client_secret_file,
            client_secret,
            password_file,
            password,
            ttl: source.value(TTL, args.lifetime.ttl, environment::parse_ttl).unwrap_or_default(),
            ttl_unit: source
                .value(TTL_UNIT, args.unit.ttl_unit, environment::parse)
                .unwrap_or_default(),
            transport: source
                .named(TRANSPORT, service.transport)
                .unwrap_or_else(TransportName::default_one),
            timeout: timeout.unwrap_or(Duration::from_secs(10)),
            deadline: deadline.unwrap_or(DEFAULT_DEADLINE),
            max_attempts: attempts.map_or(3, u32::from),
            user_agent: source.value(USER_AGENT, service.user_agent, as_it_is),
            ca_file: source.path(CA_FILE, service.ca_file),
            add_ca_file: source.path(ADD_CA_FILE, service.add_ca_file),
            client_cert: source.path(CLIENT_CERT, service.client_cert),
            client_key: source.path(CLIENT_KEY, service.client_key),
            proxy: source.value(PROXY, service.proxy, transports::parse_proxy).unwrap_or_default(),
            allow_http: source.flag(ALLOW_HTTP, service.allow_http),
            authorize_password: source.flag(AUTHORIZE_PASSWORD, of_password.authorize_password),
            format: format.unwrap_or_default(),
            is_format_set: format.is_some(),
            verbose: args.verbose,
            quiet: args.quiet,
            profile: None,
            origins: Origins::default(),
            problems: Vec::new(),
            wrong: Vec::new(),
        }
    }
}

/// The output format, also if another setting is wrong.
pub(crate) fn format(
    args: Option<Format>,
    environment: &Environment,
    profile: Option<&Settings>,
) -> Format {
    Source::new(environment, profile).named(FORMAT, args).unwrap_or_default()
}

/// The limit of the whole command, before the configuration file is read.
pub(crate) fn deadline(args: Option<&String>, environment: &Environment) -> Duration {
    let mut source = Source::new(environment, None);
    let limit = source.value(DEADLINE, args.cloned(), environment::parse_limit);
    limit.unwrap_or(DEFAULT_DEADLINE)
}

#[cfg(test)]
mod tests {
    use clap::FromArgMatches as _;

    use super::*;
    use crate::args::Args;
    use crate::source::Origin;
    use crate::{help, store};

    /// The settings whose value is not any text.
    const VALUES: [(&str, &str); 10] = [
        ("--base-url", "https://127.0.0.1:1"),
        ("--app-key", "org#app"),
        ("--ttl", "1h"),
        ("--ttl-unit", "seconds"),
        ("--transport", "hyper"),
        ("--timeout", "1s"),
        ("--deadline", "1s"),
        ("--max-attempts", "1"),
        ("--proxy", "none"),
        ("--format", "json"),
    ];

    #[test]
    fn an_option_wins_over_a_variable_over_a_profile() {
        let definition = help::definition();
        let password = definition.find_subcommand("password").unwrap();
        for (option, variable) in SETTINGS {
            let name = option.trim_start_matches('-');
            let arg = password.get_arguments().find(|arg| arg.get_long() == Some(name)).unwrap();
            let is_flag = !arg.get_action().takes_values();
            let known = VALUES.iter().find(|(known, _)| *known == option);
            let value = if is_flag { "1" } else { known.map_or("x", |(_, value)| value) };
            let mut file = Settings::default();
            file.table.insert(name.to_owned(), value.into());
            let origin = |has_argument: bool, has_variable: bool| {
                let argument = [option, value].into_iter().take(if is_flag { 1 } else { 2 });
                let argument = argument.take(if has_argument { 2 } else { 0 });
                let words = ["easemob-token", "password", "c"].into_iter().chain(argument);
                let matches = definition.clone().try_get_matches_from(words).unwrap();
                let mut command = Args::from_arg_matches(&matches).unwrap().command;
                let environment = Environment::from_fn(move |name| {
                    (has_variable && name == variable).then(|| value.into())
                });
                let acting = [name.to_owned()];
                let args = command.take_options();
                let options = Options::new(args, &environment, Some(file.clone()), &acting);
                assert!(options.problems.is_empty(), "{:?}", options.problems);
                options.origins.of(option)
            };
            assert_eq!(origin(true, true), Origin::Option(option));
            assert_eq!(origin(false, true), Origin::Variable(variable));
            assert_eq!(origin(false, false), Origin::File(String::new()), "{option}");
        }
    }

    /// The table has each option with a variable, that variable, and each key of a profile.
    #[test]
    fn the_page_of_the_command_lists_every_setting() {
        let definition = help::definition();
        let of_emulator = |it: &&clap::Command| it.get_name() == "emulator";
        let commands = definition.get_subcommands().filter(|it| !of_emulator(it));
        let mut settings: Vec<(String, Vec<String>)> = Vec::new();
        for arg in commands.flat_map(clap::Command::get_arguments) {
            let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
            let words = help.split(|c: char| !(c.is_ascii_uppercase() || c == '_'));
            let variables: Vec<_> = words.filter(|it| it.starts_with("EASEMOB_")).collect();
            if let (Some(name), false) = (arg.get_long(), variables.is_empty()) {
                settings
                    .push((name.to_owned(), variables.into_iter().map(str::to_owned).collect()));
            }
        }
        let keys = keys().chain(store::keys()).filter(|it| !SECRET_KEYS.contains(it));
        settings.extend(keys.map(|key| (key.to_owned(), vec![])));
        for page in [
            include_str!("../../../docs/command.md"),
            include_str!("../../../docs/command.zh-CN.md"),
        ] {
            for (name, variables) in &settings {
                let begin = format!("| `--{name}` | `EASEMOB_");
                let row = page.lines().find(|line| line.starts_with(&begin)).unwrap_or(&begin);
                let variable = |it: &String| row.contains(&format!("`{it}`"));
                assert!(row != begin && variables.iter().all(variable), "{row} {variables:?}");
            }
            let rows = page.lines().filter_map(|line| line.strip_prefix("| `--"));
            for (name, _) in rows.filter_map(|row| row.split_once("` | `EASEMOB_")) {
                assert!(settings.iter().any(|(known, _)| known == name), "--{name}");
            }
        }
    }
}

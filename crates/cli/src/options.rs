//! Values of the options: from the arguments, the environment, or the default.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::ValueEnum;
use easemob_token::environment::{self, Environment};
use easemob_token::transport::Proxy;
use easemob_token::{AppKey, BaseUrl, ConfigError, Secret, Ttl, TtlUnits};

use crate::args::{Format, TransportName};
use crate::emulate::{CONFIG_FILE, ConfigFile};
use crate::failure::Failure;
use crate::option_args::OptionArgs;
use crate::transports;

/// The name of an option and of its variable.
pub(crate) type Names = (&'static str, &'static str);

const BASE_URL: Names = ("--base-url", "EASEMOB_BASE_URL");
const CLIENT_ID: Names = ("--client-id", "EASEMOB_CLIENT_ID");
const CLIENT_SECRET: &str = "EASEMOB_CLIENT_SECRET";
const CLIENT_SECRET_FILE: Names = ("--client-secret-file", "EASEMOB_CLIENT_SECRET_FILE");
const PASSWORD: &str = "EASEMOB_PASSWORD";
const PASSWORD_FILE: Names = ("--password-file", "EASEMOB_PASSWORD_FILE");
const TTL: Names = ("--ttl", "EASEMOB_TTL");
const TTL_UNIT: Names = ("--ttl-unit", "EASEMOB_TTL_UNIT");
const TRANSPORT: Names = ("--transport", "EASEMOB_TRANSPORT");
const TIMEOUT: Names = ("--timeout", "EASEMOB_TIMEOUT");
const DEADLINE: Names = ("--deadline", "EASEMOB_DEADLINE");
const MAX_ATTEMPTS: Names = ("--max-attempts", "EASEMOB_MAX_ATTEMPTS");
const USER_AGENT: Names = ("--user-agent", "EASEMOB_USER_AGENT");
const ADD_CA_FILE: Names = ("--add-ca-file", "EASEMOB_ADD_CA_FILE");
const CA_FILE: Names = ("--ca-file", "EASEMOB_CA_FILE");
const PROXY: Names = ("--proxy", "EASEMOB_PROXY");
const ALLOW_HTTP: Names = ("--allow-http", "EASEMOB_ALLOW_HTTP");
const AUTHORIZE_PASSWORD: Names = ("--authorize-password", "EASEMOB_AUTHORIZE_PASSWORD");
const FORMAT: Names = ("--format", "EASEMOB_FORMAT");

/// Values of the options of every command.
pub(crate) struct Options {
    pub(crate) base_url: Option<BaseUrl>,
    pub(crate) app_key: Option<AppKey>,
    pub(crate) client_id: Option<String>,
    pub(crate) client_secret_file: Option<PathBuf>,
    /// The client secret in the environment; a file comes first.
    pub(crate) client_secret: Option<Secret>,
    pub(crate) password_file: Option<PathBuf>,
    /// The password in the environment; a file comes first.
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
    pub(crate) proxy: Proxy,
    pub(crate) allow_http: bool,
    pub(crate) authorize_password: bool,
    pub(crate) format: Format,
    /// Whether the format is not the default.
    pub(crate) is_format_set: bool,
    /// 1: what is sent; 2: with heads and bodies.
    pub(crate) verbose: u8,
    pub(crate) quiet: bool,
}

impl Options {
    /// Reads the values; everything that is wrong is in one error.
    pub(crate) fn new(args: OptionArgs, environment: &Environment) -> Result<Self, Failure> {
        let mut source = Source::new(environment, None);
        let options = Self::read(args, &mut source);
        source.finish(options)
    }

    /// Reads the values; what is wrong is left in the source.
    pub(crate) fn read(args: OptionArgs, source: &mut Source<'_>) -> Self {
        let environment = source.environment;
        let secret = environment.text(CLIENT_SECRET);
        let password = environment.exact_text(PASSWORD);
        let OptionArgs { service, app, password: of_password, .. } = args;
        let timeout = source.value(TIMEOUT, service.timeout, environment::parse_limit);
        let deadline = source.value(DEADLINE, args.limit.deadline, environment::parse_limit);
        let attempts = source.value(MAX_ATTEMPTS, service.max_attempts, environment::parse_count);
        let format = source.named(FORMAT, args.format.format);
        Self {
            base_url: source.value(BASE_URL, service.base_url, environment::parse),
            app_key: source.app_key(app.app_key),
            client_id: source.value(CLIENT_ID, app.client_id, as_it_is),
            client_secret_file: source.secret_file(
                CLIENT_SECRET,
                CLIENT_SECRET_FILE,
                app.client_secret_file,
            ),
            client_secret: source.valid(CLIENT_SECRET, secret).map(Secret::from),
            password_file: source.secret_file(PASSWORD, PASSWORD_FILE, of_password.password_file),
            password: source.valid(PASSWORD, password).map(Secret::from),
            ttl: source.value(TTL, args.lifetime.ttl, environment::parse_ttl).unwrap_or_default(),
            ttl_unit: source
                .value(TTL_UNIT, args.unit.ttl_unit, environment::parse)
                .unwrap_or_default(),
            transport: source
                .named(TRANSPORT, service.transport)
                .unwrap_or_else(TransportName::default_one),
            timeout: timeout.unwrap_or(Duration::from_secs(10)),
            deadline: deadline.unwrap_or(Duration::from_secs(20)),
            max_attempts: attempts.map_or(3, u32::from),
            user_agent: source.value(USER_AGENT, service.user_agent, as_it_is),
            ca_file: source.path(CA_FILE, service.ca_file),
            add_ca_file: source.path(ADD_CA_FILE, service.add_ca_file),
            proxy: source.value(PROXY, service.proxy, transports::parse_proxy).unwrap_or_default(),
            allow_http: source.flag(ALLOW_HTTP, service.allow_http),
            authorize_password: source.flag(AUTHORIZE_PASSWORD, of_password.authorize_password),
            format: format.unwrap_or_default(),
            is_format_set: format.is_some(),
            verbose: args.verbose,
            quiet: args.quiet,
        }
    }
}

/// The output format, also if another setting is wrong.
pub(crate) fn format(args: Option<Format>, environment: &Environment) -> Format {
    let mut source = Source::new(environment, None);
    source.named(FORMAT, args).unwrap_or_default()
}

/// Where values come from, and the problems found so far.
pub(crate) struct Source<'a> {
    pub(crate) environment: &'a Environment,
    /// The configuration file of the emulator, which comes after the environment.
    pub(crate) file: Option<&'a ConfigFile>,
    problems: Vec<String>,
}

impl<'a> Source<'a> {
    pub(crate) fn new(environment: &'a Environment, file: Option<&'a ConfigFile>) -> Self {
        Self { environment, file, problems: Vec::new() }
    }

    /// Everything that is wrong, in one error.
    pub(crate) fn finish<T>(self, value: T) -> Result<T, Failure> {
        if self.problems.is_empty() {
            return Ok(value);
        }
        Err(Failure::invalid_input(self.problems.join("; ")))
    }

    /// The text of the variable, otherwise of the configuration file, with the name of its place.
    fn elsewhere(&mut self, (option, variable): Names) -> Option<(&'static str, String)> {
        let found = match self.environment.text(variable) {
            Ok(None) => {
                let text = self.file.map_or(Ok(None), |file| file.text(option));
                text.map(|text| text.map(|text| (CONFIG_FILE, text)))
            }
            other => other.map(|text| text.map(|text| (variable, text))),
        };
        self.valid(option, found)
    }

    /// The value, or a problem that begins with the option.
    pub(crate) fn valid<T>(
        &mut self,
        option: &str,
        value: Result<Option<T>, ConfigError>,
    ) -> Option<T> {
        value.unwrap_or_else(|error| {
            let (setting, problem) = (error.setting(), error.problem());
            self.problems.push(match setting {
                _ if setting == option => format!("{option}: {problem}"),
                variable => format!("{option} ({variable}): {problem}"),
            });
            None
        })
    }

    /// A text that is parsed: the argument if there is one, otherwise the variable.
    pub(crate) fn value<T>(
        &mut self,
        names: Names,
        argument: Option<String>,
        parse: impl FnOnce(&'static str, &str) -> Result<T, ConfigError>,
    ) -> Option<T> {
        let found = argument.map(|text| (names.0, text)).or_else(|| self.elsewhere(names));
        let (place, text) = found?;
        self.valid(names.0, parse(place, environment::trim(&text)).map(Some))
    }

    /// One of the names of `T`. The argument is parsed already.
    fn named<T: ValueEnum>(&mut self, names: Names, argument: Option<T>) -> Option<T> {
        argument.or_else(|| {
            self.value(names, None, |variable, text| {
                T::from_str(text, false).map_err(|_| {
                    let values = T::value_variants().iter().filter_map(T::to_possible_value);
                    let names: Vec<_> = values.map(|it| it.get_name().to_owned()).collect();
                    ConfigError::new(variable, format!("is none of {}", names.join(", ")))
                })
            })
        })
    }

    pub(crate) fn path(&mut self, names: Names, argument: Option<PathBuf>) -> Option<PathBuf> {
        match argument {
            Some(path) => Some(trimmed(&path).to_owned()),
            None => self.elsewhere(names).map(|(_, path)| PathBuf::from(path)),
        }
    }

    /// The file of a secret, which must not be set by value too. An argument wins over both.
    fn secret_file(
        &mut self,
        value: &'static str,
        file: Names,
        argument: Option<PathBuf>,
    ) -> Option<PathBuf> {
        if argument.is_none() {
            let checked = self.environment.check_one_of(value, file.1);
            self.valid(file.0, checked.map(Some))?;
        }
        self.path(file, argument)
    }

    fn app_key(&mut self, argument: Option<String>) -> Option<AppKey> {
        let key = match argument {
            Some(text) => environment::parse("--app-key", environment::trim(&text)).map(Some),
            None => match self.environment.app_key() {
                Ok(None) => self.file.map_or(Ok(None), |file| file.parsed("--app-key")),
                found => found,
            },
        };
        self.valid("--app-key", key)
    }

    /// A switch: on if the option is there, or if the variable says so.
    pub(crate) fn flag(&mut self, names: Names, argument: bool) -> bool {
        let switch = |name, text: &str| match &*text.to_ascii_lowercase() {
            "1" | "true" => Ok(true),
            "0" | "false" => Ok(false),
            _ => Err(ConfigError::new(name, "is none of 1, true, 0, false")),
        };
        argument || self.value(names, None, switch).unwrap_or_default()
    }
}

/// Takes a text that the client checks when it is built.
#[expect(clippy::unnecessary_wraps, reason = "it stands where a parser is expected")]
pub(crate) fn as_it_is(_: &'static str, text: &str) -> Result<String, ConfigError> {
    Ok(text.to_owned())
}

/// The path without white space at its ends, which scripts of other systems leave there.
fn trimmed(path: &Path) -> &Path {
    path.to_str().map_or(path, |text| Path::new(environment::trim(text)))
}

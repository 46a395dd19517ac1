//! The settings of an emulator: from the arguments, the environment, the file, or the default.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use easemob_token::environment::{self, Environment};
use easemob_token::{ConfigError, TtlUnit, TtlUnits};
use easemob_token_emulator::{
    Builder, DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, DEMO_PASSWORD, DEMO_USER, Emulator,
};
use serde_json::{Map, Value, json};

use super::args::EmulatorArgs;
use crate::config_file::Settings;
use crate::failure::Failure;
use crate::input::Input;
use crate::option_args::OptionArgs;
use crate::options::Options;
use crate::secrets;
use crate::source::{Names, Source, as_it_is};

const LISTEN: Names = ("--listen", "EASEMOB_EMULATOR_LISTEN");
const ALLOW_REMOTE: Names = ("--allow-remote", "EASEMOB_EMULATOR_ALLOW_REMOTE");
const CONTROL: Names = ("--control", "EASEMOB_EMULATOR_CONTROL");
const CONTROL_NAME: Names = ("--control-name", "EASEMOB_EMULATOR_CONTROL_NAME");
const TLS: Names = ("--tls", "EASEMOB_EMULATOR_TLS");
const CA_OUT: Names = ("--ca-out", "EASEMOB_EMULATOR_CA_OUT");
const TLS_NAME: Names = ("--tls-name", "EASEMOB_EMULATOR_TLS_NAME");
const USER: Names = ("--user", "EASEMOB_EMULATOR_USER");
const USER_FILE: Names = ("--user-file", "EASEMOB_EMULATOR_USER_FILE");
const CLIENT: Names = ("--client", "EASEMOB_EMULATOR_CLIENT");
const CLIENT_FILE: Names = ("--client-file", "EASEMOB_EMULATOR_CLIENT_FILE");
const PASSWORD_NEEDS_APP_TOKEN: Names =
    ("--password-needs-app-token", "EASEMOB_EMULATOR_PASSWORD_NEEDS_APP_TOKEN");
const STRICT: Names = ("--strict", "EASEMOB_EMULATOR_STRICT");
const APPS_ON_DEMAND: Names = ("--apps-on-demand", "EASEMOB_EMULATOR_APPS_ON_DEMAND");
const SEED: Names = ("--seed", "EASEMOB_EMULATOR_SEED");
const KEEP_REQUESTS: Names = ("--keep-requests", "EASEMOB_EMULATOR_KEEP_REQUESTS");
const KEEP_BYTES: Names = ("--keep-bytes", "EASEMOB_EMULATOR_KEEP_BYTES");
const MAX_CONNECTIONS: Names = ("--max-connections", "EASEMOB_EMULATOR_MAX_CONNECTIONS");
const UNTIL_STDIN_CLOSES: Names = ("--until-stdin-closes", "EASEMOB_EMULATOR_UNTIL_STDIN_CLOSES");

/// Connections at once, if nothing else is set.
const CONNECTIONS: usize = 1000;

/// What to start, and how it ends.
pub(crate) struct Plan {
    pub(crate) builder: Builder,
    /// Members of the control plane's settings.
    pub(crate) settings: Value,
    pub(crate) units: TtlUnits,
    pub(crate) accounts: Accounts,
    pub(crate) listen: String,
    /// The address of the control plane, if it has one of its own.
    pub(crate) control: Option<String>,
    pub(crate) tls: bool,
    pub(crate) ca_out: Option<PathBuf>,
    pub(crate) until_stdin_closes: bool,
    pub(crate) health: bool,
    pub(crate) command: Vec<OsString>,
}

/// The client and the user that another program is told to use.
pub(crate) struct Accounts {
    pub(crate) client: (String, String),
    pub(crate) user: (String, Option<String>),
    pub(crate) own_client: bool,
    pub(crate) own_user: bool,
}

impl Plan {
    /// Reads everything; what is wrong is in one error.
    pub(crate) fn new(
        mut args: EmulatorArgs,
        options: OptionArgs,
        environment: &Environment,
        file: &Settings,
        acting: &[String],
    ) -> Result<(Self, Options), Failure> {
        let mut source = Source::new(environment, Some(file)).only(acting);
        let options = Options::read(options, &mut source);
        let listen = source.value(LISTEN, args.listen.take(), address);
        let listen = listen.unwrap_or_else(|| "127.0.0.1:0".to_owned());
        let allow_remote = source.flag(ALLOW_REMOTE, args.allow_remote);
        let control = source.value(CONTROL, args.control.take(), address_or_none);
        let control_names = source.list(CONTROL_NAME, std::mem::take(&mut args.control_names));
        let tls = source.flag(TLS, args.tls);
        let ca_out = source.path(CA_OUT, args.ca_out.take());
        let tls_names = source.list(TLS_NAME, std::mem::take(&mut args.tls_names));
        let keep_requests = source.value(KEEP_REQUESTS, args.keep_requests.take(), count);
        let keep_bytes = source.value(KEEP_BYTES, args.keep_bytes.take(), count);
        let connections = source.value(MAX_CONNECTIONS, args.max_connections.take(), count);
        let seed = source.value(SEED, args.seed.take(), number);
        let until_stdin_closes = source.flag(UNTIL_STDIN_CLOSES, args.until_stdin_closes);
        let settings = settings(&mut source, &mut args, options.ttl_unit);
        let pairs = Pairs::of(&mut source, &mut args);
        let origins = std::mem::take(&mut source.origins);
        let options = Options { origins, ..source.finish(options)? };

        let mut builder = Emulator::builder().listen(&listen);
        builder = seed.into_iter().fold(builder, Builder::seed);
        if let Some(key) = &options.app_key {
            builder = builder.app_key(key.org(), key.app());
        }
        if allow_remote {
            builder = builder.allow_remote();
        }
        builder = match &control {
            Some(None) => builder,
            Some(Some(address)) => builder.control_on(address),
            None if allow_remote => builder,
            None => builder.control(),
        };
        builder = control_names.into_iter().fold(builder, Builder::control_name);
        if tls {
            builder = builder.tls(tls_names.clone());
        } else if ca_out.is_some() || !tls_names.is_empty() {
            let option = if ca_out.is_some() { "--ca-out" } else { "--tls-name" };
            return Err(Failure::invalid_input(format!("{option}: has no effect without --tls")));
        }
        builder = builder.max_connections(connections.unwrap_or(CONNECTIONS));
        builder = keep_requests.into_iter().fold(builder, Builder::keep_requests);
        builder = keep_bytes.into_iter().fold(builder, Builder::keep_bytes);
        let (builder, accounts) = pairs.add_to(builder, &options)?;
        let plan = Self {
            builder,
            settings,
            units: options.ttl_unit,
            accounts,
            listen,
            control: control.flatten(),
            tls,
            ca_out,
            until_stdin_closes,
            health: args.health,
            command: args.command,
        };
        Ok((plan, options))
    }
}

/// The settings that the library checks: their names are those of the options.
fn settings(source: &mut Source<'_>, args: &mut EmulatorArgs, units: TtlUnits) -> Value {
    let texts: [(Names, Option<String>); 6] = [
        (("--default-ttl", "EASEMOB_EMULATOR_DEFAULT_TTL"), args.default_ttl.take()),
        (("--permanent-as", "EASEMOB_EMULATOR_PERMANENT_AS"), args.permanent_as.take()),
        (("--request-limit", "EASEMOB_EMULATOR_REQUEST_LIMIT"), args.request_limit.take()),
        (("--body-limit", "EASEMOB_EMULATOR_BODY_LIMIT"), args.body_limit.take()),
        (("--creation-window", "EASEMOB_EMULATOR_CREATION_WINDOW"), args.creation_window.take()),
        (("--banned-as", "EASEMOB_EMULATOR_BANNED_AS"), args.banned_as.take()),
    ];
    let mut members = Map::new();
    for (names, argument) in texts {
        if let Some(text) = source.value(names, argument, as_it_is) {
            members.insert(member(names.0), Value::from(text));
        }
    }
    for (names, argument) in [
        (PASSWORD_NEEDS_APP_TOKEN, args.password_needs_app_token),
        (STRICT, args.strict),
        (APPS_ON_DEMAND, args.apps_on_demand),
    ] {
        if source.flag(names, argument) {
            members.insert(member(names.0), Value::from(true));
        }
    }
    let name = |unit| match unit {
        TtlUnit::Seconds => "seconds",
        TtlUnit::Milliseconds => "milliseconds",
    };
    let units = json!({ "request": name(units.request), "response": name(units.response) });
    members.insert("ttl_unit".to_owned(), units);
    Value::Object(members)
}

/// The member of the control plane's settings for an option.
fn member(option: &str) -> String {
    option.trim_start_matches('-').replace('-', "_")
}

/// Users and clients, as they are written.
struct Pairs {
    users: Vec<String>,
    user_file: Option<PathBuf>,
    clients: Vec<String>,
    client_file: Option<PathBuf>,
}

impl Pairs {
    fn of(source: &mut Source<'_>, args: &mut EmulatorArgs) -> Self {
        Self {
            users: source.list(USER, std::mem::take(&mut args.users)),
            user_file: source.path(USER_FILE, args.user_file.take()),
            clients: source.list(CLIENT, std::mem::take(&mut args.clients)),
            client_file: source.path(CLIENT_FILE, args.client_file.take()),
        }
    }

    fn add_to(
        self,
        mut builder: Builder,
        options: &Options,
    ) -> Result<(Builder, Accounts), Failure> {
        let mut clients =
            self.clients.iter().map(|text| pair(CLIENT.0, text)).collect::<Result<Vec<_>, _>>()?;
        if let Some(file) = &self.client_file {
            for line in lines(options, CLIENT_FILE.0, file)? {
                clients.push(pair(CLIENT_FILE.0, &line)?);
            }
        }
        if clients.is_empty() {
            clients.extend(environment_client(options)?);
        }
        let mut users = Vec::new();
        for text in &self.users {
            let (id, password) = pair(USER.0, text)?;
            users.push((id, Some(password)));
        }
        if let Some(file) = &self.user_file {
            for line in lines(options, USER_FILE.0, file)? {
                users.push(match line.split_once(':') {
                    None => (line, None),
                    Some(_) => pair(USER_FILE.0, &line).map(|(id, it)| (id, Some(it)))?,
                });
            }
        }
        for (id, secret) in &clients {
            builder = builder.client(id, secret);
        }
        for (id, password) in &users {
            builder = match password {
                Some(password) => builder.user(id, password),
                None => builder.user_without_password(id),
            };
        }
        let (own_client, own_user) = (!clients.is_empty(), !users.is_empty());
        let demo_client = || (DEMO_CLIENT_ID.to_owned(), DEMO_CLIENT_SECRET.to_owned());
        let demo_user = || (DEMO_USER.to_owned(), Some(DEMO_PASSWORD.to_owned()));
        let accounts = Accounts {
            client: clients.into_iter().next().unwrap_or_else(demo_client),
            user: users.into_iter().next().unwrap_or_else(demo_user),
            own_client,
            own_user,
        };
        Ok((builder, accounts))
    }
}

/// Client ID and secret of the environment or of the options of every command: both or neither.
fn environment_client(options: &Options) -> Result<Option<(String, String)>, Failure> {
    match (options.client_id.clone(), secrets::client_secret(options)?) {
        (Some(id), Some(secret)) => Ok(Some((id, secret.expose().to_owned()))),
        (None, None) => Ok(None),
        (Some(_), None) => Err(Failure::invalid_input(
            "--client-id (EASEMOB_CLIENT_ID): is set without its secret; set EASEMOB_CLIENT_SECRET \
             or --client-secret-file too, or unset it",
        )),
        (None, Some(_)) => Err(Failure::invalid_input(
            "EASEMOB_CLIENT_SECRET: is set without EASEMOB_CLIENT_ID; set both, or unset it",
        )),
    }
}

/// The lines of a file of pairs, without empty ones and comments.
fn lines(options: &Options, option: &'static str, file: &Path) -> Result<Vec<String>, Failure> {
    let input = Input { option, content: "lines of ID:SECRET", max_kib: 1024 };
    let text = input.read_text(options, file)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let lines = text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    Ok(lines.map(str::to_owned).collect())
}

fn pair(option: &str, text: &str) -> Result<(String, String), Failure> {
    match text.split_once(':') {
        Some((id, secret)) if !id.is_empty() && !secret.is_empty() => {
            Ok((id.to_owned(), secret.to_owned()))
        }
        _ => Err(Failure::invalid_input(format!(
            "{option}: has no colon between two parts; write ID:SECRET"
        ))),
    }
}

/// An address in form; whether it can be used shows when it is.
fn address(place: &'static str, text: &str) -> Result<String, ConfigError> {
    match text.rsplit_once(':') {
        // A URL is none, and may hold a password.
        Some((host, port)) if !host.contains(['/', '@']) && port.parse::<u16>().is_ok() => {
            Ok(text.to_owned())
        }
        _ => Err(ConfigError::new(
            place,
            "is not an address; write HOST:PORT, such as 127.0.0.1:8080",
        )),
    }
}

fn address_or_none(place: &'static str, text: &str) -> Result<Option<String>, ConfigError> {
    if text == "none" { Ok(None) } else { address(place, text).map(Some) }
}

fn number(place: &'static str, text: &str) -> Result<u64, ConfigError> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits).ok_or_else(|| {
        ConfigError::new(place, "is not a whole number from 0 to 18446744073709551615")
    })
}

fn count(place: &'static str, text: &str) -> Result<usize, ConfigError> {
    let count = environment::parse_count(place, text)?;
    Ok(usize::try_from(count.get()).unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_has_two_parts() {
        assert_eq!(pair("--user", "c:1:2").unwrap(), ("c".to_owned(), "1:2".to_owned()));
        for bad in ["c", ":1", "c:", ""] {
            assert!(pair("--user", bad).is_err(), "{bad}");
        }
    }
}

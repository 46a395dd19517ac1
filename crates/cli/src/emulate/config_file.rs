//! The configuration file of the emulator (TOML).

use std::path::Path;
use std::str::FromStr;

use easemob_token::{BuildError, ConfigError, environment};
use serde_json::{Map, Value};
use toml::Table;

use crate::failure::Failure;
use crate::input;

/// The name of the file in messages.
pub(crate) const CONFIG_FILE: &str = "the configuration file";

/// What the file creates, by a call of the control plane for each entry.
pub(crate) const CREATED: [(&str, &str); 4] =
    [("apps", "/apps"), ("users", "/users"), ("stubs", "/stubs"), ("faults", "/faults")];

/// The content of the file: a value for each option, and lists of what is created at the start.
#[derive(Default)]
pub(crate) struct ConfigFile(Table);

impl ConfigFile {
    /// Reads the file. `options` are the options of the emulator, without dashes.
    pub(crate) fn read(path: &Path, options: &[String]) -> Result<Self, Failure> {
        let wrong = |problem: String| Failure::invalid_input(format!("--config: {problem}"));
        let name = input::shown(path);
        let text = std::fs::read_to_string(path)
            .map_err(|error| wrong(format!("cannot read {name}: {error}")))?;
        // The text of the parser quotes lines, which can hold a secret.
        let table: Table = text.parse().map_err(|error: toml::de::Error| {
            let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            let line = before.lines().count().max(1);
            wrong(format!("{name} is not TOML; see line {line}"))
        })?;
        let is_known =
            |key: &String| options.contains(key) || CREATED.iter().any(|(list, _)| list == key);
        if let Some(unknown) = table.keys().find(|key| !is_known(key)) {
            let line = text.lines().position(|line| line.contains(unknown.as_str()));
            let line = line.map_or(String::new(), |line| format!(" on line {}", line + 1));
            let lists = CREATED.map(|(list, _)| list).join(", ");
            return Err(wrong(format!(
                "{name} has an unknown key{line}; keys are the names of the options, such as \
                 listen or request-limit, and the lists {lists}"
            )));
        }
        Ok(Self(table))
    }

    /// The value of an option as text.
    pub(crate) fn text(&self, option: &str) -> Result<Option<String>, ConfigError> {
        match self.0.get(key(option)) {
            None => Ok(None),
            Some(toml::Value::String(text)) => Ok(Some(text.clone())),
            Some(toml::Value::Integer(number)) => Ok(Some(number.to_string())),
            Some(toml::Value::Boolean(on)) => Ok(Some(on.to_string())),
            Some(_) => Err(wrong("must be text, a whole number, true or false")),
        }
    }

    /// The value of an option, parsed.
    pub(crate) fn parsed<T>(&self, option: &str) -> Result<Option<T>, ConfigError>
    where
        T: FromStr<Err = BuildError>,
    {
        self.text(option)?.map(|text| environment::parse(CONFIG_FILE, &text)).transpose()
    }

    /// The values of an option that can be repeated.
    pub(crate) fn texts(&self, option: &str) -> Result<Vec<String>, ConfigError> {
        let text = |value: &toml::Value| value.as_str().map(str::to_owned);
        match self.0.get(key(option)) {
            None => Some(Vec::new()),
            Some(toml::Value::Array(values)) => values.iter().map(text).collect(),
            Some(value) => text(value).map(|text| vec![text]),
        }
        .ok_or_else(|| wrong("must be a list of texts"))
    }

    /// The entries of a list of what is created at the start.
    pub(crate) fn created(&self, list: &str) -> Result<Vec<Value>, Failure> {
        let wrong = || Failure::invalid_input(format!("--config: {list} must be a list of tables"));
        match self.0.get(list) {
            None => Ok(Vec::new()),
            Some(toml::Value::Array(entries)) if entries.iter().all(toml::Value::is_table) => {
                Ok(entries.iter().map(json).collect())
            }
            Some(_) => Err(wrong()),
        }
    }
}

fn wrong(problem: &'static str) -> ConfigError {
    ConfigError::new(CONFIG_FILE, problem)
}

fn key(option: &str) -> &str {
    option.trim_start_matches('-')
}

fn json(value: &toml::Value) -> Value {
    match value {
        toml::Value::String(text) => Value::from(text.as_str()),
        toml::Value::Integer(number) => Value::from(*number),
        toml::Value::Float(number) => Value::from(*number),
        toml::Value::Boolean(on) => Value::from(*on),
        toml::Value::Datetime(time) => Value::from(time.to_string()),
        toml::Value::Array(values) => values.iter().map(json).collect(),
        toml::Value::Table(table) => {
            let members = table.iter().map(|(name, value)| (name.clone(), json(value)));
            Value::Object(members.collect::<Map<_, _>>())
        }
    }
}

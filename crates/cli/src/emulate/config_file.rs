//! The configuration file of the emulator (TOML).

use std::path::Path;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::config_file::{Document, Settings};
use crate::failure::Failure;

/// What the file creates, by a call of the control plane for each entry.
pub(crate) const CREATED: [(&str, &str); 4] =
    [("apps", "/apps"), ("users", "/users"), ("stubs", "/stubs"), ("faults", "/faults")];

/// Reads the file: a value for each option, and lists of what is created at the start.
///
/// `options` are the options of the emulator, without dashes.
pub(crate) fn read(path: &Path, options: &[String], limit: Duration) -> Result<Settings, Failure> {
    let document = Document::read(path, limit)?;
    let lists = CREATED.map(|(list, _)| list);
    let known: Vec<_> = options.iter().cloned().chain(lists.map(str::to_owned)).collect();
    let remedy = format!(
        "keys are the names of the options, such as listen or request-limit, and the lists {}",
        lists.join(", ")
    );
    document.check_keys(&[], &known, &remedy)?;
    let name = document.name.clone();
    Ok(document.settings(&[], name))
}

/// The entries of a list of what is created at the start.
pub(crate) fn created(file: &Settings, list: &str) -> Result<Vec<Value>, Failure> {
    let wrong = || Failure::invalid_input(format!("--config: {list} must be a list of tables"));
    match file.table.get(list) {
        None => Ok(Vec::new()),
        Some(toml::Value::Array(entries)) if entries.iter().all(toml::Value::is_table) => {
            Ok(entries.iter().map(json).collect())
        }
        Some(_) => Err(wrong()),
    }
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

//! The configuration file of the command, whose tables are profiles.

#![expect(
    clippy::doc_markdown,
    reason = "these doc comments are the help text, shown as they stand"
)]

use std::path::{Path, PathBuf};
use std::time::Duration;

use easemob_token::environment::Environment;

use crate::config_file::{Document, Settings, dashed};
use crate::failure::Failure;
use crate::options::{self, SECRET_KEYS};
use crate::source::{Names, Source, as_it_is};
use crate::store;

pub(crate) const CONFIG: Names = ("--config", "EASEMOB_CONFIG");
const PROFILE: Names = ("--profile", "EASEMOB_PROFILE");
const DEFAULT: &str = "default";
/// The file that stands for none: without any profile.
pub(crate) const NO_FILE: &str = if cfg!(windows) { "NUL" } else { "/dev/null" };

/// The file, and the profile in it.
#[derive(Default, clap::Args)]
#[command(next_help_heading = "Settings")]
pub(crate) struct ConfigArgs {
    /// Read what is not set otherwise from this file (TOML)
    /// [default: easemob-token/config.toml in $XDG_CONFIG_HOME or ~/.config] [env: EASEMOB_CONFIG]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Take this profile, a table of that file [default: default] [env: EASEMOB_PROFILE]
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
}

/// Reads the profile that is in use; `None` if there is none and none was asked for.
pub(crate) fn read(
    args: ConfigArgs,
    environment: &Environment,
    limit: Duration,
) -> Result<Option<Settings>, Failure> {
    let mut source = Source::new(environment, None);
    let file = source.path(CONFIG, args.config);
    let profile = source.value(PROFILE, args.profile, as_it_is);
    let (file, profile) = source.finish((file, profile))?;
    let is_named = file.is_some();
    let file = match file {
        Some(file) => file,
        None => match default_file(environment) {
            // A folder that cannot be entered counts as absent too: services run with such a HOME.
            Some(file) if file.exists() => file,
            place if profile.is_some() => return Err(no_file(place.as_deref())),
            _ => return Ok(None),
        },
    };
    let document = Document::read(&file, limit)?;
    check(&document, &file)?;
    let is_default = profile.is_none();
    let profile = profile.unwrap_or_else(|| DEFAULT.to_owned());
    if !document.table.contains_key(&profile) {
        // A named file without any profile, such as /dev/null, stands for no file.
        if is_default && (!is_named || document.table.is_empty()) {
            return Ok(None);
        }
        return Err(no_profile(&document, is_default));
    }
    let name = format!("profile {} of {}", profile.escape_debug(), document.name);
    Ok(Some(document.settings(&[&profile], name)))
}

/// A file in a folder of the user: below the folder of the variable, otherwise below the home folder.
///
/// Such a path can be any bytes.
pub(crate) fn in_home(variable: &str, below: &str) -> Option<PathBuf> {
    let absolute = |name| {
        let path = PathBuf::from(std::env::var_os(name)?);
        path.is_absolute().then_some(path)
    };
    absolute(variable).or_else(|| Some(absolute("HOME")?.join(below)))
}

fn default_file(environment: &Environment) -> Option<PathBuf> {
    let usual = || environment.text("APPDATA").ok()?.map(PathBuf::from).filter(|_| cfg!(windows));
    let folder = in_home("XDG_CONFIG_HOME", ".config").or_else(usual)?;
    Some(folder.join("easemob-token").join("config.toml"))
}

fn no_file(place: Option<&Path>) -> Failure {
    let unknown = || "the home folder, which is not set".to_owned();
    let place = place.map_or_else(unknown, |it| it.display().to_string());
    Failure::invalid_input(format!(
        "{}: there is no configuration file at {place}; write it, or name it with --config",
        PROFILE.0
    ))
}

fn no_profile(document: &Document, is_default: bool) -> Failure {
    let names: Vec<_> = document.table.keys().map(|it| it.escape_debug().to_string()).collect();
    let (what, name) = if is_default {
        ("profile named default", "; add --profile")
    } else {
        ("such profile", "")
    };
    let names = match &names[..] {
        [] => "it has none".to_owned(),
        names => format!("it has: {}", names.join(", ")),
    };
    Failure::invalid_input(format!("{}: {} has no {what}{name}; {names}", PROFILE.0, document.name))
}

/// Refuses unknown keys of every profile, and secrets that other users of the system can read.
fn check(document: &Document, path: &Path) -> Result<(), Failure> {
    let known: Vec<_> = options::keys().chain(store::keys()).map(str::to_owned).collect();
    let is_private = is_private(path);
    for (profile, value) in &document.table {
        let at = |keys: &[&str]| {
            let line = document.line(keys);
            line.map_or(String::new(), |line| format!(" on line {line}"))
        };
        let Some(table) = value.as_table() else {
            return Err(document.wrong(&format!(
                "has a key{} that is in no profile; write [default] above it",
                at(&[profile])
            )));
        };
        document.check_keys(
            &[profile],
            &known,
            "keys are the names of the options, such as base-url",
        )?;
        let has_password = |key: &str, value: &toml::Value| {
            key == "store" && value.as_str().is_some_and(store::holds_login)
        };
        let secret = table
            .iter()
            .find(|(key, value)| SECRET_KEYS.contains(&&*dashed(key)) || has_password(key, value));
        if let Some((key, _)) = secret.filter(|_| !is_private) {
            return Err(document.wrong(&format!(
                "holds a secret ({key}{}) and others can read it; run chmod 600, or name a file with \
                 client-secret-file or password-file",
                at(&[profile, key])
            )));
        }
    }
    Ok(())
}

#[cfg(unix)]
fn is_private(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;

    std::fs::metadata(path).is_ok_and(|it| it.mode() & 0o077 == 0)
}

/// Other systems have no permissions that say so; a home folder is private there.
#[cfg(not(unix))]
fn is_private(_: &Path) -> bool {
    true
}

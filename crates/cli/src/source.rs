//! The places that a setting can come from: option, environment, file, in this order.

use std::fmt;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use easemob_token::environment::{self, Environment};
use easemob_token::{AppKey, ConfigError, Secret};

use crate::config_file::Settings;
use crate::failure::Failure;

/// The name of an option and of its variable.
pub(crate) type Names = (&'static str, &'static str);

/// Where the value of a setting came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The option on the command line.
    Option(&'static str),
    /// The variable, or the names of two.
    Variable(&'static str),
    /// A file of settings: its profile and name, and the line.
    File(String),
    /// Nothing is set.
    #[default]
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Option(name) | Self::Variable(name) => f.write_str(name),
            Self::File(place) => f.write_str(place),
            Self::Default => f.write_str("default"),
        }
    }
}

/// The origin of each setting that has one.
#[derive(Default)]
pub(crate) struct Origins(Vec<(&'static str, Origin)>);

impl Origins {
    /// The origin of the setting of this option, such as `--base-url`.
    pub(crate) fn of(&self, option: &str) -> Origin {
        let found = self.0.iter().rev().find(|(name, _)| *name == option);
        found.map(|(_, origin)| origin.clone()).unwrap_or_default()
    }
}

/// A secret, or the file that holds it.
pub(crate) enum SecretPlace {
    Text(Secret),
    File(PathBuf),
}

impl SecretPlace {
    /// The secret itself, or the file.
    pub(crate) fn split(found: Option<Self>) -> (Option<Secret>, Option<PathBuf>) {
        match found {
            None => (None, None),
            Some(Self::Text(secret)) => (Some(secret), None),
            Some(Self::File(file)) => (None, Some(file)),
        }
    }
}

/// The names of a secret in each place.
pub(crate) struct SecretNames {
    pub(crate) file: Names,
    /// The variable that holds the secret itself.
    pub(crate) variable: &'static str,
    /// The key of a file of settings that holds the secret itself.
    pub(crate) key: &'static str,
    /// Whether white space at its ends belongs to it.
    pub(crate) is_exact: bool,
}

/// Where values come from, and the problems found so far.
pub(crate) struct Source<'a> {
    pub(crate) environment: &'a Environment,
    /// The file, which comes after the environment.
    pub(crate) file: Option<&'a Settings>,
    /// Names of the options that act on the command; other variables and keys are ignored.
    acting: Option<&'a [String]>,
    pub(crate) problems: Vec<String>,
    pub(crate) wrong: Vec<&'static str>,
    pub(crate) origins: Origins,
}

impl<'a> Source<'a> {
    pub(crate) fn new(environment: &'a Environment, file: Option<&'a Settings>) -> Self {
        let (problems, wrong, origins) = Default::default();
        Self { environment, file, acting: None, problems, wrong, origins }
    }

    /// Ignores what is set elsewhere for options that are not among these.
    pub(crate) fn only(self, acting: &'a [String]) -> Self {
        Self { acting: Some(acting), ..self }
    }

    /// Everything that is wrong, in one error.
    pub(crate) fn finish<T>(self, value: T) -> Result<T, Failure> {
        if self.problems.is_empty() {
            return Ok(value);
        }
        Err(Failure::invalid_input(self.problems.join("; ")))
    }

    /// Whether a problem with this option was found.
    fn is_wrong(&self, option: &str) -> bool {
        self.wrong.contains(&option)
    }

    /// A text that is parsed: from the first place that has one.
    pub(crate) fn value<T>(
        &mut self,
        names: Names,
        argument: Option<String>,
        parse: impl FnOnce(&'static str, &str) -> Result<T, ConfigError>,
    ) -> Option<T> {
        let (origin, text) = self.text(names, argument)?;
        match parse(names.0, environment::trim(&text)) {
            Ok(value) => Some(self.found(names.0, origin, value)),
            Err(error) => self.problem(names.0, &origin, error.problem()),
        }
    }

    /// One of the names of `T`. The argument is parsed already.
    pub(crate) fn named<T: ValueEnum>(&mut self, names: Names, argument: Option<T>) -> Option<T> {
        if let Some(value) = argument {
            return Some(self.found(names.0, Origin::Option(names.0), value));
        }
        self.value(names, None, |option, text| {
            T::from_str(text, false).map_err(|_| {
                let values = T::value_variants().iter().filter_map(T::to_possible_value);
                let names: Vec<_> = values.map(|it| it.get_name().to_owned()).collect();
                ConfigError::new(option, format!("is none of {}", names.join(", ")))
            })
        })
    }

    /// The path of a file or folder; in a file of settings, it begins at the folder of that file.
    pub(crate) fn path(&mut self, names: Names, argument: Option<PathBuf>) -> Option<PathBuf> {
        if let Some(path) = argument {
            return Some(self.found(names.0, Origin::Option(names.0), trimmed(&path).to_owned()));
        }
        let (origin, text) = self.text(names, None)?;
        let path = self.resolved(&origin, text.into());
        Some(self.found(names.0, origin, path))
    }

    /// The values of an option that can be repeated; a variable has one.
    pub(crate) fn list(&mut self, names: Names, arguments: Vec<String>) -> Vec<String> {
        if !arguments.is_empty() {
            return arguments;
        }
        let set = self.environment.text(names.1);
        let is_set = !matches!(set, Ok(None));
        if let Some(text) = self.valid(names.0, set) {
            return vec![text];
        }
        let Some(file) = self.file.filter(|_| !is_set) else { return Vec::new() };
        let texts = file.texts(names.0);
        let origin = self.file_origin(names.0);
        texts.or_else(|it| self.problem(names.0, &origin, it).ok_or(())).unwrap_or_default()
    }

    /// A switch: on if the option is there, or if another place says so.
    pub(crate) fn flag(&mut self, names: Names, argument: bool) -> bool {
        let switch = |name, text: &str| match &*text.to_ascii_lowercase() {
            "1" | "true" => Ok(true),
            "0" | "false" => Ok(false),
            _ => Err(ConfigError::new(name, "is none of 1, true, 0, false")),
        };
        if argument {
            return self.found(names.0, Origin::Option(names.0), true);
        }
        self.value(names, None, switch).unwrap_or_default()
    }

    /// A secret or its file. No place may have both.
    pub(crate) fn secret(
        &mut self,
        names: &SecretNames,
        argument: Option<PathBuf>,
    ) -> Option<SecretPlace> {
        let option = names.file.0;
        if argument.is_none() && self.acts(option) {
            let checked = self.environment.check_one_of(names.variable, names.file.1);
            self.valid(option, checked.map(Some))?;
            let in_both = self.file.is_some_and(|it| it.has(option) && it.has(names.key));
            if self.environment_is_empty(names) && in_both {
                let origin = self.file_origin(names.key);
                let problem = format!("is set together with {}; remove one of them", names.key);
                return self.problem(option, &origin, &problem);
            }
            if let Some((origin, text)) = self.secret_text(names) {
                return Some(self.found(option, origin, SecretPlace::Text(Secret::from(text))));
            }
        }
        self.path(names.file, argument).map(SecretPlace::File)
    }

    fn environment_is_empty(&self, names: &SecretNames) -> bool {
        let unset = |name| self.environment.text(name).is_ok_and(|text| text.is_none());
        unset(names.variable) && unset(names.file.1)
    }

    /// The secret itself, in the environment or, if it has neither secret nor file, in the file.
    fn secret_text(&mut self, names: &SecretNames) -> Option<(Origin, String)> {
        let set = match names.is_exact {
            true => self.environment.exact_text(names.variable),
            false => self.environment.text(names.variable),
        };
        if let Some(text) = self.valid(names.file.0, set) {
            return Some((Origin::Variable(names.variable), text));
        }
        if !self.environment_is_empty(names) {
            return None;
        }
        let origin = self.file_origin(names.key);
        match self.file?.exact_text(names.key) {
            Ok(text) => {
                let trim = |text: String| match names.is_exact {
                    true => text,
                    false => environment::trim(&text).to_owned(),
                };
                Some((origin, text.map(trim).filter(|text| !text.is_empty())?))
            }
            Err(problem) => self.problem(names.file.0, &origin, problem),
        }
    }

    /// The App Key, which can be two variables.
    pub(crate) fn app_key(&mut self, names: Names, argument: Option<String>) -> Option<AppKey> {
        if argument.is_none() && self.acts(names.0) {
            let found = self.environment.app_key();
            if let Some(key) = self.valid(names.0, found) {
                let is_whole = self.environment.text(names.1).is_ok_and(|text| text.is_some());
                let both = "EASEMOB_ORG_NAME and EASEMOB_APP_NAME";
                let origin = Origin::Variable(if is_whole { names.1 } else { both });
                return Some(self.found(names.0, origin, key));
            }
            if self.is_wrong(names.0) {
                return None;
            }
        }
        self.value(names, argument, environment::parse)
    }

    /// The value, or a problem that begins with the option and names the variable.
    pub(crate) fn valid<T>(
        &mut self,
        option: &'static str,
        value: Result<Option<T>, ConfigError>,
    ) -> Option<T> {
        value.unwrap_or_else(|error| {
            self.problem(option, &Origin::Variable(error.setting()), error.problem())
        })
    }

    /// Notes a problem with an option; the value is absent.
    pub(crate) fn problem<T>(
        &mut self,
        option: &'static str,
        origin: &Origin,
        problem: &str,
    ) -> Option<T> {
        self.problems.push(match origin {
            Origin::Option(_) | Origin::Default => format!("{option}: {problem}"),
            origin => format!("{option} ({origin}): {problem}"),
        });
        self.wrong.push(option);
        None
    }

    /// Whether the option acts on the command, so that its variable and its key count.
    fn acts(&self, option: &str) -> bool {
        let name = option.trim_start_matches('-');
        self.acting.is_none_or(|acting| acting.iter().any(|it| it == name))
    }

    /// The text from the first place that has one.
    fn text(&mut self, names: Names, argument: Option<String>) -> Option<(Origin, String)> {
        if let Some(text) = argument {
            return Some((Origin::Option(names.0), text));
        }
        if !self.acts(names.0) {
            return None;
        }
        let set = self.environment.text(names.1);
        let is_set = !matches!(set, Ok(None));
        if let Some(text) = self.valid(names.0, set) {
            return Some((Origin::Variable(names.1), text));
        }
        let file = self.file.filter(|_| !is_set)?;
        let origin = self.file_origin(names.0);
        match file.text(names.0) {
            Ok(text) => Some((origin, text?)),
            Err(problem) => self.problem(names.0, &origin, problem),
        }
    }

    fn file_origin(&self, key: &str) -> Origin {
        self.file.map_or(Origin::Default, |file| Origin::File(file.place(key)))
    }

    /// Notes the origin.
    fn found<T>(&mut self, option: &'static str, origin: Origin, value: T) -> T {
        self.origins.0.push((option, origin));
        value
    }

    /// The path itself, or from a file of settings the path below the folder of that file.
    pub(crate) fn resolved(&self, origin: &Origin, path: PathBuf) -> PathBuf {
        match (origin, self.file) {
            (Origin::File(_), Some(file)) => file.resolved(&path),
            _ => path,
        }
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

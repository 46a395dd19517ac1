//! Settings from environment variables, read in one way by applications and by the command.
//!
//! [`ClientBuilder::from_env`](crate::ClientBuilder::from_env) is the usual entry point. This module
//! has its parts, for programs that read a setting of their own in the same way.

mod client;
mod duration;

use std::ffi::OsString;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::num::NonZeroU32;
use std::path::Path;
use std::str::FromStr;

use easemob_token_core::{AppKey, BuildError, Secret};
use easemob_token_transport::ConfigError;

pub use self::duration::{parse_duration, parse_limit, parse_ttl};

/// The maximum size of a file with a secret.
const MAX_SECRET_BYTES: u64 = 64 * 1024;

/// Environment variables: those of the process, or those of a test.
///
/// A variable that is empty, or nothing but white space, counts as unset. Errors name the variable and
/// never show its value.
///
/// ```
/// use easemob_token::ClientBuilder;
/// use easemob_token::environment::Environment;
///
/// let environment = Environment::from_fn(|name| match name {
///     "EASEMOB_BASE_URL" => Some("https://a1.easemob.com\r".into()),
///     "EASEMOB_APP_KEY" => Some("easemob-demo".into()),
///     _ => None,
/// });
/// assert_eq!(environment.text("EASEMOB_BASE_URL")?.as_deref(), Some("https://a1.easemob.com"));
/// let error = ClientBuilder::from_environment(&environment).unwrap_err().to_string();
/// for name in ["EASEMOB_APP_KEY", "EASEMOB_CLIENT_ID", "EASEMOB_CLIENT_SECRET"] {
///     assert!(error.contains(name));
/// }
/// # Ok::<(), easemob_token::ConfigError>(())
/// ```
pub struct Environment {
    variable: Box<Lookup>,
}

/// Returns the value of the variable with this name.
type Lookup = dyn Fn(&str) -> Option<OsString> + Send + Sync;

impl Environment {
    /// The variables of this process.
    #[must_use]
    pub fn of_process() -> Self {
        Self::from_fn(|name| std::env::var_os(name))
    }

    /// Variables that a function returns by name, for tests and other sources of settings.
    #[must_use]
    pub fn from_fn(variable: impl Fn(&str) -> Option<OsString> + Send + Sync + 'static) -> Self {
        Self { variable: Box::new(variable) }
    }

    /// The value of a variable exactly as it is set, for passwords; `None` if it is unset or empty.
    ///
    /// # Errors
    ///
    /// If the value is not UTF-8.
    pub fn exact_text(&self, name: &'static str) -> Result<Option<String>, ConfigError> {
        let Some(value) = (self.variable)(name) else { return Ok(None) };
        match value.into_string() {
            Ok(text) => Ok(Some(text).filter(|text| !text.is_empty())),
            // The error would hold the value.
            Err(_) => Err(ConfigError::new(name, "is not UTF-8; set it again as UTF-8 text")),
        }
    }

    /// The value of a variable, trimmed at both ends (see [`trim`]); `None` if nothing is left.
    ///
    /// # Errors
    ///
    /// If the value is not UTF-8.
    pub fn text(&self, name: &'static str) -> Result<Option<String>, ConfigError> {
        let text = self.exact_text(name)?;
        Ok(text.map(|text| trim(&text).to_owned()).filter(|text| !text.is_empty()))
    }

    /// The value of a variable, trimmed and parsed; `None` if nothing is left to parse.
    ///
    /// # Errors
    ///
    /// If the value is not UTF-8, or the error of `parse`, which gets the name and the text.
    pub fn parsed<T>(
        &self,
        name: &'static str,
        parse: impl FnOnce(&'static str, &str) -> Result<T, ConfigError>,
    ) -> Result<Option<T>, ConfigError> {
        self.text(name)?.map(|text| parse(name, &text)).transpose()
    }

    /// Refuses a secret that is set both by value and by file: one of them is probably outdated.
    ///
    /// # Errors
    ///
    /// If both variables are set.
    pub fn check_one_of(&self, value: &'static str, file: &'static str) -> Result<(), ConfigError> {
        if self.text(value)?.is_some() && self.text(file)?.is_some() {
            return Err(ConfigError::new(
                file,
                format!("is set together with {value}; unset one of them"),
            ));
        }
        Ok(())
    }

    /// The secret in the variable `value`, or in the file that the variable `file` names.
    ///
    /// It is trimmed in both cases. The file must be a regular file of at most 64 KiB; a relative path
    /// starts at the working directory.
    ///
    /// # Errors
    ///
    /// If both variables are set, or the file cannot be read, is empty or is not UTF-8. The error
    /// names the variable and not the file, since its name may be the secret itself.
    pub fn secret(
        &self,
        value: &'static str,
        file: &'static str,
    ) -> Result<Option<Secret>, ConfigError> {
        self.check_one_of(value, file)?;
        match self.text(file)? {
            Some(path) => read_secret(file, Path::new(&path)).map(Some),
            None => Ok(self.text(value)?.map(Secret::from)),
        }
    }

    /// The App Key: `EASEMOB_APP_KEY`, or `EASEMOB_ORG_NAME` with `EASEMOB_APP_NAME`.
    ///
    /// # Errors
    ///
    /// If it is invalid, if one of the two names is missing, or if the variables contradict each other.
    pub fn app_key(&self) -> Result<Option<AppKey>, ConfigError> {
        const KEY: &str = "EASEMOB_APP_KEY";
        const NAMES: &str = "EASEMOB_ORG_NAME and EASEMOB_APP_NAME";
        let key = self.parsed(KEY, parse::<AppKey>)?;
        let names = match (self.text("EASEMOB_ORG_NAME")?, self.text("EASEMOB_APP_NAME")?) {
            (Some(org), Some(app)) => {
                let wrong = |error: BuildError| ConfigError::new(NAMES, error.problem());
                Some(AppKey::new(&org, &app).map_err(wrong)?)
            }
            (None, None) => None,
            // A stray name does not matter beside a whole App Key.
            _ if key.is_some() => None,
            (None, Some(_)) => return Err(ConfigError::new("EASEMOB_ORG_NAME", "missing")),
            (Some(_), None) => return Err(ConfigError::new("EASEMOB_APP_NAME", "missing")),
        };
        if key.is_some() && names.is_some() && key != names {
            let problem = format!("contradicts {NAMES}; unset one or the other");
            return Err(ConfigError::new(KEY, problem));
        }
        Ok(key.or(names))
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Environment").finish_non_exhaustive()
    }
}

/// Removes white space and byte order marks at both ends; a carriage return is white space.
///
/// Files and scripts from other systems leave them there, and no setting but a password may have them.
#[must_use]
pub fn trim(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}')
}

/// Parses a setting; `setting` names it in the error.
///
/// # Errors
///
/// If the text is not a value of this type.
pub fn parse<T: FromStr<Err = BuildError>>(
    setting: &'static str,
    text: &str,
) -> Result<T, ConfigError> {
    text.parse().map_err(|error: BuildError| ConfigError::new(setting, error.problem()))
}

/// Parses a number above zero; `setting` names it in the error.
///
/// # Errors
///
/// If the text is not such a number.
pub fn parse_count(setting: &'static str, text: &str) -> Result<NonZeroU32, ConfigError> {
    text.parse().map_err(|_| {
        ConfigError::new(
            setting,
            "is not a whole number above zero, or is too large; write for example 3",
        )
    })
}

/// Converts the content of a file to text; `setting` names the file in the error.
///
/// # Errors
///
/// If the content is not UTF-8. Nothing of it is in the error.
pub fn utf8(setting: &'static str, content: Vec<u8>) -> Result<String, ConfigError> {
    let is_utf_16 = content.starts_with(&[0xff, 0xfe]) || content.starts_with(&[0xfe, 0xff]);
    // The conversion error holds the content, so it is dropped.
    String::from_utf8(content).map_err(|_| {
        let problem = if is_utf_16 {
            "the content is UTF-16; save it as UTF-8"
        } else {
            "the content is not UTF-8; save it as UTF-8"
        };
        ConfigError::new(setting, problem)
    })
}

fn read_secret(variable: &'static str, path: &Path) -> Result<Secret, ConfigError> {
    let wrong = |problem: String| ConfigError::new(variable, problem);
    let unreadable = |error: io::Error| {
        let hint = match error.kind() {
            io::ErrorKind::NotFound if path.is_relative() => {
                "; a relative path starts at the working directory"
            }
            _ => "",
        };
        wrong(format!("cannot read the file that it names: {error}{hint}"))
    };
    // Opening a pipe could block for ever, so this is checked before.
    let metadata = fs::metadata(path).map_err(unreadable)?;
    if metadata.is_dir() {
        return Err(wrong("names a directory; name the file in it".to_owned()));
    }
    if !metadata.is_file() {
        return Err(wrong("names neither a regular file nor a link to one".to_owned()));
    }
    let mut content = Vec::new();
    let file = File::open(path).map_err(unreadable)?;
    file.take(MAX_SECRET_BYTES + 1).read_to_end(&mut content).map_err(unreadable)?;
    if content.len() as u64 > MAX_SECRET_BYTES {
        return Err(wrong(
            "the file is larger than 64 KiB; name a file with nothing but the secret".to_owned(),
        ));
    }
    let text = utf8(variable, content)?;
    match trim(&text) {
        "" => Err(wrong("the file is empty; write the secret to it".to_owned())),
        secret => Ok(Secret::from(secret)),
    }
}

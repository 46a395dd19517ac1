//! The error of a builder whose setting cannot be used.

use std::error::Error;
use std::fmt;

/// A setting that cannot be used, and the reason. Builders return it before anything is sent.
///
/// `Display` names the setting and the problem; the cause, if any, is in [`source`](Error::source).
/// Neither shows a secret.
#[derive(Debug)]
pub struct ConfigError {
    setting: &'static str,
    problem: String,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl ConfigError {
    /// Creates an error. `problem` is a lower-case phrase that says what is wrong and what to do.
    pub fn new(setting: &'static str, problem: impl Into<String>) -> Self {
        Self { setting, problem: problem.into(), source: None }
    }

    /// Adds the cause. Neither its `Debug` nor its `Display` may quote the setting's value: the errors of
    /// most parsers do, as text or as bytes.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The name of the setting, which is the name of the builder's method.
    #[must_use]
    pub fn setting(&self) -> &'static str {
        self.setting
    }

    /// The problem, without the name of the setting.
    #[must_use]
    pub fn problem(&self) -> &str {
        &self.problem
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.setting, self.problem)
    }
}

impl Error for ConfigError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_names_the_setting_first_and_the_cause_is_below_it() {
        let error = ConfigError::new("roots_pem", "holds no certificate").with_source("no file");
        assert_eq!(error.to_string(), "roots_pem: holds no certificate");
        assert_eq!((error.setting(), error.problem()), ("roots_pem", "holds no certificate"));
        assert_eq!(error.source().unwrap().to_string(), "no file");
    }
}

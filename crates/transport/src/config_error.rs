//! A setting of an adapter that cannot be used, found before anything is sent.

use std::error::Error;
use std::fmt;

/// Which setting of an adapter is wrong, and why. For the builders of adapters.
///
/// `Display` names the setting and says what is wrong with it; a deeper cause is in
/// [`source`](Error::source). Neither shows a secret.
#[derive(Debug)]
pub struct ConfigError {
    setting: &'static str,
    problem: String,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl ConfigError {
    /// The setting named `setting` has `problem`, a lower-case phrase that says what to do.
    pub fn new(setting: &'static str, problem: impl Into<String>) -> Self {
        Self { setting, problem: problem.into(), source: None }
    }

    /// The same with the error behind it.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The name of the setting, as the builder's method calls it.
    #[must_use]
    pub fn setting(&self) -> &'static str {
        self.setting
    }

    /// What is wrong with it: the text without the setting's name.
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
    fn the_text_names_the_setting_first() {
        let error = ConfigError::new("roots_pem", "holds no certificate");
        assert_eq!(error.to_string(), "roots_pem: holds no certificate");
        assert_eq!(error.setting(), "roots_pem");
    }
}

//! Settings that a command needs; all that are missing are named at once.

use std::io::IsTerminal as _;

use crate::failure::Failure;
use crate::options::Options;

/// A setting without a default.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Setting {
    BaseUrl,
    AppKey,
    ClientId,
    ClientSecret,
    /// Set, or asked for on a terminal.
    Password,
}

impl Setting {
    fn is_set(self, options: &Options) -> bool {
        match self {
            Self::BaseUrl => options.base_url.is_some(),
            Self::AppKey => options.app_key.is_some(),
            Self::ClientId => options.client_id.is_some(),
            Self::ClientSecret => {
                options.client_secret_file.is_some() || options.client_secret.is_some()
            }
            Self::Password => {
                options.password_file.is_some()
                    || options.password.is_some()
                    || std::io::stdin().is_terminal()
            }
        }
    }

    /// The option, the variable, and what to write.
    fn names(self) -> [&'static str; 3] {
        match self {
            Self::BaseUrl => ["--base-url", "EASEMOB_BASE_URL", "https://a1.easemob.com"],
            Self::AppKey => ["--app-key", "EASEMOB_APP_KEY", "org#app"],
            Self::ClientId => ["--client-id", "EASEMOB_CLIENT_ID", "…"],
            Self::ClientSecret => ["--client-secret-file", "EASEMOB_CLIENT_SECRET", "…"],
            Self::Password => ["--password-file", "EASEMOB_PASSWORD", "…"],
        }
    }
}

/// Refuses settings that are wrong or missing, with the lines that set the latter in a shell.
pub(crate) fn require(options: &Options, needed: &[Setting]) -> Result<(), Failure> {
    let is_missing = |it: &&Setting| !it.is_set(options) && !options.wrong.contains(&it.names()[0]);
    let missing: Vec<_> = needed.iter().filter(is_missing).map(|it| it.names()).collect();
    let names: Vec<_> = missing.iter().map(|[option, ..]| *option).collect();
    let mut problems = options.problems.clone();
    if !missing.is_empty() {
        let names = names.join(", ");
        problems.push(format!("missing: {names}; give them as options, or fill in and run:"));
    }
    if problems.is_empty() {
        return Ok(());
    }
    let mut message = problems.join("; ");
    for [_, variable, value] in missing {
        // The quotes keep the # of an App Key from starting a comment.
        message.push_str(&format!("\nexport {variable}='{value}'"));
    }
    Err(Failure::invalid_input(message))
}

/// A setting that [`require`] has found.
pub(crate) fn present<T: Clone>(value: Option<&T>) -> Result<T, Failure> {
    value.cloned().ok_or_else(|| Failure::internal("a required setting is absent"))
}

//! Why the command has no token: the exit code, and the text on standard error.

use std::error::Error as _;
use std::ffi::OsString;
use std::io;
use std::process::ExitCode;

use easemob_token::{BuildError, ConfigError, Error, ErrorKind};
use serde::Serialize;

use crate::args::Format;
use crate::output::{self, WriteError};

/// What a shell reports of a command that a closed pipe ended (128 + SIGPIPE).
const READER_GONE: u8 = 141;

/// What is said on standard error; the members are those of the JSON form.
#[derive(Debug, Serialize)]
pub(crate) struct Failure {
    kind: &'static str,
    message: String,
    status: Option<u16>,
    code: Option<String>,
    description: Option<String>,
    retryable: bool,
    attempts: u32,
    #[serde(skip)]
    exit: u8,
}

impl Failure {
    fn new(kind: ErrorKind, message: String) -> Self {
        Self {
            kind: kind.as_str(),
            message,
            status: None,
            code: None,
            description: None,
            retryable: false,
            attempts: 0,
            exit: exit_code(kind),
        }
    }

    /// Something that was typed, or a setting, is wrong.
    pub(crate) fn invalid_input(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidInput, message.into())
    }

    /// A fault of ours, or of the machine.
    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Internal, message.into())
    }

    /// The whole command took too long, after this many requests.
    pub(crate) fn deadline(message: String, attempts: u32) -> Self {
        Self { retryable: true, attempts, ..Self::new(ErrorKind::Timeout, message) }
    }

    /// Whoever read standard output has seen enough: nothing to say.
    fn reader_gone() -> Self {
        Self { exit: READER_GONE, ..Self::internal(String::new()) }
    }

    /// Says it, and gives the code to exit with.
    pub(crate) fn report(&self, format: Format) -> ExitCode {
        let json = || serde_json::to_string(&serde_json::json!({ "error": self }));
        match format {
            _ if self.exit == READER_GONE => {}
            Format::Json => output::note(json().unwrap_or_default()),
            Format::Text => {
                output::note(format_args!("easemob-token: {}: {}", self.kind, self.message));
            }
        }
        ExitCode::from(self.exit)
    }
}

fn exit_code(kind: ErrorKind) -> u8 {
    match kind {
        ErrorKind::InvalidInput => 2,
        ErrorKind::InvalidClient
        | ErrorKind::InvalidPassword
        | ErrorKind::UserNotFound
        | ErrorKind::UserDeactivated
        | ErrorKind::InvalidUsername
        | ErrorKind::ApplicationNotFound
        | ErrorKind::Unauthorized
        | ErrorKind::Rejected => 3,
        ErrorKind::RateLimited | ErrorKind::QuotaExceeded => 4,
        ErrorKind::Connect
        | ErrorKind::Tls
        | ErrorKind::Timeout
        | ErrorKind::Interrupted
        | ErrorKind::ServerError
        | ErrorKind::Conflict => 5,
        ErrorKind::TooLarge | ErrorKind::Redirected | ErrorKind::MalformedResponse => 6,
        // `Internal`, and any kind that is not in the contract: a fault of ours.
        _ => 1,
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        // One line: the phrase, then each cause below it that adds something.
        let mut message = error.to_string();
        let mut cause = error.source();
        while let Some(below) = cause {
            let text = below.to_string();
            if !message.contains(&text) {
                message.push_str(": ");
                message.push_str(&text.replace(['\n', '\r'], " "));
            }
            cause = below.source();
        }
        Self {
            status: error.status(),
            code: error.code().map(str::to_owned),
            description: error.description().map(str::to_owned),
            retryable: error.is_retryable(),
            attempts: error.attempts(),
            ..Self::new(error.kind(), message)
        }
    }
}

impl From<BuildError> for Failure {
    fn from(error: BuildError) -> Self {
        Self::invalid_input(error.to_string())
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        let option = match error.setting() {
            "base_url" => "--base-url (EASEMOB_BASE_URL; --allow-http allows plain HTTP)",
            "app_key" => "--app-key (EASEMOB_APP_KEY)",
            "client_credentials" => "--client-id (EASEMOB_CLIENT_ID) and EASEMOB_CLIENT_SECRET",
            "app_token_ttl" => "--ttl",
            "roots_pem" => "--ca-file",
            "proxy" => "--proxy",
            other => other,
        };
        let mut message = format!("{option}: {}", error.problem());
        if let Some(cause) = error.source() {
            message = format!("{message}: {cause}");
        }
        Self::invalid_input(message)
    }
}

impl From<WriteError> for Failure {
    fn from(WriteError(error): WriteError) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::reader_gone();
        }
        Self::internal(format!("cannot write to standard output: {error}"))
    }
}

/// Whether the words ask for JSON, for an error in the words themselves.
pub(crate) fn wants_json(words: impl Iterator<Item = OsString>) -> bool {
    let words: Vec<_> = words.collect();
    words.iter().any(|word| word == "--format=json")
        || words.windows(2).any(|pair| pair[0] == "--format" && pair[1] == "json")
}

/// The first line of an error in the words, without its prefix.
pub(crate) fn first_line(error: &clap::Error) -> String {
    let text = error.to_string();
    let line = text.lines().next().unwrap_or_default();
    line.strip_prefix("error: ").unwrap_or(line).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_seen_in_both_spellings() {
        let words = |words: &[&str]| wants_json(words.iter().map(OsString::from));
        assert!(words(&["x", "--format", "json"]) && words(&["x", "--format=json"]));
        assert!(!words(&["x", "--format", "text"]) && !words(&["json"]));
    }
}

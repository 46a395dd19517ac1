//! Failures of the command: the exit code, and the text on standard error.

use std::error::Error as _;
use std::fmt;
use std::io;
use std::process::ExitCode;

use easemob_token::{BuildError, ConfigError, Error, ErrorCategory, ErrorKind};
use serde::Serialize;

use crate::args::Format;
use crate::output::{self, WriteError};
use crate::{remedy, time};

/// Exit code of a command that a closed pipe ended (128 + SIGPIPE).
const READER_GONE: u8 = 141;
/// Exit code if some of several users have no token.
const SOME_FAILED: u8 = 7;
/// Exit code if the arguments are wrong.
pub(crate) const USAGE: u8 = 2;

/// A failure as it is written to standard error; the members are those of the JSON form.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Failure {
    kind: &'static str,
    message: String,
    status: Option<u16>,
    code: Option<String>,
    description: Option<String>,
    retryable: bool,
    /// Seconds, rounded up.
    retry_after: Option<u64>,
    attempts: u32,
    #[serde(skip)]
    exit: u8,
}

impl Failure {
    fn new(kind: ErrorKind, message: String) -> Self {
        Self {
            kind: kind.as_str(),
            message: with_options(message),
            status: None,
            code: None,
            description: None,
            retryable: kind.is_retryable(),
            retry_after: None,
            attempts: 0,
            exit: exit_code(kind),
        }
    }

    /// An argument or a setting is wrong.
    pub(crate) fn invalid_input(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidInput, message.into())
    }

    /// The program or the machine is at fault.
    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Internal, message.into())
    }

    /// A failure of this kind that the command found itself.
    pub(crate) fn of(kind: ErrorKind, message: &str) -> Self {
        Self::new(kind, message.to_owned())
    }

    /// What happened, and the remedy.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    pub(crate) fn is(&self, kind: ErrorKind) -> bool {
        self.kind == kind.as_str()
    }

    /// The exit code of this kind.
    pub(crate) fn exit_code_of(kind: ErrorKind) -> ExitCode {
        ExitCode::from(exit_code(kind))
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.exit)
    }

    /// The whole command took too long, after this many requests.
    pub(crate) fn deadline(message: String, attempts: u32) -> Self {
        Self { attempts, ..Self::new(ErrorKind::Timeout, message) }
    }

    /// Adds a remedy to the message.
    pub(crate) fn with_hint(mut self, hint: impl fmt::Display) -> Self {
        self.message = format!("{}; {hint}", self.message);
        self
    }

    /// Ends the process with another exit code than that of the kind.
    pub(crate) fn with_exit_code(self, exit: u8) -> Self {
        Self { exit, ..self }
    }

    /// Begins the message with the place of the input that failed.
    pub(crate) fn at(mut self, place: &str) -> Self {
        self.message = format!("{place}: {}", self.message);
        self
    }

    /// Some of several users have no token; each has said why in its line of the output.
    pub(crate) fn of_users(failed: u64, total: u64) -> Self {
        let message = format!("{failed} of {total} user IDs failed; see `error` in their lines");
        Self { exit: SOME_FAILED, ..Self::internal(message) }
    }

    /// The reader of standard output has closed the pipe: nothing is written.
    fn reader_gone() -> Self {
        Self { exit: READER_GONE, ..Self::internal(String::new()) }
    }

    /// Writes it, and returns the exit code.
    pub(crate) fn report(&self, format: Format) -> ExitCode {
        let json = || serde_json::to_string(&serde_json::json!({ "error": self }));
        match format {
            _ if self.exit == READER_GONE => {}
            Format::Json if self.exit == SOME_FAILED => {}
            _ if self.exit == SOME_FAILED => {
                output::note(format_args!("easemob-token: {}", self.message));
            }
            Format::Json => output::note(json().unwrap_or_default()),
            _ => {
                output::note(format_args!("easemob-token: {}: {}", self.kind, self.message));
            }
        }
        ExitCode::from(self.exit)
    }
}

/// Writes the command's options for the library's settings.
fn with_options(message: String) -> String {
    const OPTIONS: [(&str, &str); 5] = [
        ("send one with it", "send one with --authorize-password"),
        ("add_roots_pem", "--add-ca-file"),
        ("roots_pem", "--ca-file"),
        ("request_timeout", "--timeout"),
        ("acquisition_deadline", "--deadline"),
    ];
    OPTIONS.iter().fold(message, |text, (setting, option)| text.replace(setting, option))
}

fn exit_code(kind: ErrorKind) -> u8 {
    match kind.category() {
        ErrorCategory::Internal => 1,
        ErrorCategory::InvalidInput => USAGE,
        ErrorCategory::Refused => 3,
        ErrorCategory::Limited => 4,
        ErrorCategory::Unavailable => 5,
        ErrorCategory::BadResponse => 6,
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self {
            status: error.status(),
            code: error.code().map(str::to_owned),
            description: error.description().map(str::to_owned),
            retryable: error.is_retryable(),
            retry_after: error.retry_after().map(time::whole_seconds),
            attempts: error.attempts(),
            ..Self::new(error.kind(), remedy::report(&error))
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
            "client_credentials" => {
                "--client-id and --client-secret-file (EASEMOB_CLIENT_ID, EASEMOB_CLIENT_SECRET)"
            }
            "client_certificate_pem" => "--client-cert and --client-key",
            "app_token_ttl" => "--ttl (EASEMOB_TTL)",
            "user_agent" => "--user-agent (EASEMOB_USER_AGENT)",
            "roots_pem" => "--ca-file",
            "add_roots_pem" => "--add-ca-file",
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const PAGES: [(&str, &str); 2] = [
        (include_str!("../../../docs/errors.md"), "yes"),
        (include_str!("../../../docs/errors.zh-CN.md"), "是"),
    ];

    /// The rows `| exit | kind | … | retry |` of a page.
    fn listed(page: &str, yes: &str) -> Vec<(u8, String, bool)> {
        let row = |line: &str| {
            let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
            let [exit, kind, _, _, retry] = cells[..] else { return None };
            Some((exit.parse().ok()?, kind.trim_matches('`').to_owned(), retry.starts_with(yes)))
        };
        page.lines().filter_map(row).collect()
    }

    #[test]
    fn a_remedy_names_the_option_and_not_the_setting_of_the_library() {
        let failure = Failure::invalid_input("give it as roots_pem or add_roots_pem");
        assert_eq!(failure.message, "give it as --ca-file or --add-ca-file");
        let failure = Failure::from(ConfigError::new("client_certificate_pem", "no key"));
        assert_eq!(failure.message, "--client-cert and --client-key: no key");
    }

    #[test]
    fn both_pages_list_each_kind_with_its_exit_code_and_whether_it_is_retryable() {
        let expected: BTreeSet<_> = ErrorKind::ALL
            .iter()
            .map(|kind| (exit_code(*kind), kind.as_str().to_owned(), kind.is_retryable()))
            .collect();
        for (page, yes) in PAGES {
            let listed = listed(page, yes);
            assert_eq!(listed.len(), expected.len());
            assert_eq!(listed.into_iter().collect::<BTreeSet<_>>(), expected);
        }
    }
}

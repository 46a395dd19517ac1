//! Errors of the emulator's settings and of its start.

use std::error::Error;
use std::fmt;
use std::io;

/// An invalid setting or argument. Never contains a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetupError {
    setting: &'static str,
    problem: &'static str,
}

impl SetupError {
    pub(crate) fn new(setting: &'static str, problem: &'static str) -> Self {
        Self { setting, problem }
    }

    /// The name of the invalid setting, such as `organization` or `user ID`.
    #[must_use]
    pub fn setting(&self) -> &'static str {
        self.setting
    }
}

impl fmt::Display for SetupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the {} {}", self.setting, self.problem)
    }
}

impl Error for SetupError {}

/// An error from [`Builder::start`](crate::Builder::start).
#[derive(Debug)]
pub struct StartError {
    kind: StartErrorKind,
    listen: String,
    source: Option<Box<dyn Error + Send + Sync>>,
}

/// The kinds of [`StartError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StartErrorKind {
    /// A setting is invalid; the source is a [`SetupError`].
    InvalidSetting,
    /// Other machines can reach the address, and
    /// [`allow_remote`](crate::Builder::allow_remote) was not called.
    NotLoopback,
    /// The operating system refused the address; the source is an [`io::Error`].
    Listen,
    /// The operating system gave no random bytes for the keys.
    Entropy,
}

impl StartError {
    pub(crate) fn setting(listen: &str, source: SetupError) -> Self {
        Self::with(StartErrorKind::InvalidSetting, listen, Some(source.into()))
    }

    pub(crate) fn not_loopback(listen: &str) -> Self {
        Self::with(StartErrorKind::NotLoopback, listen, None)
    }

    pub(crate) fn listen_failed(listen: &str, source: io::Error) -> Self {
        Self::with(StartErrorKind::Listen, listen, Some(source.into()))
    }

    pub(crate) fn entropy(listen: &str, source: getrandom::Error) -> Self {
        Self::with(StartErrorKind::Entropy, listen, Some(io::Error::from(source).into()))
    }

    fn with(
        kind: StartErrorKind,
        listen: &str,
        source: Option<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self { kind, listen: listen.to_owned(), source }
    }

    /// The kind of the error.
    #[must_use]
    pub fn kind(&self) -> StartErrorKind {
        self.kind
    }

    /// The listen address as it was given.
    #[must_use]
    pub fn listen(&self) -> &str {
        &self.listen
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let listen = self.listen.escape_debug();
        match self.kind {
            StartErrorKind::InvalidSetting => {
                write!(f, "cannot start the emulator on {listen}: a setting is invalid")
            }
            StartErrorKind::NotLoopback => write!(
                f,
                "cannot start the emulator on {listen}: other machines could reach it; \
                 allow remote clients or listen on 127.0.0.1"
            ),
            StartErrorKind::Listen => write!(f, "cannot listen on {listen}"),
            StartErrorKind::Entropy => {
                write!(
                    f,
                    "cannot start the emulator on {listen}: the operating system gave no random bytes"
                )
            }
        }
    }
}

impl Error for StartError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}

//! The outcome of one call, to compare and to print.

use std::fmt;

use easemob_token_transport::TransportErrorKind;

/// The outcome of one call.
// Complete on purpose: a response, each kind of error of the port, and the two ways to return nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Outcome {
    /// A complete response, whatever its status.
    Ok,
    /// [`TransportErrorKind::Connect`].
    Connect,
    /// [`TransportErrorKind::Tls`].
    Tls,
    /// [`TransportErrorKind::Timeout`].
    Timeout,
    /// [`TransportErrorKind::Interrupted`].
    Interrupted,
    /// [`TransportErrorKind::TooLarge`].
    TooLarge,
    /// [`TransportErrorKind::Unsupported`].
    Unsupported,
    /// [`TransportErrorKind::Internal`].
    Internal,
    /// The call did not end long after its time limit. Never allowed.
    Hung,
    /// The call panicked. Never allowed.
    Panicked,
}

impl From<TransportErrorKind> for Outcome {
    fn from(kind: TransportErrorKind) -> Self {
        match kind {
            TransportErrorKind::Connect => Self::Connect,
            TransportErrorKind::Tls => Self::Tls,
            TransportErrorKind::Timeout => Self::Timeout,
            TransportErrorKind::Interrupted => Self::Interrupted,
            TransportErrorKind::TooLarge => Self::TooLarge,
            TransportErrorKind::Unsupported => Self::Unsupported,
            TransportErrorKind::Internal => Self::Internal,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Ok => "Ok",
            Self::Connect => "Connect",
            Self::Tls => "Tls",
            Self::Timeout => "Timeout",
            Self::Interrupted => "Interrupted",
            Self::TooLarge => "TooLarge",
            Self::Unsupported => "Unsupported",
            Self::Internal => "Internal",
            Self::Hung => "HUNG",
            Self::Panicked => "PANICKED",
        })
    }
}

/// Lists outcomes for the table, each of them once.
pub(crate) fn list(outcomes: impl IntoIterator<Item = Outcome>) -> String {
    let mut seen: Vec<Outcome> = Vec::new();
    for outcome in outcomes {
        if !seen.contains(&outcome) {
            seen.push(outcome);
        }
    }
    let words: Vec<String> = seen.iter().map(ToString::to_string).collect();
    words.join(", ")
}

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

impl Outcome {
    pub(crate) fn by_name(name: &str) -> Option<Self> {
        use Outcome::{
            Connect, Hung, Internal, Interrupted, Ok, Panicked, Timeout, Tls, TooLarge, Unsupported,
        };
        [Ok, Connect, Tls, Timeout, Interrupted, TooLarge, Unsupported, Internal, Hung, Panicked]
            .into_iter()
            .find(|own| own.to_string() == name)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{self:?}"))
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

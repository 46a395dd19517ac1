//! What comes out when no complete response arrived.

use std::error::Error;
use std::fmt;

/// Why an exchange brought no complete response.
///
/// The set is closed on purpose: a caller decides by it, and the decision must cover every case.
/// Each kind answers one question, whether the request was possibly sent ([`Delivery`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TransportErrorKind {
    /// No connection: the name is unknown, the port closed, the network down, or the other side
    /// broke the TLS handshake off, speaks too old a TLS or none at all. Not sent.
    Connect,
    /// The other side's certificate is not to be trusted, or TLS cannot be used as configured.
    /// Not sent, and not to be tried again.
    Tls,
    /// The time was over before the response was complete. Possibly sent.
    Timeout,
    /// The connection broke, or what came back is not a whole HTTP response. To be counted as
    /// sent.
    Interrupted,
    /// The response's head or body is larger than the caller allows. Sent.
    TooLarge,
    /// This transport cannot send such a request: plain `http://` without permission, or no TLS
    /// compiled in. Not sent.
    Unsupported,
    /// The transport itself is unusable: the wrong async runtime, a dead thread, a forked
    /// process. Not sent, as far as it knows.
    Internal,
}

/// Whether a failed request reached the other side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Delivery {
    /// Certainly not.
    No,
    /// It may have been.
    Unknown,
    /// To be taken as sent.
    Yes,
}

impl TransportErrorKind {
    /// Whether a request that failed in this way was possibly sent.
    #[must_use]
    pub fn delivery(self) -> Delivery {
        match self {
            Self::Connect | Self::Tls | Self::Unsupported => Delivery::No,
            Self::Timeout | Self::Internal => Delivery::Unknown,
            Self::Interrupted | Self::TooLarge => Delivery::Yes,
        }
    }

    /// Whether the same exchange may succeed when it is sent again later.
    #[must_use]
    pub fn is_retryable(self) -> bool {
        matches!(self, Self::Connect | Self::Timeout | Self::Interrupted)
    }

    fn phrase(self) -> &'static str {
        match self {
            Self::Connect => "could not connect to the server",
            Self::Tls => "could not establish a trusted TLS connection",
            Self::Timeout => "the exchange took longer than its time limit",
            Self::Interrupted => "the connection broke or the reply is not a whole HTTP response",
            Self::TooLarge => "the response is larger than the limit",
            Self::Unsupported => "this transport cannot send such a request",
            Self::Internal => "the transport cannot be used here",
        }
    }
}

/// A failed exchange: its kind, and the cause behind it.
///
/// `Display` is one phrase without its cause; the cause is in [`source`](Error::source).
#[derive(Debug)]
pub struct TransportError {
    kind: TransportErrorKind,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl TransportError {
    /// An error without a deeper cause.
    #[must_use]
    pub fn new(kind: TransportErrorKind) -> Self {
        Self { kind, source: None }
    }

    /// An error with its cause: another error, or a phrase.
    ///
    /// Neither the `Debug` nor the `Display` of the cause may show a header value or a body.
    pub fn with_source(
        kind: TransportErrorKind,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self { kind, source: Some(source.into()) }
    }

    /// What went wrong, for the caller's decision.
    #[must_use]
    pub fn kind(&self) -> TransportErrorKind {
        self.kind
    }

    /// Whether the request was possibly sent.
    #[must_use]
    pub fn delivery(&self) -> Delivery {
        self.kind.delivery()
    }

    /// Whether the same exchange may succeed when it is sent again later.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.kind.is_retryable()
    }

    /// Whether the time was over.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        self.kind == TransportErrorKind::Timeout
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.phrase())
    }
}

impl Error for TransportError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}

impl From<TransportErrorKind> for TransportError {
    fn from(kind: TransportErrorKind) -> Self {
        Self::new(kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cause_is_in_source_and_not_in_display() {
        let error = TransportError::with_source(TransportErrorKind::Connect, "port 1 is closed");
        assert_eq!(error.to_string(), "could not connect to the server");
        assert_eq!(error.source().unwrap().to_string(), "port 1 is closed");
    }

    #[test]
    fn what_was_certainly_not_sent_is_never_called_sent() {
        use TransportErrorKind::{
            Connect, Internal, Interrupted, Timeout, Tls, TooLarge, Unsupported,
        };
        for kind in [Connect, Tls, Unsupported] {
            assert_eq!(kind.delivery(), Delivery::No);
        }
        for kind in [Timeout, Internal] {
            assert_eq!(kind.delivery(), Delivery::Unknown);
        }
        for kind in [Interrupted, TooLarge] {
            assert_eq!(kind.delivery(), Delivery::Yes);
        }
    }
}

//! The error of an exchange without a complete response.

use std::error::Error;
use std::fmt;

/// The reason why an exchange brought no complete response.
///
/// The set is closed on purpose, so that callers handle every case. Each kind determines whether the
/// request may have been sent ([`Delivery`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TransportErrorKind {
    /// No connection: unknown name, closed port, network down, or a TLS handshake that failed. Not sent.
    ///
    /// A refused certificate is [`Tls`](Self::Tls).
    Connect,
    /// The server's certificate is not trusted, or TLS cannot be used as configured. Not sent, and a
    /// retry does not help.
    Tls,
    /// Timed out before the response was complete. Possibly sent.
    Timeout,
    /// The connection broke, or the response is not a complete HTTP response. Treated as sent.
    Interrupted,
    /// The response's head or body is larger than the caller allows. Sent.
    TooLarge,
    /// This transport cannot send such a request: plain `http://` without permission, or no TLS
    /// compiled in. Not sent.
    Unsupported,
    /// The transport itself cannot be used: wrong async runtime, dead thread, forked process.
    /// Possibly sent.
    Internal,
}

/// Whether a failed request reached the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Delivery {
    /// Certainly not.
    No,
    /// It may have been.
    Unknown,
    /// Treat it as sent.
    Yes,
}

impl TransportErrorKind {
    /// Whether a request that failed in this way may have been sent.
    #[must_use]
    pub fn delivery(self) -> Delivery {
        match self {
            Self::Connect | Self::Tls | Self::Unsupported => Delivery::No,
            Self::Timeout | Self::Internal => Delivery::Unknown,
            Self::Interrupted | Self::TooLarge => Delivery::Yes,
        }
    }

    /// Whether a retry may succeed.
    #[must_use]
    pub fn is_retryable(self) -> bool {
        matches!(self, Self::Connect | Self::Timeout | Self::Interrupted)
    }

    fn phrase(self) -> &'static str {
        match self {
            Self::Connect => "could not connect to the server",
            Self::Tls => "could not establish a trusted TLS connection",
            Self::Timeout => "the request timed out",
            Self::Interrupted => "the connection broke or the response is not complete HTTP",
            Self::TooLarge => "the response is larger than the limit",
            Self::Unsupported => "this transport cannot send this request",
            Self::Internal => "the transport cannot be used here",
        }
    }
}

/// A failed exchange: its kind and its cause.
///
/// `Display` is one phrase without its cause; the cause is in [`source`](Error::source).
#[derive(Debug)]
pub struct TransportError {
    kind: TransportErrorKind,
    source: Option<Box<dyn Error + Send + Sync>>,
    is_retryable_once: bool,
}

impl TransportError {
    /// Creates an error without a cause.
    #[must_use]
    pub fn new(kind: TransportErrorKind) -> Self {
        Self { kind, source: None, is_retryable_once: false }
    }

    /// Creates an error with its cause: another error, or a phrase.
    ///
    /// Neither the `Debug` nor the `Display` of the cause may show a header value or a body.
    pub fn with_source(
        kind: TransportErrorKind,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self { kind, source: Some(source.into()), is_retryable_once: false }
    }

    /// Limits the retries of the request to one.
    ///
    /// For a request that was sent and whose failure will probably repeat, so that more retries would
    /// only send it again and again.
    #[must_use]
    pub fn retry_once(mut self) -> Self {
        self.is_retryable_once = true;
        self
    }

    /// The kind of failure.
    #[must_use]
    pub fn kind(&self) -> TransportErrorKind {
        self.kind
    }

    /// Whether the request may have been sent.
    #[must_use]
    pub fn delivery(&self) -> Delivery {
        self.kind.delivery()
    }

    /// Whether a retry may succeed.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.kind.is_retryable()
    }

    /// Whether a retryable request should be sent once more at most ([`retry_once`](Self::retry_once)).
    #[must_use]
    pub fn is_retryable_once(&self) -> bool {
        self.is_retryable_once && self.is_retryable()
    }

    /// Whether the exchange timed out.
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
    fn each_kind_has_its_delivery_and_its_advice() {
        use Delivery::{No, Unknown, Yes};
        use TransportErrorKind::{
            Connect, Internal, Interrupted, Timeout, Tls, TooLarge, Unsupported,
        };
        for (kind, delivery, is_retryable) in [
            (Connect, No, true),
            (Tls, No, false),
            (Unsupported, No, false),
            (Timeout, Unknown, true),
            (Internal, Unknown, false),
            (Interrupted, Yes, true),
            (TooLarge, Yes, false),
        ] {
            let error = TransportError::new(kind);
            assert_eq!(
                (error.delivery(), error.is_retryable()),
                (delivery, is_retryable),
                "{kind:?}"
            );
            assert_eq!(error.is_timeout(), kind == Timeout, "{kind:?}");
            assert!(!error.is_retryable_once());
            assert_eq!(error.retry_once().is_retryable_once(), is_retryable, "{kind:?}");
        }
    }
}

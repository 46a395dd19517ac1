//! Classifies the errors of hyper and rustls by the kinds of the port.

use std::error::Error;
use std::fmt;

use easemob_token_transport::{
    TransportError, TransportErrorKind, classify_connect, classify_exchange, find_in_chain,
    is_beyond_bounds_of_hyper, tokio_support,
};
use hyper_util::client::legacy;
use rustls::pki_types::InvalidDnsNameError;

use crate::certificate_advice::handshake_advice;
use crate::connection_state::TooManyBytes;

type BoxError = Box<dyn Error + Send + Sync>;

/// The error of an exchange of a ready client that brought no head.
pub(crate) fn classify_client_error(error: legacy::Error) -> TransportError {
    if error.is_connect() { classify_opening(error.into()) } else { classify_head(error) }
}

/// The error of an attempt to open a connection.
pub(crate) fn classify_opening(error: BoxError) -> TransportError {
    classify(error, connect_kind)
}

/// The error of a connection that brought no head.
pub(crate) fn classify_head(error: impl Into<BoxError>) -> TransportError {
    classify(error.into(), exchange_kind)
}

fn classify(
    error: BoxError,
    kind: fn(&(dyn Error + 'static)) -> TransportErrorKind,
) -> TransportError {
    if let Some(error) = tokio_support::ending(&*error) {
        return error;
    }
    // An error of the connector itself, such as a plain target behind a proxy.
    if let Some(own) = find_in_chain::<TransportError>(&*error) {
        let cause = own.source().unwrap_or(own).to_string();
        return TransportError::with_source(own.kind(), cause);
    }
    let kind = kind(&*error);
    let tls = find_in_chain::<rustls::Error>(&*error);
    match tls.map(|tls| (handshake_advice(tls), tls.to_string().contains('['))) {
        // rustls lists algorithms as bytes, up to each one that it knows.
        Some((Some(advice), true)) => {
            TransportError::with_source(kind, Refused { advice, source: None })
        }
        Some((Some(advice), false)) => {
            TransportError::with_source(kind, Refused { advice, source: Some(error) })
        }
        _ => TransportError::with_source(kind, error),
    }
}

/// A certificate that was refused, and what to do.
#[derive(Debug)]
struct Refused {
    advice: &'static str,
    source: Option<BoxError>,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.advice)
    }
}

impl Error for Refused {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_ref().map(|source| &**source as &(dyn Error + 'static))
    }
}

/// The error of a body that did not arrive whole.
pub(crate) fn classify_body_error(error: hyper::Error) -> TransportError {
    TransportError::with_source(exchange_kind(&error), error)
}

fn connect_kind(error: &(dyn Error + 'static)) -> TransportErrorKind {
    // A refused certificate is final. A handshake that fails in another way (an alert, bytes that are
    // not TLS, a closed connection) may succeed the next time: that stays `Connect`.
    let distrusted =
        matches!(find_in_chain::<rustls::Error>(error), Some(rustls::Error::InvalidCertificate(_)));
    if distrusted || find_in_chain::<InvalidDnsNameError>(error).is_some() {
        return TransportErrorKind::Tls;
    }
    classify_connect(error)
}

fn exchange_kind(error: &(dyn Error + 'static)) -> TransportErrorKind {
    match find_in_chain::<hyper::Error>(error) {
        Some(hyper) if hyper.is_parse_too_large() => TransportErrorKind::TooLarge,
        _ if find_in_chain::<TooManyBytes>(error).is_some() => TransportErrorKind::TooLarge,
        _ if is_beyond_bounds_of_hyper(error) => TransportErrorKind::TooLarge,
        _ => classify_exchange(error),
    }
}

//! Classifies the errors of isahc, and of the curl below it, by the kinds of the port.

use std::error::Error as StdError;
use std::{fmt, io};

use easemob_token_transport::{TransportError, TransportErrorKind, find_in_chain};
use isahc::error::{Error, ErrorKind};

/// `CURLE_PEER_FAILED_VERIFICATION`: libcurl returns no more than this.
const REFUSED_CERTIFICATE: i64 = 60;
/// `CURLE_PROXY`: the handshake with the proxy failed.
const PROXY: i64 = 97;
/// `CURLE_TOO_LARGE`: a header line beyond 100 KiB, or more than 5 000 of them.
const TOO_LARGE: i64 = 100;

/// The port's error for a failed `send_async`.
pub(crate) fn from_isahc(error: &Error) -> TransportError {
    with_cause(kind_of(error), error)
}

/// The port's error if it is known that nothing was sent.
///
/// A TLS handshake or a proxy that breaks off has the code of a connection that breaks during the
/// exchange.
pub(crate) fn before_sending(error: &Error) -> TransportError {
    let kind = match kind_of(error) {
        TransportErrorKind::Interrupted => TransportErrorKind::Connect,
        other => other,
    };
    with_cause(kind, error)
}

/// The port's error for a body that could not be read to its end.
pub(crate) fn from_body(error: &io::Error) -> TransportError {
    match find_in_chain::<Error>(error) {
        Some(error) => from_isahc(error),
        None => TransportError::with_source(
            TransportErrorKind::Interrupted,
            io::Error::from(error.kind()),
        ),
    }
}

/// The port's error for a fault that this adapter found itself.
pub(crate) fn own(kind: TransportErrorKind, phrase: &'static str) -> TransportError {
    TransportError::with_source(kind, phrase)
}

fn kind_of(error: &Error) -> TransportErrorKind {
    let Some(curl) = find_in_chain::<curl::Error>(error) else {
        return of_isahc(error.kind());
    };
    match i64::from(curl.code()) {
        PROXY => TransportErrorKind::Connect,
        TOO_LARGE => TransportErrorKind::TooLarge,
        _ => of_isahc(error.kind()),
    }
}

fn of_isahc(kind: &ErrorKind) -> TransportErrorKind {
    match kind {
        ErrorKind::NameResolution | ErrorKind::ConnectionFailed => TransportErrorKind::Connect,
        ErrorKind::BadClientCertificate
        | ErrorKind::BadServerCertificate
        | ErrorKind::InvalidTlsConfiguration
        | ErrorKind::TlsEngine => TransportErrorKind::Tls,
        ErrorKind::Timeout => TransportErrorKind::Timeout,
        ErrorKind::InvalidRequest => TransportErrorKind::Unsupported,
        ErrorKind::ClientInitialization => TransportErrorKind::Internal,
        _ => TransportErrorKind::Interrupted,
    }
}

fn with_cause(kind: TransportErrorKind, error: &Error) -> TransportError {
    let curl = find_in_chain::<curl::Error>(error);
    let cause = Cause {
        kind: error.kind().clone(),
        curl: curl.map(|curl| (i64::from(curl.code()), curl.description().to_lowercase())),
    };
    TransportError::with_source(kind, cause)
}

/// What a certificate must be, since the reason is unknown.
const REFUSED: &str = "the server's certificate was refused (curl 60, which gives no reason): a trusted \
     root must have issued it, its subjectAltName must name this host, and its dates must include \
     today; one of an authority (CA:TRUE, the default of openssl req -x509) is refused even if it is a \
     root: make it with -addext basicConstraints=critical,CA:FALSE, see docs/transports.md";

/// The part of isahc's error that may be shown: its kind, and curl's phrase for its code.
///
/// Their other texts can quote the response, as in "Unsolicited Transfer-Encoding (…) found".
#[derive(Debug)]
struct Cause {
    kind: ErrorKind,
    curl: Option<(i64, String)>,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.curl {
            Some((REFUSED_CERTIFICATE, _)) => f.write_str(REFUSED),
            Some((code, phrase)) => write!(f, "{phrase} (curl {code})"),
            None => write!(f, "{}", self.kind),
        }
    }
}

impl StdError for Cause {}

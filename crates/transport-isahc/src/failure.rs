//! Classifies the errors of isahc, and of the curl below it, by the kinds of the port.

use std::error::Error as StdError;
use std::{fmt, io};

use easemob_token_transport::{TransportError, TransportErrorKind, find_in_chain};
use isahc::error::{Error, ErrorKind};

/// `CURLE_COULDNT_CONNECT`: no connection, or a proxy that opens no tunnel.
const COULDNT_CONNECT: i64 = 7;
/// `CURLE_RECV_ERROR`: the connection broke, or ended in a way that TLS does not accept.
const RECV_ERROR: i64 = 56;
/// `CURLE_PEER_FAILED_VERIFICATION`: libcurl returns no more than this.
const REFUSED_CERTIFICATE: i64 = 60;
/// `CURLE_PROXY`: the handshake with the proxy failed.
const PROXY: i64 = 97;
/// `CURLE_TOO_LARGE`: a header line beyond 100 KiB, or more than 5 000 of them.
const TOO_LARGE: i64 = 100;

/// What the error may mean inside TLS; curl has one code for all of it.
///
/// If TLS ends without `close_notify`, curl's rustls drops what it has decrypted in the same read.
const LOST_IN_TLS: &str = "TLS broke, or the server closed it without close_notify, and then libcurl \
    with rustls loses a response that arrived whole: let the server send close_notify, or use the \
    hyper transport (curl 56)";

/// What the error means behind a proxy. curl's text has the status, but isahc drops it.
const NO_TUNNEL: &str = "the proxy cannot be reached or opened no tunnel: check its address, whether \
    it wants other credentials (407), permits this host (403), and reaches it (502) (curl 7)";

/// What an exchange goes through, which tells what a code of curl means.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Path {
    pub(crate) is_tls: bool,
    pub(crate) is_proxied: bool,
}

/// The port's error for a failed `send_async`.
///
/// Inside TLS the response may have been lost, and will be lost again.
pub(crate) fn from_isahc(error: &Error, path: Path) -> TransportError {
    match curl_code(error) {
        Some(RECV_ERROR) if path.is_tls => {
            own(TransportErrorKind::Interrupted, LOST_IN_TLS).retry_once()
        }
        _ => with_cause(kind_of(error), error, path),
    }
}

/// The port's error if it is known that nothing was sent.
///
/// A TLS handshake or a proxy that breaks off has the code of a connection that breaks during the
/// exchange.
pub(crate) fn before_sending(error: &Error, path: Path) -> TransportError {
    let kind = match kind_of(error) {
        TransportErrorKind::Interrupted => TransportErrorKind::Connect,
        other => other,
    };
    with_cause(kind, error, path)
}

/// The port's error for a body that could not be read to its end.
pub(crate) fn from_body(error: &io::Error, path: Path) -> TransportError {
    match find_in_chain::<Error>(error) {
        Some(error) => from_isahc(error, path),
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

fn curl_code(error: &Error) -> Option<i64> {
    find_in_chain::<curl::Error>(error).map(|curl| i64::from(curl.code()))
}

fn kind_of(error: &Error) -> TransportErrorKind {
    match curl_code(error) {
        Some(PROXY) => TransportErrorKind::Connect,
        Some(TOO_LARGE) => TransportErrorKind::TooLarge,
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

fn with_cause(kind: TransportErrorKind, error: &Error, path: Path) -> TransportError {
    if path.is_proxied && curl_code(error) == Some(COULDNT_CONNECT) {
        return own(kind, NO_TUNNEL);
    }
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

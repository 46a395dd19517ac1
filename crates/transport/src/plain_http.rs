//! The rule about plain HTTP: loopback, or by the caller's word.

use crate::loopback::is_loopback_host;
use crate::{Exchange, TransportError, TransportErrorKind};

/// Checks that the exchange goes over `https`, or over `http` where that is permitted
/// (rule 9 of [`Transport`](crate::Transport)).
///
/// Credentials inside the URI are refused as well: HTTP does not carry them there, libraries
/// disagree on what to do with them, and some log the part of the URI that holds them.
///
/// # Errors
///
/// [`Unsupported`](TransportErrorKind::Unsupported) for another scheme, for a missing host, for
/// `user:password@` before the host, and for `http` to a host that is not loopback unless the
/// caller opted in.
pub fn check_scheme(exchange: &Exchange) -> Result<(), TransportError> {
    let uri = exchange.uri();
    let unsupported =
        |phrase: &str| TransportError::with_source(TransportErrorKind::Unsupported, phrase);
    // Finding the host in a URI takes a while, so it is done once.
    let Some(host) = uri.host().filter(|host| !host.is_empty()) else {
        return Err(unsupported("the request's URI names no host"));
    };
    if uri.authority().is_some_and(|a| a.as_str().as_bytes().contains(&b'@')) {
        return Err(unsupported("the request's URI has credentials in it: send them in a header"));
    }
    match uri.scheme_str() {
        Some("https") => Ok(()),
        Some("http") if exchange.is_plain_http_allowed() || is_loopback_host(host) => Ok(()),
        Some("http") => Err(unsupported(
            "plain http:// is refused: the host is not loopback and nobody allowed it",
        )),
        _ => Err(unsupported("the request's URI is neither https:// nor http://")),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::Request;

    use super::*;

    fn exchange(uri: &str) -> Exchange {
        Exchange::new(Request::post(uri).body(Bytes::new()).unwrap())
    }

    #[test]
    fn plain_http_needs_loopback_or_the_callers_word() {
        assert!(check_scheme(&exchange("https://a1.easemob.com/")).is_ok());
        assert!(check_scheme(&exchange("http://127.0.0.1:1/")).is_ok());
        assert!(check_scheme(&exchange("http://im.localhost.:1/")).is_ok());
        let error = check_scheme(&exchange("http://a1.easemob.com/")).unwrap_err();
        assert_eq!(error.kind(), TransportErrorKind::Unsupported);
        assert!(check_scheme(&exchange("http://a1.easemob.com/").allow_plain_http()).is_ok());
    }

    #[test]
    fn credentials_in_the_uri_are_refused() {
        for uri in ["https://user:MARK@a1.easemob.com/", "http://MARK@127.0.0.1/"] {
            let error = check_scheme(&exchange(uri)).unwrap_err();
            assert_eq!(error.kind(), TransportErrorKind::Unsupported, "{uri}");
            assert!(!format!("{error:?}").contains("MARK"));
        }
    }

    #[test]
    fn other_schemes_and_no_host_are_refused_even_with_permission() {
        for uri in ["ftp://a1.easemob.com/", "file://a1.easemob.com/", "/token"] {
            let error = check_scheme(&exchange(uri).allow_plain_http()).unwrap_err();
            assert_eq!(error.kind(), TransportErrorKind::Unsupported, "{uri}");
        }
    }
}

//! The rule about plain HTTP: only to loopback, or if the caller permits it.

use crate::loopback::is_loopback_host;
use crate::{Exchange, TransportError, TransportErrorKind};

/// Checks that the exchange uses `https`, or `http` if that is permitted.
///
/// This is rule 9 of [`Transport`](crate::Transport). Credentials in the URI are refused too: libraries
/// treat them differently, and some log them.
///
/// # Errors
///
/// [`Unsupported`](TransportErrorKind::Unsupported) for another scheme, a missing host,
/// `user:password@` before the host, and `http` to a host that is not loopback unless the caller permitted
/// it.
pub fn check_scheme(exchange: &Exchange) -> Result<(), TransportError> {
    let uri = exchange.uri();
    let unsupported =
        |phrase: &str| TransportError::with_source(TransportErrorKind::Unsupported, phrase);
    // Finding the host in a URI takes a while, so it is done once.
    let Some(host) = uri.host().filter(|host| !host.is_empty()) else {
        return Err(unsupported("the URL has no host"));
    };
    if uri.authority().is_some_and(|a| a.as_str().as_bytes().contains(&b'@')) {
        return Err(unsupported("the URL contains credentials: send them in a header"));
    }
    match uri.scheme_str() {
        Some("https") => Ok(()),
        Some("http") if exchange.is_plain_http_allowed() || is_loopback_host(host) => Ok(()),
        Some("http") => Err(unsupported(
            "plain http:// to a host that is not loopback is refused: use https:// or allow plain HTTP",
        )),
        _ => Err(unsupported("the URL must begin with https:// or http://")),
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
    fn plain_http_needs_loopback_or_the_callers_permission() {
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

//! The rule about plain HTTP: loopback, or by the caller's word.

use std::net::IpAddr;

use http::Uri;

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

/// Whether the URI's host is this machine: `localhost`, a name below `.localhost`, an address of
/// `127.0.0.0/8`, or `[::1]`.
#[must_use]
pub fn is_loopback(uri: &Uri) -> bool {
    uri.host().is_some_and(is_loopback_host)
}

fn is_loopback_host(host: &str) -> bool {
    let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
    match bare.parse::<IpAddr>() {
        Ok(IpAddr::V4(ip)) => ip.is_loopback(),
        Ok(IpAddr::V6(ip)) => {
            ip.is_loopback() || ip.to_ipv4_mapped().is_some_and(|ip| ip.is_loopback())
        }
        Err(_) => {
            let name = bare.to_ascii_lowercase();
            name == "localhost" || name.ends_with(".localhost")
        }
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
    fn loopback_is_known_in_all_its_spellings() {
        for uri in [
            "http://127.0.0.1:8080/",
            "http://127.9.9.9/",
            "http://localhost/",
            "http://LOCALHOST:1/",
            "http://im.localhost/",
            "http://[::1]:8080/",
            "http://[::ffff:127.0.0.1]/",
        ] {
            assert!(is_loopback(&uri.parse().unwrap()), "{uri}");
        }
    }

    #[test]
    fn what_only_looks_like_loopback_is_not() {
        for uri in [
            "http://127.0.0.1.evil.com/",
            "http://localhost.evil.com/",
            "http://notlocalhost/",
            "http://10.0.0.1/",
            "http://0.0.0.0/",
            "http://[::2]/",
            "http://[::ffff:10.0.0.1]/",
            "/token",
        ] {
            assert!(!is_loopback(&uri.parse().unwrap()), "{uri}");
        }
    }

    #[test]
    fn plain_http_needs_loopback_or_the_callers_word() {
        assert!(check_scheme(&exchange("https://a1.easemob.com/")).is_ok());
        assert!(check_scheme(&exchange("http://127.0.0.1:1/")).is_ok());
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

//! Who may call the control plane: no page in a browser, and no name that could be anybody's.

use std::net::IpAddr;

use http::header::{HOST, HeaderName, ORIGIN};
use http::uri::Authority;
use http::{HeaderMap, Uri};

use super::error::ControlError;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Refuses a request that a page in a browser may have sent.
///
/// A page of another site can send simple requests to this machine, which have an `Origin`. A page can
/// also let its own name resolve to this machine (DNS rebinding), which shows in the `Host`.
pub(super) fn check(headers: &HeaderMap, uri: &Uri, names: &[String]) -> Result<(), ControlError> {
    if headers.contains_key(ORIGIN)
        || headers.get(SEC_FETCH_SITE).is_some_and(|it| it != "none" && it != "same-origin")
    {
        return Err(ControlError::forbidden(
            "the control plane takes no request of a page in a browser; call it from the test itself",
        ));
    }
    let mut hosts = headers.get_all(HOST).iter();
    let host = hosts.next().and_then(|host| host.to_str().ok());
    let allowed = hosts.next().is_none()
        && host.is_some_and(|host| is_allowed(host, names))
        && uri.authority().is_none_or(|authority| is_allowed(authority.as_str(), names));
    if allowed {
        return Ok(());
    }
    Err(ControlError::forbidden(
        "the Host must be an IP address or localhost; permit another name with --control-name",
    ))
}

fn is_allowed(authority: &str, names: &[String]) -> bool {
    let Ok(parsed) = authority.parse::<Authority>() else { return false };
    if authority.contains('@') {
        return false;
    }
    let host = parsed.host();
    let literal = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    literal.parse::<IpAddr>().is_ok()
        || host.eq_ignore_ascii_case("localhost")
        || names.iter().any(|name| name.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn checked(fields: &[(HeaderName, &'static str)]) -> bool {
        let field = |(name, value): &(HeaderName, &'static str)| {
            (name.clone(), HeaderValue::from_static(value))
        };
        let mut headers = HeaderMap::new();
        for (name, value) in fields.iter().map(field) {
            headers.append(name, value);
        }
        check(&headers, &Uri::from_static("/__emulator/reset"), &["emulator".to_owned()]).is_ok()
    }

    #[test]
    fn only_addresses_localhost_and_permitted_names_are_hosts() {
        for good in
            ["127.0.0.1:80", "127.0.0.1", "[::1]:9", "LOCALHOST:1", "10.0.0.5", "emulator:9"]
        {
            assert!(checked(&[(HOST, good)]), "{good}");
        }
        for bad in [
            "",
            "evil.example",
            "localhost.evil.example:80",
            "127.0.0.1.evil.example",
            "a@127.0.0.1",
            "localhost@evil.example",
            "2130706433",
            "emulator.evil.example",
            "a b",
        ] {
            assert!(!checked(&[(HOST, bad)]), "{bad}");
        }
        assert!(!checked(&[]));
        assert!(!checked(&[(HOST, "localhost"), (HOST, "localhost")]));
    }

    #[test]
    fn no_page_of_a_browser_may_call() {
        assert!(!checked(&[(HOST, "localhost"), (ORIGIN, "http://localhost")]));
        assert!(!checked(&[(HOST, "localhost"), (SEC_FETCH_SITE, "cross-site")]));
        assert!(checked(&[(HOST, "localhost"), (SEC_FETCH_SITE, "none")]));
    }
}

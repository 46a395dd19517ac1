//! The base URL of a cluster, strictly parsed: scheme, host, port, and nothing else.
//!
//! General URI parsers let `a1.easemob.com@evil.com` pass (the host is evil.com) and drop a port
//! of 99999 without a word, and a secret follows the URL; hence a parser of our own.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use crate::build_error::{BuildError, Field};

/// Where a cluster's REST API lives, e.g. `https://a1.easemob.com`.
///
/// `https://` or `http://`, a host (a DNS name, an IPv4 address, or an IPv6 address in brackets),
/// and a port where it is not the scheme's own. One trailing `/` is permitted. Anything else, a
/// user name, a path, a query, is refused.
///
/// ```
/// use easemob_token_core::BaseUrl;
///
/// let url: BaseUrl = "https://A1.easemob.com:443/".parse()?;
/// assert_eq!(url.to_string(), "https://a1.easemob.com");
/// assert!("https://a1.easemob.com@evil.com".parse::<BaseUrl>().is_err());
/// # Ok::<(), easemob_token_core::BuildError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BaseUrl {
    https: bool,
    host: Box<str>,
    port: Option<u16>,
}

impl BaseUrl {
    /// Whether the scheme is `https`.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.https
    }

    /// The host in lower case; an IPv6 address in its brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port, the scheme's own where none was written.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(if self.https { 443 } else { 80 })
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", if self.https { "https" } else { "http" }, self.host)?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

impl FromStr for BaseUrl {
    type Err = BuildError;

    fn from_str(text: &str) -> Result<Self, BuildError> {
        let Some((scheme, rest)) = text.split_once("://") else {
            return wrong("has no scheme; write https://a1.easemob.com");
        };
        let https = match scheme.to_ascii_lowercase().as_str() {
            "https" => true,
            "http" => false,
            _ => return wrong("the scheme is neither https nor http"),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        if rest.contains('@') {
            return wrong("has an @: a user name has no place in it");
        }
        if rest.contains(['/', '\\', '?', '#']) {
            return wrong("has a path, a query or a fragment; write scheme, host and port alone");
        }
        let (host, port) = split_port(rest)?;
        let host = host_from(host)?;
        let own_port = if https { 443 } else { 80 };
        Ok(Self { https, host, port: port.filter(|&port| port != own_port) })
    }
}

fn wrong<T>(problem: &'static str) -> Result<T, BuildError> {
    Err(BuildError::new(Field::BaseUrl, problem))
}

fn split_port(authority: &str) -> Result<(&str, Option<u16>), BuildError> {
    let (host, port) = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((inside, after)) => {
            let host = &authority[..inside.len() + 2];
            match after.strip_prefix(':') {
                Some(port) => (host, Some(port)),
                None if after.is_empty() => (host, None),
                None => return wrong("has something other than a port after the IPv6 address"),
            }
        }
        None => match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        },
    };
    let Some(port) = port else {
        return Ok((host, None));
    };
    let digits = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
    match port.parse::<u16>() {
        Ok(number) if digits && number > 0 => Ok((host, Some(number))),
        _ => wrong("the port is not a number from 1 to 65535"),
    }
}

fn host_from(host: &str) -> Result<Box<str>, BuildError> {
    if host.is_empty() {
        return wrong("the host is empty");
    }
    if let Some(inside) = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')) {
        return match inside.parse::<Ipv6Addr>() {
            Ok(ip) => Ok(format!("[{ip}]").into()),
            Err(_) => wrong("the host in brackets is no IPv6 address"),
        };
    }
    if !host.is_ascii() {
        return wrong("the host has a character outside ASCII; write its punycode form (xn--…)");
    }
    if host.len() > 253 {
        return wrong("the host is longer than 253 characters");
    }
    // Resolvers read a name that ends in a number as an IPv4 address, in forms such as 127.1 or
    // 0x7f000001 too; the four plain numbers are the only form that everybody reads alike.
    let last = host.rsplit('.').next().unwrap_or(host);
    if last.bytes().next().is_some_and(|b| b.is_ascii_digit()) {
        return match host.parse::<Ipv4Addr>() {
            Ok(ip) => Ok(ip.to_string().into()),
            Err(_) => wrong("the host ends in a number but is no IPv4 address"),
        };
    }
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    if host.split('.').all(label) {
        Ok(host.to_ascii_lowercase().into())
    } else {
        wrong("the host is not a DNS name: labels of A-Z a-z 0-9 - _ with single dots between")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> String {
        text.parse::<BaseUrl>().expect(text).to_string()
    }

    fn error(text: &str) -> String {
        text.parse::<BaseUrl>().expect_err(text).to_string()
    }

    #[test]
    fn good_ones_are_kept_in_one_spelling() {
        assert_eq!(parsed("https://a1.easemob.com"), "https://a1.easemob.com");
        assert_eq!(parsed("HTTPS://A31.Easemob.COM/"), "https://a31.easemob.com");
        assert_eq!(parsed("http://127.0.0.1:8080"), "http://127.0.0.1:8080");
        assert_eq!(parsed("http://im_rest.internal:80"), "http://im_rest.internal");
        assert_eq!(parsed("https://[0:0::1]:8443/"), "https://[::1]:8443");
        assert_eq!(parsed("https://xn--fiqs8s.example"), "https://xn--fiqs8s.example");
        assert_eq!("https://x".parse::<BaseUrl>().unwrap().port(), 443);
    }

    #[test]
    fn what_hides_another_host_is_refused() {
        assert!(error("https://a1.easemob.com@evil.com").contains('@'));
        assert!(error("https://u:p@a1.easemob.com").contains('@'));
        for bad in ["evil.com#", "evil.com/x", "evil.com?q", "evil.com//", "evil.com\\x"] {
            assert!(error(&format!("https://{bad}")).contains("path"), "{bad}");
        }
    }

    #[test]
    fn the_wrong_part_is_named() {
        assert!(error("a1.easemob.com").contains("no scheme"));
        assert!(error("ftp://a1.easemob.com").contains("scheme is neither"));
        for port in ["99999", "0", "", "+80", "-1", "8o", "65536", " 80"] {
            assert!(error(&format!("https://a1.easemob.com:{port}")).contains("port"), "{port}");
        }
        for host in ["", "a..b", ".a", "a.", "-a.b", "a b", "a\r\nb", "a%2f", "a_b.-", "a*b"] {
            assert!(error(&format!("https://{host}")).contains("host"), "{host:?}");
        }
        for host in ["127.1", "256.1.1.1", "2130706433", "0x7f000001", "1.2.3.4.5", "01.2.3.4"] {
            assert!(error(&format!("https://{host}")).contains("IPv4"), "{host}");
        }
        for host in ["[::1", "[]", "[zz]", "[::1]x", "::1"] {
            assert!(!error(&format!("https://{host}")).is_empty(), "{host}");
        }
        assert!(error("https://环信.com").contains("punycode"));
    }

    #[test]
    fn an_error_never_repeats_what_was_written() {
        assert!(!error("https://user:hunter2@a1.easemob.com").contains("hunter2"));
        assert!(!error("hunter2").contains("hunter2"));
    }
}

//! Base URL of a cluster, strictly parsed: scheme, host, port, and nothing else.

use std::fmt;
use std::str::FromStr;

use easemob_token_host::{Authority, HostError};

use crate::build_error::{BuildError, Field};

/// Base URL of a cluster's REST API, such as `https://a1.easemob.com`.
///
/// `https://` or `http://`, a host (a DNS name, an IPv4 address, or an IPv6 address in brackets),
/// and a port if it is not the scheme's own. One trailing `/` is permitted. A user name, a path, a
/// query or a fragment is refused.
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
    port: u16,
}

impl BaseUrl {
    /// Whether the scheme is `https`.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.https
    }

    /// The host in lower case; an IPv6 address is in brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port, which is the scheme's own unless another one was written.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }
}

fn default_port(https: bool) -> u16 {
    if https { 443 } else { 80 }
}

impl fmt::Display for BaseUrl {
    /// Writes the URL without the scheme's own port.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", if self.https { "https" } else { "http" }, self.host)?;
        if self.port == default_port(self.https) { Ok(()) } else { write!(f, ":{}", self.port) }
    }
}

impl FromStr for BaseUrl {
    type Err = BuildError;

    fn from_str(text: &str) -> Result<Self, BuildError> {
        let wrong = |problem| Err(BuildError::new(Field::BaseUrl, problem));
        let Some((scheme, rest)) = text.split_once("://") else {
            return wrong("has no scheme; write https://a1.easemob.com");
        };
        let https = match scheme.to_ascii_lowercase().as_str() {
            "https" => true,
            "http" => false,
            _ => {
                return wrong("the scheme is neither https nor http; write https://a1.easemob.com");
            }
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        if rest.contains('@') {
            return wrong("has an @; write scheme, host and port without a user name");
        }
        if rest.contains(['/', '\\', '?', '#']) {
            return wrong("has a path, a query or a fragment; write scheme, host and port alone");
        }
        let problem = |error: HostError| BuildError::new(Field::BaseUrl, error.phrase());
        let authority: Authority = rest.parse().map_err(problem)?;
        let port = authority.port().unwrap_or(default_port(https));
        Ok(Self { https, host: authority.host().into(), port })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        text.parse::<BaseUrl>().expect_err(text).to_string()
    }

    #[test]
    fn a_url_is_written_in_one_spelling() {
        for (text, written, port) in [
            ("https://a1.easemob.com", "https://a1.easemob.com", 443),
            ("HTTPS://A31.Easemob.COM/", "https://a31.easemob.com", 443),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080", 8080),
            ("http://im_rest.internal:80", "http://im_rest.internal", 80),
            ("https://a1.easemob.com.:80", "https://a1.easemob.com.:80", 80),
            ("https://[0:0::1]:8443/", "https://[::1]:8443", 8443),
        ] {
            let url: BaseUrl = text.parse().expect(text);
            assert_eq!((url.to_string().as_str(), url.port()), (written, port));
        }
    }

    #[test]
    fn what_hides_another_host_is_refused() {
        for bad in ["a1.easemob.com@evil.com", "u:p@a1.easemob.com"] {
            assert!(error(&format!("https://{bad}")).contains('@'), "{bad}");
        }
        for bad in ["evil.com#", "evil.com/x", "evil.com?q", "evil.com//", "evil.com\\x"] {
            assert!(error(&format!("https://{bad}")).contains("path"), "{bad}");
        }
    }

    #[test]
    fn the_wrong_part_is_named_and_the_text_is_not_repeated() {
        assert!(error("a1.easemob.com").contains("no scheme"));
        assert!(error("ftp://a1.easemob.com").contains("scheme is neither"));
        assert!(error("https://a1.easemob.com:99999").contains("port"));
        assert_eq!(error("https://"), "base URL: the host is empty");
        for text in ["https://user:hunter2@a1.easemob.com", "hunter2", "https://hunter2:hunter2"] {
            assert!(!error(text).contains("hunter2"), "{text}");
        }
    }
}

//! Base URL of a cluster, strictly parsed: scheme, host, port, and nothing else.

use std::fmt;
use std::str::FromStr;

use easemob_token_host::{Authority, HostError, check_url_characters};

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
        let wrong = |problem: &'static str| Err(BuildError::new(Field::BaseUrl, problem));
        let of_host = |error: HostError| BuildError::new(Field::BaseUrl, error.to_string());
        if text.is_empty() {
            return wrong("is empty; write https://a1.easemob.com");
        }
        check_url_characters(text).map_err(of_host)?;
        let Some((scheme, after_scheme)) = text.split_once("://") else {
            return wrong(without_scheme(text));
        };
        let https = match scheme.to_ascii_lowercase().as_str() {
            "https" => true,
            "http" => false,
            _ => {
                return wrong("the scheme is neither https nor http; write https://a1.easemob.com");
            }
        };
        if let Some(problem) = before_host(after_scheme) {
            return wrong(problem);
        }
        let (host, after_host) =
            after_scheme.split_at(after_scheme.find(['/', '?', '#']).unwrap_or(after_scheme.len()));
        // All ASCII, so bytes are characters.
        let before = text.len() - after_scheme.len();
        let authority: Authority =
            host.parse().map_err(|error: HostError| of_host(error.moved_by(before)))?;
        if let Some(problem) = behind_host(after_host) {
            return wrong(problem);
        }
        let port = authority.port().unwrap_or(default_port(https));
        Ok(Self { https, host: authority.host().into(), port })
    }
}

/// What is wrong with a text that has no `://`.
fn without_scheme(text: &str) -> &'static str {
    if after_scheme_name(text).is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/'])) {
        "has no :// after the scheme; write https://a1.easemob.com"
    } else if text.contains('#') {
        "has a # and no scheme, as an app key; write https://a1.easemob.com"
    } else {
        "has no scheme; write https:// before the host, as in https://a1.easemob.com"
    }
}

/// What is wrong with the part after `://` so that no host can be read.
fn before_host(after_scheme: &str) -> Option<&'static str> {
    if after_scheme_name(after_scheme)
        .is_some_and(|rest| rest.starts_with(":/") || rest.starts_with("//"))
    {
        Some("has the scheme twice; write https://a1.easemob.com")
    } else if after_scheme.contains('@') {
        Some("has an @; write scheme, host and port without a user name")
    } else if after_scheme.starts_with('/') && after_scheme != "/" {
        Some("has more than two / after the scheme; write https://a1.easemob.com")
    } else {
        None
    }
}

/// What is wrong with the part behind host and port.
fn behind_host(rest: &str) -> Option<&'static str> {
    match rest.strip_prefix('/').unwrap_or(rest).chars().next()? {
        '?' => Some("has a query after ?; write scheme, host and port alone"),
        '#' => Some(
            "has a # and what follows; write scheme, host and port alone, and the app key by itself",
        ),
        _ => {
            Some("has a path; write scheme, host and port alone, since the app key has org and app")
        }
    }
}

/// The text after `https` or `http`, if it begins so.
fn after_scheme_name(text: &str) -> Option<&str> {
    let (http, rest) = text.split_at_checked("http".len())?;
    http.eq_ignore_ascii_case("http").then(|| rest.strip_prefix(['s', 'S']).unwrap_or(rest))
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
    fn what_is_wrong_is_named_with_the_remedy() {
        for (texts, problem) in [
            (&[""][..], "is empty"),
            (&["a1.easemob.com", "//a1.easemob.com", "localhost:80", "hunter2"], "no scheme"),
            (
                &["https:/a1.easemob.com", "https//a1.easemob.com", "http:a1.x", "HTTPS:", "https"],
                "no :// after the scheme",
            ),
            (&["org#app"], "as an app key"),
            (&["ftp://a1.easemob.com", "://a1.easemob.com"], "neither https nor http"),
            (
                &["https://https://a1.easemob.com", "https://HTTP:/a1.x", "http://https//a1.x"],
                "twice",
            ),
            (&["https:///a1.easemob.com", "https:////"], "more than two /"),
            (
                &["https://a1.easemob.com/org/app/token", "https://a1.x//"],
                "since the app key has org",
            ),
            (&["https://a1.easemob.com?q", "https://a1.easemob.com/?q"], "a query after ?"),
            (&["https://a1.easemob.com#app", "https://org#app"], "the app key by itself"),
            (&["https://a1.easemob.com@evil.com", "https://u:hunter2@a1.x/p"], "an @"),
            (&["https://", "https:///", "https://#", "https://:80/x"], "the host is empty"),
            (&["https://a1.easemob.com:99999", "https://hunter2:hunter2"], "the port"),
            (&["https:\\\\a1.x", "https:/\\a1.x"], "has U+005C (\\) at character"),
            (&["\"https://a1.x\"", "'x'", "“https://a1.x”"], "is in quotes, U+"),
            (&["\"https://a1.x", "<https://a1.x>", "{url}"], ") at character 1; "),
            (&["https://a1.x,https://a2.x"], "has U+002C (,) at character 13"),
            (&["https：//a1.x", "https:／／a1.x"], "has U+FF"),
            (&["https://a1。easemob.com"], "has U+3002 (ideographic full stop) at character 11"),
            (&["https://环信.com"], "has U+73AF at character 9; write a host outside ASCII"),
            (&["https://a1.x%2Forg", "https://a1.x*"], ") at character 13; write a host of A-Z"),
            (&["https://a1.x\r\n"], "ends with U+000D (carriage return) at character 13"),
            (&["\u{feff}https://a1.x"], "begins with U+FEFF (byte order mark) at character 1"),
        ] {
            for text in texts {
                let error = error(text);
                assert!(
                    error.starts_with("base URL: ") && error.contains(problem),
                    "{text}: {error}"
                );
                assert!(!error.contains("hunter2"), "{text}");
            }
        }
    }
}

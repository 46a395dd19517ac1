//! The address of a proxy, with the credentials for it.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use easemob_token_host::{Authority, HostError, check_url_characters};
use http::uri::PathAndQuery;
use http::{HeaderValue, Uri};
use percent_encoding::percent_decode_str;

use crate::ConfigError;

/// The URL of an HTTP proxy: `http://` or `https://`, a host, and optionally a port and
/// `user:password@`.
///
/// Parsing is strict. There is no path (a single `/` at the end is taken for none), no query and
/// no fragment. The port is 80 or 443 by scheme unless given. User name and password are
/// percent-decoded; what a URL reserves must be percent-encoded in them. `Debug` and `Display`
/// leave the credentials out.
///
/// ```
/// use easemob_token_transport::ProxyUrl;
///
/// let proxy: ProxyUrl = "http://me:p%40ss@proxy.example:3128".parse()?;
/// assert_eq!(proxy.password(), Some("p@ss"));
/// assert_eq!(proxy.to_string(), "http://proxy.example:3128");
/// # Ok::<(), easemob_token_transport::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct ProxyUrl {
    uri: Uri,
    https: bool,
    host: Authority,
    port: u16,
    credentials: Option<Credentials>,
}

/// What is wrong with a URL, as a phrase.
type Problem = Cow<'static, str>;

/// No `Debug` on purpose: both halves are secret.
#[derive(Clone)]
struct Credentials {
    username: String,
    password: Option<String>,
}

impl ProxyUrl {
    /// `scheme://host:port/`, without credentials; the port is always there.
    #[must_use]
    pub fn uri(&self) -> Uri {
        self.uri.clone()
    }

    /// The host in lower case; an IPv6 address is without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        self.host.bare_host()
    }

    /// The port, given or by scheme; never 0.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Whether the proxy itself is reached over TLS.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.https
    }

    /// The user name, decoded.
    #[must_use]
    pub fn username(&self) -> Option<&str> {
        self.credentials.as_ref().map(|c| c.username.as_str())
    }

    /// The password, decoded.
    #[must_use]
    pub fn password(&self) -> Option<&str> {
        self.credentials.as_ref()?.password.as_deref()
    }

    /// The `Proxy-Authorization` value for the credentials: `Basic`, marked sensitive.
    #[must_use]
    pub fn authorization(&self) -> Option<HeaderValue> {
        let credentials = self.credentials.as_ref()?;
        let pair =
            format!("{}:{}", credentials.username, credentials.password.as_deref().unwrap_or(""));
        // Base64 is always a legal header value, so `ok` loses nothing.
        let mut value = HeaderValue::try_from(format!("Basic {}", STANDARD.encode(pair))).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// Parses the value of the environment variable `name`; a missing scheme means `http`.
    pub(super) fn from_variable(name: &'static str, value: &str) -> Result<Self, ConfigError> {
        let parsed = if value.contains("://") {
            Self::parse(value)
        } else {
            Self::parse_rest(false, value, value)
        };
        parsed.map_err(|problem| ConfigError::new("proxy", format!("{name}: {problem}")))
    }

    /// Parses a URL with its scheme.
    ///
    /// The problem quotes nothing, since whatever part of the text it spoke of might be the password. Only a
    /// character that does not belong there is named, by code point and place.
    fn parse(text: &str) -> Result<Self, Problem> {
        if !text.contains('@') {
            check_url_characters(text).map_err(|error| error.to_string())?;
        }
        let (scheme, rest) =
            text.split_once("://").ok_or("the URL must begin with http:// or https://")?;
        let https = match scheme.to_ascii_lowercase().as_str() {
            socks if socks.starts_with("socks") => Err(NO_SOCKS)?,
            "http" => false,
            "https" => true,
            _ => return Err("the URL must begin with http:// or https://".into()),
        };
        Self::parse_rest(https, rest, text)
    }

    /// Parses the part after `://` of a URL, which is the end of `text`.
    fn parse_rest(https: bool, rest: &str, text: &str) -> Result<Self, Problem> {
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        if authority.contains(['/', '?', '#']) {
            let problem = "the URL must have no path, query or fragment; percent-encode /, ? and # in \
                           credentials";
            return Err(problem.into());
        }
        let (credentials, host_and_port) = match authority.rsplit_once('@') {
            Some((userinfo, rest)) => (Some(parse_userinfo(userinfo)?), rest),
            None => (None, authority),
        };
        let host: Authority = host_and_port.parse().map_err(|error: HostError| {
            let after = rest.len() - authority.len() + host_and_port.len();
            let before = text.get(..text.len() - after).map_or(0, |before| before.chars().count());
            error.moved_by(before).to_string()
        })?;
        let port = host.port().unwrap_or(if https { 443 } else { 80 });
        let uri = Uri::builder()
            .scheme(if https { "https" } else { "http" })
            .authority(format!("{}:{port}", host.host()))
            .path_and_query(PathAndQuery::from_static("/"))
            .build()
            .map_err(|_| "the host is not a host name or an IP address")?;
        Ok(Self { uri, https, host, port, credentials })
    }
}

fn parse_userinfo(userinfo: &str) -> Result<Credentials, &'static str> {
    let (username, password) = match userinfo.split_once(':') {
        Some((username, password)) => (username, Some(password)),
        None => (userinfo, None),
    };
    if username.is_empty() && password.is_none_or(str::is_empty) {
        return Err("the user name before @ is empty");
    }
    let username = decode(username)?;
    if username.contains(':') {
        return Err("the user name must have no colon, Basic authentication cannot carry one");
    }
    Ok(Credentials { username, password: password.map(decode).transpose()? })
}

/// Percent-decodes one half of the credentials; the crate would let a lone `%` pass as it is.
fn decode(text: &str) -> Result<String, &'static str> {
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let legal = match byte {
            b'%' => {
                let digits = [bytes.next(), bytes.next()];
                digits.iter().all(|digit| digit.is_some_and(|d| d.is_ascii_hexdigit()))
            }
            // Unreserved characters and sub-delimiters of RFC 3986, and the colon.
            _ => byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:".contains(&byte),
        };
        if !legal {
            return Err("user name and password must be percent-encoded");
        }
    }
    let decoded = percent_decode_str(text)
        .decode_utf8()
        .map_err(|_| "user name and password must be UTF-8, percent-encoded")?;
    if decoded.chars().any(char::is_control) {
        return Err("user name and password must have no control characters");
    }
    Ok(decoded.into_owned())
}

const NO_SOCKS: &str = "a SOCKS proxy is not supported; give the address of an HTTP proxy, which many \
    such programs have on another port, as http://host:port";

impl FromStr for ProxyUrl {
    type Err = ConfigError;

    /// Parses the URL; the error never shows a part of it.
    fn from_str(text: &str) -> Result<Self, ConfigError> {
        Self::parse(text).map_err(|problem| ConfigError::new("proxy", problem))
    }
}

impl fmt::Display for ProxyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.https { "https" } else { "http" };
        write!(f, "{scheme}://{}:{}", self.host.host(), self.port)
    }
}

impl fmt::Debug for ProxyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProxyUrl")
            .field("url", &format_args!("{self}"))
            .field("has_credentials", &self.credentials.is_some())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> ProxyUrl {
        text.parse().unwrap()
    }

    #[test]
    fn scheme_host_and_port_are_read_and_defaulted() {
        for (text, shown, host, port, https) in [
            ("http://proxy", "http://proxy:80", "proxy", 80, false),
            ("https://Proxy.Example/", "https://proxy.example:443", "proxy.example", 443, true),
            ("HTTP://10.0.0.1:3128", "http://10.0.0.1:3128", "10.0.0.1", 3128, false),
            ("https://[::1]:8443", "https://[::1]:8443", "::1", 8443, true),
            ("http://[2001:DB8::1]", "http://[2001:db8::1]:80", "2001:db8::1", 80, false),
            ("http://my_proxy.:1", "http://my_proxy.:1", "my_proxy.", 1, false),
        ] {
            let proxy = parse(text);
            assert_eq!(proxy.to_string(), shown);
            assert_eq!(proxy.uri().to_string(), format!("{shown}/"));
            assert_eq!((proxy.host(), proxy.port(), proxy.is_https()), (host, port, https));
            assert_eq!((proxy.username(), proxy.password()), (None, None));
            assert!(proxy.authorization().is_none());
        }
    }

    #[test]
    fn credentials_are_decoded_and_sent_as_basic() {
        // RFC 7617, section 2: the example of the scheme.
        let proxy = parse("http://Aladdin:open%20sesame@proxy");
        assert_eq!(proxy.username(), Some("Aladdin"));
        assert_eq!(proxy.password(), Some("open sesame"));
        let value = proxy.authorization().unwrap();
        assert_eq!(value, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        assert!(value.is_sensitive());
        // RFC 7617, section 2.1: UTF-8 outside ASCII.
        let proxy = parse("http://test:123%C2%A3@proxy");
        assert_eq!(proxy.authorization().unwrap(), "Basic dGVzdDoxMjPCow==");
    }

    #[test]
    fn either_half_of_the_credentials_can_be_missing() {
        let only_user = parse("http://me@proxy");
        assert_eq!((only_user.username(), only_user.password()), (Some("me"), None));
        assert_eq!(only_user.authorization().unwrap(), "Basic bWU6");
        let only_password = parse("http://:token@proxy");
        assert_eq!(only_password.username(), Some(""));
        assert_eq!(only_password.password(), Some("token"));
        let colon_inside = parse("http://me:a:b@proxy");
        assert_eq!(colon_inside.password(), Some("a:b"));
    }

    #[test]
    fn what_is_not_a_proxy_url_is_refused() {
        for text in [
            "",
            "proxy:3128",
            "//proxy",
            "socks5://proxy",
            "ftp://proxy",
            " http://proxy",
            "http://",
            "http:///",
            "http://proxy//",
            "http://proxy/path",
            "http://proxy?q",
            "http://proxy#f",
            "http://proxy:",
            "http://proxy:0",
            "http://pro xy",
            "http://1.2.3",
            "http://@proxy",
            "http://:@proxy",
            "http://a@b@proxy",
            "http://a:%zz@proxy",
            "http://a:%4@proxy",
            "http://a:%ff@proxy",
            "http://a:%0d%0a@proxy",
            "http://a%3ab:c@proxy",
            "http://a:p w@proxy",
            "http://a:é@proxy",
        ] {
            let error = text.parse::<ProxyUrl>().unwrap_err();
            assert_eq!(error.setting(), "proxy", "{text}");
        }
    }

    #[test]
    fn an_odd_character_is_named_with_its_place_in_the_whole_text() {
        let space = "has U+0020 (space) at character";
        for (text, problem) in [
            ("http：//proxy", "has U+FF1A (full-width :) at character 5; write : (U+003A)"),
            ("http://proxy\n", "ends with U+000A (line feed) at character 13; remove it"),
            ("\"http://proxy\"", "is in quotes, U+0022 (\") at character 1; remove them"),
            ("http://pro xy", &format!("{space} 11; remove it")),
            ("http://me:%C3%A9@pro xy:1/", &format!("{space} 21; remove it")),
        ] {
            assert_eq!(text.parse::<ProxyUrl>().unwrap_err().problem(), problem);
        }
        let error = ProxyUrl::from_variable("HTTPS_PROXY", "me:pw@pro xy").unwrap_err();
        assert_eq!(error.problem(), format!("HTTPS_PROXY: {space} 10; remove it"));
    }

    #[test]
    fn no_error_and_no_output_shows_a_credential() {
        for text in [
            "http://MARK:MARK@proxy:x",
            "http://MARK:MARK@pro xy",
            "http://MARK:MA/RK@proxy",
            "MARK://MARK:MARK@proxy",
            "http://MARK:MARK%@proxy",
            "http://MARK:MARK@[MARK]",
        ] {
            let error = text.parse::<ProxyUrl>().unwrap_err();
            let text = format!("{error} {error:?}");
            assert!(!text.contains("MARK") && !text.contains("mark"), "{text}");
        }
        let proxy = parse("https://MARK:MARK@proxy.example");
        let text =
            format!("{proxy} {proxy:?} {proxy:#?} {:?} {}", proxy.authorization(), proxy.uri());
        assert!(text.contains("proxy.example"), "{text}");
        assert!(!text.contains("MARK") && !text.contains("TUFSSzpNQVJL"), "{text}");
    }
}

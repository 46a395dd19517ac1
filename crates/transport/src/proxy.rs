//! The proxy setting, and the rules that it resolves to.

mod no_proxy;
mod url;

use std::env;
use std::ffi::OsString;

use http::Uri;

use self::no_proxy::NoProxy;
pub use self::url::ProxyUrl;
use crate::{ConfigError, TransportError, TransportErrorKind, is_loopback};

/// The variables that name the proxy. The first one that is not empty counts.
const PROXY_VARIABLES: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
const NO_PROXY_VARIABLES: [&str; 2] = ["NO_PROXY", "no_proxy"];

/// The proxy setting of an adapter. No proxy by default.
///
/// A proxy only sees a `CONNECT` request; the exchange itself is inside TLS. A plain `http://` target
/// would show it the credentials and is refused ([`ProxyRules::proxy_for`]). Loopback hosts are always
/// reached directly.
///
/// ```
/// use easemob_token_transport::Proxy;
///
/// let rules = Proxy::Url("http://user:secret@proxy.example:3128".parse()?).resolve()?;
/// let target = "https://a1.easemob.com/org/app/token".parse()?;
/// let proxy = rules.proxy_for(&target)?.expect("not an exception");
/// assert_eq!((proxy.host(), proxy.port()), ("proxy.example", 3128));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
// Complete on purpose: a further variant would be a new rule for every adapter, which must not compile
// without it.
#[derive(Clone, Debug, Default)]
pub enum Proxy {
    /// No proxy; the environment is not read.
    #[default]
    Off,
    /// The proxy of the environment, which [`resolve`](Self::resolve) reads.
    ///
    /// The proxy is the first of `HTTPS_PROXY`, `https_proxy`, `ALL_PROXY` and `all_proxy` that is not
    /// empty; without a scheme it is an `http://` proxy. The exceptions are in `NO_PROXY` or else
    /// `no_proxy`, separated by commas, semicolons or blanks: `*` (everything), host names (which cover
    /// all names below them, with or without a leading dot or `*.`), IP addresses and CIDR blocks, each
    /// with an optional `:port`. Other entries match nothing. With the exception `*` the proxy is not
    /// read. Blanks and quotes around a value or an entry are left out.
    Environment,
    /// This proxy, for every host but loopback.
    Url(ProxyUrl),
}

impl Proxy {
    /// Resolves the setting to rules for targets.
    ///
    /// # Errors
    ///
    /// For [`Environment`](Self::Environment), if a variable is not a usable proxy URL. The error names
    /// the variable and does not show its value.
    pub fn resolve(&self) -> Result<ProxyRules, ConfigError> {
        self.resolve_with(|name| env::var_os(name))
    }

    fn resolve_with(
        &self,
        variable: impl Fn(&str) -> Option<OsString>,
    ) -> Result<ProxyRules, ConfigError> {
        match self {
            Self::Off => Ok(ProxyRules::default()),
            Self::Url(url) => {
                Ok(ProxyRules { proxy: Some(url.clone()), no_proxy: NoProxy::default() })
            }
            Self::Environment => {
                let no_proxy = first_set(&NO_PROXY_VARIABLES, &variable)
                    .map(|(_, list)| NoProxy::parse(&list.to_string_lossy()))
                    .unwrap_or_default();
                if no_proxy.covers_everything() {
                    return Ok(ProxyRules::default());
                }
                let proxy = first_set(&PROXY_VARIABLES, &variable)
                    .map(|(name, value)| match value.to_str() {
                        Some(value) => ProxyUrl::from_variable(name, bare(value)),
                        None => Err(not_unicode(name)),
                    })
                    .transpose()?;
                Ok(ProxyRules { proxy, no_proxy })
            }
        }
    }
}

/// The first variable that is not blank, with its value.
fn first_set(
    names: &[&'static str],
    variable: impl Fn(&str) -> Option<OsString>,
) -> Option<(&'static str, OsString)> {
    names.iter().find_map(|name| {
        let value = variable(name)?;
        let is_blank = value.to_str().is_some_and(|text| bare(text).is_empty());
        (!is_blank).then_some((*name, value))
    })
}

/// The error does not keep the value, which may contain a password.
fn not_unicode(name: &str) -> ConfigError {
    ConfigError::new("proxy", format!("{name} is not valid Unicode"))
}

/// The value without blanks and quotes around it, which a shell would have left out.
fn bare(value: &str) -> &str {
    value.trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\''))
}

/// A resolved [`Proxy`], which gives the proxy for each target.
///
/// `Debug` shows no credentials. The default is no proxy.
#[derive(Clone, Debug, Default)]
pub struct ProxyRules {
    proxy: Option<ProxyUrl>,
    no_proxy: NoProxy,
}

impl ProxyRules {
    /// The proxy for `uri`; `None` for a direct connection.
    ///
    /// Loopback hosts and the exceptions of the environment are reached directly.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](TransportErrorKind::Unsupported) if a proxy would be used and the target is not
    /// `https://`, since the proxy would see the credentials.
    pub fn proxy_for(&self, uri: &Uri) -> Result<Option<&ProxyUrl>, TransportError> {
        let Some(proxy) = &self.proxy else {
            return Ok(None);
        };
        if is_loopback(uri) || self.no_proxy.covers(uri) {
            return Ok(None);
        }
        if uri.scheme_str() != Some("https") {
            return Err(TransportError::with_source(
                TransportErrorKind::Unsupported,
                "plain http:// is never sent through a proxy: use https://, turn the proxy off, \
                 or add the host to NO_PROXY",
            ));
        }
        Ok(Some(proxy))
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use super::*;

    fn environment(variables: &[(&str, &str)]) -> Result<ProxyRules, ConfigError> {
        Proxy::Environment.resolve_with(|name| {
            variables.iter().find(|(n, _)| *n == name).map(|(_, value)| OsString::from(value))
        })
    }

    fn proxy_host(rules: &ProxyRules, uri: &str) -> Option<String> {
        let proxy = rules.proxy_for(&uri.parse().unwrap()).unwrap();
        proxy.map(|proxy| proxy.host().to_owned())
    }

    #[test]
    fn off_and_a_given_url_never_look_at_the_environment() {
        let no_look = |name: &str| -> Option<OsString> { panic!("{name} was read") };
        let off = Proxy::default().resolve_with(no_look).unwrap();
        assert_eq!(proxy_host(&off, "https://a1.easemob.com/"), None);
        let url = Proxy::Url("http://given:1".parse().unwrap());
        let rules = url.resolve_with(no_look).unwrap();
        assert_eq!(proxy_host(&rules, "https://a1.easemob.com/").as_deref(), Some("given"));
    }

    #[test]
    fn the_first_variable_that_is_not_empty_wins() {
        let all = [
            ("HTTPS_PROXY", "http://one:1"),
            ("https_proxy", "http://two:1"),
            ("ALL_PROXY", "http://three:1"),
            ("all_proxy", "http://four:1"),
        ];
        for (skip, host) in ["one", "two", "three", "four"].into_iter().enumerate() {
            let mut variables = all;
            for (_, value) in &mut variables[..skip] {
                *value = [" ", "\t", "\"\"", ""][skip];
            }
            let rules = environment(&variables).unwrap();
            assert_eq!(proxy_host(&rules, "https://a1.easemob.com/").as_deref(), Some(host));
        }
        let rules = environment(&[("HTTP_PROXY", "http://never:1")]).unwrap();
        assert_eq!(proxy_host(&rules, "https://a1.easemob.com/"), None);
    }

    #[test]
    fn a_value_without_a_scheme_means_http_and_what_surrounds_it_is_left_out() {
        for value in [
            "u:p@proxy.example:3128",
            " http://u:p@proxy.example:3128 ",
            "http://u:p@proxy.example:3128/\r\n",
            "\"http://u:p@proxy.example:3128\"",
            "'u:p@Proxy.Example:3128/'",
            "\tHTTP://u:p@proxy.example:3128",
        ] {
            let rules = environment(&[("HTTPS_PROXY", value)]).unwrap();
            let target = "https://a1.easemob.com/".parse().unwrap();
            let proxy = rules.proxy_for(&target).unwrap().unwrap();
            assert_eq!(proxy.to_string(), "http://proxy.example:3128", "{value:?}");
            assert_eq!((proxy.username(), proxy.password()), (Some("u"), Some("p")));
        }
    }

    #[test]
    fn exceptions_come_from_the_environment_only() {
        let rules = environment(&[
            ("HTTPS_PROXY", "http://proxy:1"),
            ("NO_PROXY", ""),
            ("no_proxy", "easemob.com, 10.0.0.0/8"),
        ])
        .unwrap();
        assert_eq!(proxy_host(&rules, "https://a1.easemob.com/"), None);
        assert_eq!(proxy_host(&rules, "https://10.1.2.3/"), None);
        assert_eq!(proxy_host(&rules, "https://a1.easecdn.com/").as_deref(), Some("proxy"));
    }

    #[test]
    fn if_everything_is_excepted_the_proxy_is_not_read() {
        for value in ["socks5://u:MARK@proxy:1", "http://proxy:port", "http://proxy:3128"] {
            let rules = environment(&[("HTTPS_PROXY", value), ("no_proxy", " * ")]).unwrap();
            assert_eq!(proxy_host(&rules, "https://a1.easemob.com/"), None);
            assert_eq!(proxy_host(&rules, "http://a1.easemob.com/"), None);
        }
        let star = [("HTTPS_PROXY", "http://proxy:port"), ("NO_PROXY", "*:443, a.com")];
        assert!(environment(&star).is_err());
    }

    #[test]
    fn loopback_is_never_proxied() {
        let rules = Proxy::Url("http://proxy:1".parse().unwrap()).resolve().unwrap();
        for uri in ["http://127.0.0.1:8080/", "https://localhost/", "https://[::1]/"] {
            assert_eq!(proxy_host(&rules, uri), None, "{uri}");
        }
    }

    #[test]
    fn plain_http_through_a_proxy_is_refused_and_past_it_is_not() {
        let rules =
            environment(&[("ALL_PROXY", "http://proxy:1"), ("NO_PROXY", "im.example:8080")])
                .unwrap();
        let refused = |uri: &str| rules.proxy_for(&uri.parse().unwrap()).unwrap_err().kind();
        assert_eq!(refused("http://im.example/"), TransportErrorKind::Unsupported);
        assert_eq!(refused("ftp://im.example/"), TransportErrorKind::Unsupported);
        assert_eq!(proxy_host(&rules, "http://im.example:8080/"), None);
    }

    #[test]
    fn a_bad_variable_is_named_and_its_value_is_not_shown() {
        for (value, problem) in [
            ("socks5://u:MARK@proxy:1", "SOCKS proxy is not supported"),
            ("SOCKS5H://u:MARK@proxy:1", "SOCKS proxy is not supported"),
            ("socks4://MARK", "http://host:port"),
            ("ftp://MARK", "http:// or https://"),
            ("http://u:MARK@proxy:port", "port"),
            ("u:MARK@", "host is empty"),
            ("u:MARK@x@proxy:1", "percent-encoded"),
            ("http://u:MARK/x@proxy:1", "percent-encode"),
        ] {
            let error = environment(&[("https_proxy", value)]).unwrap_err();
            let text = format!("{error} {error:?} {:?}", error.source());
            assert_eq!(error.setting(), "proxy");
            assert!(error.to_string().starts_with("proxy: https_proxy: "), "{text}");
            assert!(error.to_string().contains(problem), "{text}");
            assert!(!text.contains("MARK"), "{text}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_variable_that_is_not_unicode_is_an_error_that_hides_it() {
        use std::os::unix::ffi::OsStringExt;

        let error = Proxy::Environment
            .resolve_with(|_| Some(OsString::from_vec(b"http://u:MARK\xff@h".to_vec())))
            .unwrap_err();
        assert_eq!(error.to_string(), "proxy: HTTPS_PROXY is not valid Unicode");
        assert!(!format!("{error:?}").contains("MARK"));
        // In the exceptions it is only an entry that matches nothing.
        let rules = Proxy::Environment
            .resolve_with(|name| match name {
                "NO_PROXY" => Some(OsString::from_vec(b"\xff, a1.easemob.com".to_vec())),
                _ => Some("http://proxy:1".into()),
            })
            .unwrap();
        assert_eq!(proxy_host(&rules, "https://a1.easemob.com/"), None);
    }

    #[test]
    fn debug_of_setting_and_rules_shows_no_credentials() {
        let proxy = Proxy::Url("http://MARK-U:MARK-P@proxy.example".parse().unwrap());
        let rules = proxy.resolve().unwrap();
        let text = format!("{proxy:?} {rules:?}");
        assert!(text.contains("proxy.example"), "{text}");
        assert!(!text.contains("MARK"), "{text}");
    }
}

//! Builds the request of isahc for an exchange, with every setting that the contract needs.

use std::time::Duration;

use easemob_token_transport::{Exchange, ProxyUrl, TransportError, TransportErrorKind};
use http::header::{self, HeaderMap, HeaderValue};
use http::request::Parts;
use http::{Method, Request, Uri};
use isahc::AsyncBody;
use isahc::auth::{Authentication, Credentials};
use isahc::config::{Configurable, RedirectPolicy, VersionNegotiation};
use isahc::tls::TlsConfig;

use crate::body::{self, Begun};
use crate::failure::own;

/// Replaces isahc's own, which shows the versions of libcurl and isahc. It cannot be left out.
const USER_AGENT: &str = concat!("easemob-token-transport-isahc/", env!("CARGO_PKG_VERSION"));

/// curl counts in milliseconds of a C `long`, which may have 32 bits.
const LONGEST: Duration = Duration::from_millis(i32::MAX as u64);

/// The settings that do not come from the exchange.
pub(crate) struct Settings<'a> {
    pub(crate) connect_timeout: Duration,
    /// `None` if a ready client has its own.
    pub(crate) network: Option<Network<'a>>,
}

/// The proxy and the TLS settings of a request.
pub(crate) struct Network<'a> {
    pub(crate) proxy: Option<&'a ProxyUrl>,
    pub(crate) tls: TlsConfig,
}

/// Builds the request, and what will show whether its sending has begun.
///
/// Fails if curl would send something else than the exchange says.
pub(crate) fn build(
    exchange: &Exchange,
    settings: Settings<'_>,
) -> Result<(Request<AsyncBody>, Begun), TransportError> {
    check_target(exchange.uri())?;
    check_headers(exchange.request().headers())?;

    let timeout = exchange.timeout();
    // A copy: an idle client that turns out to be dead takes the first one with it.
    let (parts, body) = exchange.request().clone().into_parts();
    let mut builder = Request::builder()
        .timeout(in_curl_range(timeout))
        .connect_timeout(in_curl_range(timeout.min(settings.connect_timeout)))
        .version_negotiation(VersionNegotiation::http11())
        .redirect_policy(RedirectPolicy::None)
        .automatic_decompression(false)
        .expect_continue(false);
    if let Some(network) = settings.network {
        builder = network.configure(builder);
    }
    let (body, begun) = if body.is_empty() && parts.method != Method::POST {
        body::none()
    } else {
        body::once(body, size_of(&parts))
    };
    let mut request = builder
        .method(parts.method)
        .uri(parts.uri)
        .body(body)
        .map_err(|error| TransportError::with_source(TransportErrorKind::Unsupported, error))?;
    *request.headers_mut() = own_headers(parts.headers);
    Ok((request, begun))
}

impl Network<'_> {
    fn configure(self, builder: http::request::Builder) -> http::request::Builder {
        // An explicit proxy (or explicitly none) and an explicit empty list of exceptions: if either
        // is left out, curl reads the environment.
        let builder = builder
            .tls_config(self.tls)
            .proxy(self.proxy.map(ProxyUrl::uri))
            .proxy_blacklist(Vec::<String>::new());
        match self.proxy.and_then(|proxy| Some((proxy, proxy.username()?))) {
            Some((proxy, username)) => {
                builder.proxy_authentication(Authentication::basic()).proxy_credentials(
                    Credentials::new(username, proxy.password().unwrap_or_default()),
                )
            }
            None => builder,
        }
    }
}

/// The approximate size of the head, from its names and values.
fn size_of(parts: &Parts) -> usize {
    let headers = parts.headers.iter();
    let fields: usize = headers.map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    let target = parts.uri.path_and_query().map_or(0, |path| path.as_str().len());
    fields + target
}

/// The caller's headers without those that curl writes itself.
fn own_headers(mut headers: HeaderMap) -> HeaderMap {
    for framing in [header::CONTENT_LENGTH, header::TRANSFER_ENCODING, header::EXPECT] {
        headers.remove(framing);
    }
    headers.entry(header::USER_AGENT).or_insert(HeaderValue::from_static(USER_AGENT));
    headers
}

/// Refuses what curl would change: it parses the URI again, by its own rules.
fn check_target(uri: &Uri) -> Result<(), TransportError> {
    let unsupported = |phrase| Err(own(TransportErrorKind::Unsupported, phrase));
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    if authority.contains('@') {
        return unsupported("the request's URI must have no user info");
    }
    if authority.rsplit_once(':').is_some_and(|(_, port)| !port.ends_with(']'))
        && uri.port_u16().is_none()
    {
        return unsupported("the request's URI has an invalid port");
    }
    let is_dots = |segment: &str| {
        // Most segments need no copy.
        segment.starts_with(['.', '%'])
            && [".", ".."].contains(&&*segment.to_ascii_lowercase().replace("%2e", "."))
    };
    if uri.path().split('/').any(is_dots) {
        return unsupported("the request's path must have no . or .. segment");
    }
    Ok(())
}

/// Refuses a header value that is not visible ASCII, on which isahc would panic.
fn check_headers(headers: &HeaderMap) -> Result<(), TransportError> {
    if headers.values().all(|value| value.to_str().is_ok()) {
        Ok(())
    } else {
        Err(own(
            TransportErrorKind::Unsupported,
            "a header value of the request is not visible ASCII",
        ))
    }
}

/// Limits a time to what curl can count, and to more than zero, which means no limit for curl.
fn in_curl_range(time: Duration) -> Duration {
    time.clamp(Duration::from_millis(1), LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind_for(uri: &str) -> Option<TransportErrorKind> {
        check_target(&uri.parse().unwrap()).err().map(|error| error.kind())
    }

    #[test]
    fn what_curl_would_change_is_refused() {
        for uri in [
            "https://a1.easemob.com@evil.com/org/app/token",
            "https://user:password@a1.easemob.com/",
            "https://a1.easemob.com:99999/",
            "https://a1.easemob.com/org/../token",
            "https://a1.easemob.com/./token",
            "https://a1.easemob.com/org/%2E%2e/token",
            "https://a1.easemob.com/org/.",
        ] {
            assert_eq!(kind_for(uri), Some(TransportErrorKind::Unsupported), "{uri}");
        }
    }

    #[test]
    fn ordinary_targets_pass() {
        for uri in [
            "https://a1.easemob.com/org/app/token",
            "https://a1.easemob.com:8443/org/app/v1.0/..x?q=../",
            "http://[::1]/",
            "http://[::1]:8080/",
        ] {
            assert_eq!(kind_for(uri), None, "{uri}");
        }
    }

    #[test]
    fn zero_does_not_become_no_limit() {
        assert_eq!(in_curl_range(Duration::ZERO), Duration::from_millis(1));
        assert_eq!(in_curl_range(Duration::from_nanos(1)), Duration::from_millis(1));
        assert_eq!(in_curl_range(Duration::MAX), LONGEST);
    }
}

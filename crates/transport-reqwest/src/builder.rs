//! The settings of a [`ReqwestTransport`], on top of those of reqwest.

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use easemob_token_transport::{
    ConfigError, DEFAULT_CONNECT_TIMEOUT, ExchangeLimit, MAX_HEAD_FIELDS, Proxy, ProxyUrl,
};
use reqwest::dns::Resolve;
use reqwest::{ClientBuilder, Url, redirect, retry};

use crate::ReqwestTransport;
use crate::resolver::{PinningResolver, SystemResolver};

/// Sets up a [`ReqwestTransport`]. Made by [`ReqwestTransport::builder`].
#[must_use = "a builder does nothing until `build` is called"]
pub struct ReqwestTransportBuilder {
    client: ClientBuilder,
    resolver: Arc<dyn Resolve>,
    connect_timeout: Duration,
    proxy: Proxy,
    reuse_connections: bool,
    max_concurrent_exchanges: Option<usize>,
}

impl ReqwestTransportBuilder {
    pub(crate) fn new(client: ClientBuilder) -> Self {
        Self {
            client,
            resolver: Arc::new(SystemResolver),
            connect_timeout: DEFAULT_CONNECT_TIMEOUT,
            proxy: Proxy::Off,
            reuse_connections: false,
            max_concurrent_exchanges: None,
        }
    }

    /// Looks up names with this resolver, except for `localhost` and names below it.
    ///
    /// The system's unless set. A resolver that was set on the [`ClientBuilder`] is replaced.
    pub fn dns_resolver(mut self, resolver: impl Resolve + 'static) -> Self {
        self.resolver = Arc::new(resolver);
        self
    }

    /// Sets the time for name look-up, TCP connection, proxy and TLS handshake together.
    ///
    /// 3 s unless set ([`DEFAULT_CONNECT_TIMEOUT`]).
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.connect_timeout = limit;
        self
    }

    /// Sets the proxy; [`Proxy::Off`] unless set. Proxies of the [`ClientBuilder`] are removed.
    pub fn proxy(mut self, proxy: Proxy) -> Self {
        self.proxy = proxy;
        self
    }

    /// Sets whether an idle connection is used again; `false` unless set.
    ///
    /// Reuse saves a handshake for each token. But if a server, or something in between, breaks the
    /// protocol and sends an unsolicited response, it can be taken for that of the next request, and
    /// an exchange that requires a fresh connection does not get one.
    pub fn reuse_connections(mut self, reuse: bool) -> Self {
        self.reuse_connections = reuse;
        self
    }

    /// Sets how many exchanges may be under way at once; the others wait for their turn.
    ///
    /// A quarter of the process's limit of file descriptors unless set.
    pub fn max_concurrent_exchanges(mut self, exchanges: usize) -> Self {
        self.max_concurrent_exchanges = Some(exchanges);
        self
    }

    /// Checks the settings and builds the transport. Nothing is connected yet.
    ///
    /// # Errors
    ///
    /// A [`ConfigError`] that names the setting: `client` if reqwest refuses its own settings (such as
    /// TLS without a provider), `proxy` if the environment has an unusable value,
    /// `max_concurrent_exchanges` if it is 0.
    pub fn build(self) -> Result<ReqwestTransport, ConfigError> {
        let limit = ExchangeLimit::from_setting(self.max_concurrent_exchanges, DESCRIPTORS)?;
        let rules = self.proxy.resolve()?;
        let intercepting = rules.clone();
        // An error is reported before the exchange is sent.
        let proxy_of = move |target: &Url| {
            let target = target.as_str().parse().ok()?;
            intercepting.proxy_for(&target).ok().flatten().and_then(url_of)
        };
        let client = self
            .client
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .no_gzip()
            .no_brotli()
            .no_zstd()
            .no_deflate()
            .referer(false)
            .http1_only()
            .http1_max_headers(MAX_HEAD_FIELDS)
            .http1_allow_obsolete_multiline_headers_in_responses(true)
            .tcp_nodelay(true)
            .connect_timeout(self.connect_timeout)
            .dns_resolver(PinningResolver(self.resolver))
            .no_proxy()
            .proxy(reqwest::Proxy::custom(proxy_of));
        let client = if self.reuse_connections { client } else { client.pool_max_idle_per_host(0) };
        // The cause is dropped: it could quote a setting.
        let client = client.build().map_err(|_| {
            ConfigError::new(
                "client",
                "reqwest refuses these settings: build the client alone to see its reason",
            )
        })?;
        Ok(ReqwestTransport::over(client, rules, limit, !self.reuse_connections))
    }
}

/// An exchange takes one descriptor, its connection.
const DESCRIPTORS: NonZeroUsize = NonZeroUsize::MIN;

/// The limit of exchanges unless set.
pub(crate) fn default_limit() -> ExchangeLimit {
    ExchangeLimit::from_descriptors(DESCRIPTORS)
}

/// The proxy's URL as reqwest takes it, with its credentials.
fn url_of(proxy: &ProxyUrl) -> Option<Url> {
    let mut url: Url = proxy.uri().to_string().parse().ok()?;
    if let Some(username) = proxy.username() {
        url.set_username(username).ok()?;
        url.set_password(proxy.password()).ok()?;
    }
    Some(url)
}

impl fmt::Debug for ReqwestTransportBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the client: its default headers may hold a secret.
        f.debug_struct("ReqwestTransportBuilder")
            .field("connect_timeout", &self.connect_timeout)
            .field("proxy", &self.proxy)
            .field("reuse_connections", &self.reuse_connections)
            .field("max_concurrent_exchanges", &self.max_concurrent_exchanges)
            .finish_non_exhaustive()
    }
}

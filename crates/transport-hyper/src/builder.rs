//! The settings of a [`HyperTransport`], checked before anything is sent.

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use easemob_token_transport::{
    ClientCertificate, ConfigError, DEFAULT_CONNECT_TIMEOUT, ExchangeLimit, Proxy, ProxyRules,
    RootSettings, TransportError, TransportErrorKind,
};
use rustls::crypto::CryptoProvider;

use crate::HyperTransport;
use crate::client::{HttpClient, PooledClient};
use crate::connector::Connector;
use crate::identity;
use crate::resolver::Resolver;
use crate::roots::{Trust, read_system};
use crate::tls::Tls;

/// Sets up a [`HyperTransport`].
///
/// ```
/// use std::time::Duration;
/// use easemob_token_transport::Proxy;
/// use easemob_token_transport_hyper::HyperTransport;
///
/// let transport = HyperTransport::builder()
///     .connect_timeout(Duration::from_secs(1))
///     .proxy(Proxy::Url("http://proxy.example:3128".parse()?))
///     .build()?;
/// # Ok::<(), easemob_token_transport::ConfigError>(())
/// ```
#[must_use = "a builder does nothing until `build` is called"]
#[derive(Clone)]
pub struct HyperTransportBuilder {
    connect_timeout: Duration,
    roots: RootSettings,
    /// Chain and key as they were given.
    client_certificate: Option<(Vec<u8>, Vec<u8>)>,
    proxy: Proxy,
    crypto_provider: Arc<CryptoProvider>,
    reuse_connections: bool,
    max_concurrent_exchanges: Option<usize>,
}

impl HyperTransportBuilder {
    pub(crate) fn new() -> Self {
        Self {
            connect_timeout: DEFAULT_CONNECT_TIMEOUT,
            roots: RootSettings::default(),
            client_certificate: None,
            proxy: Proxy::Off,
            crypto_provider: Arc::new(rustls::crypto::ring::default_provider()),
            reuse_connections: true,
            max_concurrent_exchanges: None,
        }
    }

    /// Sets the time for name look-up, TCP connection, proxy and TLS handshake together.
    ///
    /// 3 s unless set ([`DEFAULT_CONNECT_TIMEOUT`]). The time limit of the exchange applies too, if it
    /// is shorter.
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.connect_timeout = limit;
        self
    }

    /// Trusts the certificates in this PEM text, one or more, *instead of* the system's.
    ///
    /// A server that shows one of these certificates itself is trusted too, if the name and the dates
    /// are right. Keys in the text are skipped; a damaged certificate is an error. Of the calls
    /// `roots_pem` and `bundled_roots`, the last one counts.
    pub fn roots_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.roots.set_pem(pem.into());
        self
    }

    /// Trusts the certificates in this PEM text *in addition to* the others.
    ///
    /// The others are the system's, those of `roots_pem`, or the bundled ones. Each call adds. If the
    /// system has no roots, the added ones are enough.
    pub fn add_roots_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.roots.add_pem(pem.into());
        self
    }

    /// Trusts Mozilla's root certificates, which the crate `webpki-roots` bundles, *instead of* the
    /// system's.
    ///
    /// They are the same on every machine, and as old as the program's build. Of the calls `roots_pem`
    /// and `bundled_roots`, the last one counts.
    #[cfg(feature = "bundled-roots")]
    pub fn bundled_roots(mut self) -> Self {
        self.roots.set_bundled();
        self
    }

    /// Shows this certificate to a server that asks for one; none is shown unless set.
    ///
    /// Both are PEM texts: the chain begins with the client's own certificate, and the key is its
    /// private key (PKCS #8, PKCS #1 or SEC 1, not encrypted). An `https://` proxy is shown the
    /// certificate too if it asks.
    pub fn client_certificate_pem(
        mut self,
        chain: impl Into<Vec<u8>>,
        key: impl Into<Vec<u8>>,
    ) -> Self {
        self.client_certificate = Some((chain.into(), key.into()));
        self
    }

    /// Sets the proxy; [`Proxy::Off`] unless set. The environment is read only for
    /// [`Proxy::Environment`], by [`build`](Self::build).
    ///
    /// The proxy only opens tunnels (`CONNECT`). The certificate of an `https://` proxy is checked
    /// against the same roots.
    pub fn proxy(mut self, proxy: Proxy) -> Self {
        self.proxy = proxy;
        self
    }

    /// Sets the cryptography provider of TLS; *ring* unless set.
    ///
    /// The process's default provider is never read and never set.
    pub fn crypto_provider(mut self, provider: Arc<CryptoProvider>) -> Self {
        self.crypto_provider = provider;
        self
    }

    /// Sets whether an idle connection is used again within some seconds; `true` unless set.
    ///
    /// Reuse saves handshakes if many tokens are requested. Before a request is written the
    /// connection is checked, and dropped if it is closed or holds an unsolicited byte. No HTTP/1.1
    /// client that reuses connections can detect one case: a server, or something in between, breaks
    /// the protocol and sends an unsolicited response, which arrives between that check and the real
    /// response and is taken for it. That cannot happen without reuse, nor to an exchange that
    /// requires a fresh connection (`Exchange::on_fresh_connection`).
    pub fn reuse_connections(mut self, reuse: bool) -> Self {
        self.reuse_connections = reuse;
        self
    }

    /// Sets how many exchanges may be under way at once; the others wait for their turn.
    ///
    /// A quarter of the process's limit of file descriptors unless set, which [`build`](Self::build)
    /// reads ([`ExchangeLimit::from_descriptors`]). An exchange that waits until its time limit ends
    /// fails as `Timeout`, and nothing was sent.
    pub fn max_concurrent_exchanges(mut self, exchanges: usize) -> Self {
        self.max_concurrent_exchanges = Some(exchanges);
        self
    }

    /// Checks the settings and builds the transport. Nothing is connected yet.
    ///
    /// # Errors
    ///
    /// A [`ConfigError`] that names the setting:
    ///
    /// - `roots_pem` or `add_roots_pem` holds no certificate, or a broken one;
    /// - `client_certificate_pem` holds no certificate, no key, or a key of another certificate;
    /// - `crypto_provider` supports neither TLS 1.2 nor 1.3;
    /// - `proxy` has an unusable value in the environment;
    /// - `max_concurrent_exchanges` is 0.
    pub fn build(self) -> Result<HyperTransport, ConfigError> {
        let limit = ExchangeLimit::from_setting(self.max_concurrent_exchanges, DESCRIPTORS)?;
        let tls = self.tls()?;
        let proxy = self.proxy.resolve()?;
        let connector = Connector::new(Resolver::new(), self.connect_timeout, tls, proxy);
        let client = PooledClient::new(connector, self.reuse_connections);
        Ok(HyperTransport::over(HttpClient::Pooled(client), limit))
    }

    /// Makes the TLS configuration that the transport would use, for a diagnosis of your own.
    ///
    /// It loads the system's roots if they are trusted. Everything else of these settings is ignored.
    ///
    /// # Errors
    ///
    /// `Tls` if a setting of TLS is wrong, as [`build`](Self::build) says, or if the system's roots
    /// cannot be read.
    pub async fn tls_config(&self) -> Result<Arc<rustls::ClientConfig>, TransportError> {
        let wrong = |error| TransportError::with_source(TransportErrorKind::Tls, error);
        self.tls().map_err(wrong)?.config().await
    }

    fn tls(&self) -> Result<Tls, ConfigError> {
        let provider = Arc::clone(&self.crypto_provider);
        let identity = match &self.client_certificate {
            Some((chain, key)) => {
                let certificate = ClientCertificate::from_pem(chain, key)?;
                Some(identity::check(&certificate, &provider)?)
            }
            None => None,
        };
        Tls::new(provider, Trust::new(&self.roots)?, identity)
    }

    /// Builds a transport with the default settings, which need no check.
    pub(crate) fn build_default() -> HyperTransport {
        let Self { connect_timeout, crypto_provider, reuse_connections, .. } = Self::new();
        let tls = Tls::with_system_roots(crypto_provider, Trust::system(), None, read_system);
        let proxy = ProxyRules::default();
        let connector = Connector::new(Resolver::new(), connect_timeout, tls, proxy);
        let client = PooledClient::new(connector, reuse_connections);
        HyperTransport::over(HttpClient::Pooled(client), default_limit())
    }
}

/// An exchange takes one descriptor, its connection.
const DESCRIPTORS: NonZeroUsize = NonZeroUsize::MIN;

/// The limit of exchanges unless set.
pub(crate) fn default_limit() -> ExchangeLimit {
    ExchangeLimit::from_descriptors(DESCRIPTORS)
}

impl fmt::Debug for HyperTransportBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HyperTransportBuilder")
            .field("connect_timeout", &self.connect_timeout)
            .field("roots", &self.roots)
            .field("has_client_certificate", &self.client_certificate.is_some())
            .field("proxy", &self.proxy)
            .field("reuse_connections", &self.reuse_connections)
            .field("max_concurrent_exchanges", &self.max_concurrent_exchanges)
            .finish_non_exhaustive()
    }
}

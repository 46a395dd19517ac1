//! The settings of an [`IsahcTransport`], checked when it is built.

use std::fmt;
use std::num::NonZeroUsize;
use std::time::Duration;

use easemob_token_transport::{
    ClientCertificate, ConfigError, DEFAULT_CONNECT_TIMEOUT, ExchangeLimit, Proxy, ProxyRules,
    RootSettings,
};

use crate::roots::Trust;
use crate::tls::Tls;
use crate::transport::{IsahcTransport, Route};

/// Sets up an [`IsahcTransport`].
///
/// ```
/// use std::time::Duration;
/// use easemob_token_transport::Proxy;
/// use easemob_token_transport_isahc::IsahcTransport;
///
/// let transport = IsahcTransport::builder()
///     .connect_timeout(Duration::from_secs(2))
///     .proxy(Proxy::Url("http://proxy.example:3128".parse()?))
///     .build()?;
/// # Ok::<(), easemob_token_transport::ConfigError>(())
/// ```
#[derive(Clone)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct IsahcTransportBuilder {
    connect_timeout: Duration,
    roots: RootSettings,
    /// Chain and key as they were given.
    client_certificate: Option<(Vec<u8>, Vec<u8>)>,
    proxy: Proxy,
    max_concurrent_exchanges: Option<usize>,
}

impl IsahcTransportBuilder {
    pub(crate) fn new() -> Self {
        Self {
            connect_timeout: DEFAULT_CONNECT_TIMEOUT,
            roots: RootSettings::default(),
            client_certificate: None,
            proxy: Proxy::Off,
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
    /// A server that shows an authority's certificate as its own is refused by libcurl's rustls, even
    /// if it is one of these. Keys in the text are skipped; a damaged certificate is an error. Of the
    /// calls `roots_pem` and `bundled_roots`, the last one counts.
    pub fn roots_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.roots.set_pem(pem.into());
        self
    }

    /// Trusts the certificates in this PEM text *in addition to* the others.
    ///
    /// The others are the system's, those of `roots_pem`, or the bundled ones. Each call adds. If the
    /// system has no roots, the added ones are enough. On macOS and Windows, rustls then verifies with
    /// the system's roots, and not the system's own verifier.
    pub fn add_roots_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.roots.add_pem(pem.into());
        self
    }

    /// Trusts Mozilla's root certificates, which the crate `webpki-root-certs` bundles, *instead of*
    /// the system's.
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
    /// private key (PKCS #8, PKCS #1 or SEC 1, not encrypted).
    ///
    /// libcurl reads them from files only. During an exchange they are in anonymous memory that it
    /// opens through `/proc` (Linux, Android), or in temporary files that on Unix only their owner may
    /// read (other systems).
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
    /// The proxy only opens tunnels (`CONNECT`). It must be an `http://` one: isahc 2.0.2 does not
    /// check the certificate of an `https://` proxy. A given `https://` proxy is refused by
    /// [`build`](Self::build), one from the environment when it would be used.
    pub fn proxy(mut self, proxy: Proxy) -> Self {
        self.proxy = proxy;
        self
    }

    /// Sets how many exchanges may be under way at once; the others wait for their turn.
    ///
    /// An exchange takes up to eight descriptors and a thread. Unless set, exchanges take at most a
    /// quarter of the process's limit of file descriptors, which [`build`](Self::build) reads
    /// ([`ExchangeLimit::from_descriptors`]). An exchange that waits until its time limit ends fails
    /// as `Timeout`, and nothing was sent.
    pub fn max_concurrent_exchanges(mut self, exchanges: usize) -> Self {
        self.max_concurrent_exchanges = Some(exchanges);
        self
    }

    /// Checks the settings and builds the transport. Nothing is sent and no thread is started yet.
    ///
    /// # Errors
    ///
    /// A [`ConfigError`] that names the setting:
    ///
    /// - `roots_pem` or `add_roots_pem` holds no certificate, or a broken one;
    /// - `client_certificate_pem` holds no certificate, no key, or a key of another certificate, or
    ///   cannot be passed to libcurl;
    /// - `proxy` is an `https://` one, or has an unusable value in the environment;
    /// - `max_concurrent_exchanges` is 0.
    pub fn build(self) -> Result<IsahcTransport, ConfigError> {
        if matches!(&self.proxy, Proxy::Url(url) if url.is_https()) {
            return Err(ConfigError::new(
                "proxy",
                "this transport cannot check the certificate of an https:// proxy; use http://",
            ));
        }
        let proxy = self.proxy.resolve()?;
        let certificate = match &self.client_certificate {
            Some((chain, key)) => Some(ClientCertificate::from_pem(chain, key)?),
            None => None,
        };
        let tls = Box::new(Tls::new(Trust::new(&self.roots)?, certificate)?);
        let limit = ExchangeLimit::from_setting(self.max_concurrent_exchanges, DESCRIPTORS)?;
        Ok(IsahcTransport::with_route(self.connect_timeout, Route::Own { proxy, tls }, limit))
    }

    /// Builds a transport with the default settings, which need no check.
    pub(crate) fn build_default() -> IsahcTransport {
        let tls = Box::new(Tls::with_system_roots());
        let route = Route::Own { proxy: ProxyRules::default(), tls };
        IsahcTransport::with_route(DEFAULT_CONNECT_TIMEOUT, route, default_limit())
    }
}

/// An exchange takes a client with seven descriptors, and a connection.
const DESCRIPTORS: NonZeroUsize = NonZeroUsize::new(8).unwrap();

/// The limit of exchanges unless set.
pub(crate) fn default_limit() -> ExchangeLimit {
    ExchangeLimit::from_descriptors(DESCRIPTORS)
}

impl fmt::Debug for IsahcTransportBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IsahcTransportBuilder")
            .field("connect_timeout", &self.connect_timeout)
            .field("roots", &self.roots)
            .field("has_client_certificate", &self.client_certificate.is_some())
            .field("proxy", &self.proxy)
            .field("max_concurrent_exchanges", &self.max_concurrent_exchanges)
            .finish()
    }
}

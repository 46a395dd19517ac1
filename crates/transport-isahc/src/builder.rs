//! The settings of an `IsahcTransport`, checked when it is built.

use std::time::Duration;

use easemob_token_transport::{ConfigError, DEFAULT_CONNECT_TIMEOUT, Proxy};
use isahc::tls::TlsConfig;

use crate::roots;
use crate::transport::{IsahcTransport, Route};

/// Builds an [`IsahcTransport`]. Nothing is sent and no thread is started by it.
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
#[derive(Debug)]
#[must_use = "a builder does nothing until it is built"]
pub struct IsahcTransportBuilder {
    connect_timeout: Duration,
    roots_pem: Option<Vec<u8>>,
    proxy: Proxy,
}

impl IsahcTransportBuilder {
    pub(crate) fn new() -> Self {
        Self { connect_timeout: DEFAULT_CONNECT_TIMEOUT, roots_pem: None, proxy: Proxy::Off }
    }

    /// Sets the time for the name look-up, the connection (through the proxy, if any) and the TLS
    /// handshake together; [`DEFAULT_CONNECT_TIMEOUT`] unless set. The limit of the exchange holds
    /// too, whichever is shorter.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Trusts these certificates, one or more in PEM, *instead of* those of the system.
    pub fn roots_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.roots_pem = Some(pem.into());
        self
    }

    /// Sets the way through a proxy; [`Proxy::Off`] unless set.
    ///
    /// The proxy sees a `CONNECT` request with its own credentials and nothing of the exchange. It
    /// must be an `http://` one: isahc 2.0.2 leaves an `https://` proxy's certificate unchecked
    /// where it checks it for anybody else, so such a proxy is refused, a given one by
    /// [`build`](Self::build), one of the environment when it would be used.
    pub fn proxy(mut self, proxy: Proxy) -> Self {
        self.proxy = proxy;
        self
    }

    /// Checks the settings; reads the environment if, and only if, the proxy comes from there.
    ///
    /// # Errors
    ///
    /// For `roots_pem` without a certificate or with a broken one, and for a proxy that cannot be
    /// used.
    pub fn build(self) -> Result<IsahcTransport, ConfigError> {
        if matches!(&self.proxy, Proxy::Url(url) if url.is_https()) {
            return Err(ConfigError::new(
                "proxy",
                "this transport cannot check the certificate of an https:// proxy; use http://",
            ));
        }
        let proxy = self.proxy.resolve()?;
        let mut tls = TlsConfig::builder();
        if let Some(pem) = self.roots_pem {
            tls = tls.trust_store(roots::from_pem(&pem)?);
        }
        Ok(IsahcTransport::with_route(
            self.connect_timeout,
            Route::Own { proxy, tls: Box::new(tls.build()) },
        ))
    }
}

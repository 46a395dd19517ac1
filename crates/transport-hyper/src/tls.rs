//! What TLS trusts and computes with, made ready when the first connection needs it.

use std::io;
use std::sync::{Arc, OnceLock};

use easemob_token_transport::{ConfigError, TransportError, TransportErrorKind};
use hyper_rustls::ConfigBuilderExt;
use rustls::client::WantsClientCert;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, ConfigBuilder, RootCertStore, WantsVerifier};
use tokio::task::spawn_blocking;

/// A TLS configuration to be: a client that speaks plain HTTP loads no certificate.
pub(crate) struct Tls {
    provider: Arc<CryptoProvider>,
    /// `None` for the system's.
    roots: Option<RootCertStore>,
    ready: OnceLock<Arc<ClientConfig>>,
}

impl Tls {
    pub(crate) fn new(provider: Arc<CryptoProvider>, roots: Option<RootCertStore>) -> Self {
        Self { provider, roots, ready: OnceLock::new() }
    }

    /// Whether the provider has what the protocol versions need.
    pub(crate) fn check_provider(&self) -> Result<(), ConfigError> {
        match versions(self.provider.clone()) {
            Ok(_) => Ok(()),
            Err(error) => Err(ConfigError::new(
                "crypto_provider",
                "cannot do TLS 1.2 and 1.3: give one with cipher suites for both",
            )
            .with_source(error)),
        }
    }

    /// The configuration, made by the first who asks.
    ///
    /// Two who ask at once both make it and one of them is kept: that is cheaper than to have one
    /// wait for another, who may be cancelled.
    pub(crate) async fn config(&self) -> Result<Arc<ClientConfig>, TransportError> {
        if let Some(config) = self.ready.get() {
            return Ok(config.clone());
        }
        let builder = versions(self.provider.clone())
            .map_err(|error| TransportError::with_source(TransportErrorKind::Tls, error))?;
        let builder = match self.roots.clone() {
            Some(roots) => builder.with_root_certificates(roots),
            None => with_system_roots(builder).await?,
        };
        let mut config = builder.with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(self.ready.get_or_init(|| Arc::new(config)).clone())
    }
}

fn versions(
    provider: Arc<CryptoProvider>,
) -> Result<ConfigBuilder<ClientConfig, WantsVerifier>, rustls::Error> {
    ClientConfig::builder_with_provider(provider).with_protocol_versions(&[&TLS13, &TLS12])
}

async fn with_system_roots(
    builder: ConfigBuilder<ClientConfig, WantsVerifier>,
) -> Result<ConfigBuilder<ClientConfig, WantsClientCert>, TransportError> {
    // Some hundred files may have to be read.
    let loaded: io::Result<_> = spawn_blocking(|| builder.with_native_roots())
        .await
        .map_err(|error| TransportError::with_source(TransportErrorKind::Internal, error))?;
    loaded.map_err(|error| TransportError::with_source(TransportErrorKind::Tls, error))
}

/// The certificates in a PEM text, as roots.
pub(crate) fn parse_roots(pem: &[u8]) -> Result<RootCertStore, ConfigError> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|error| {
            ConfigError::new("roots_pem", "is not a well-formed PEM text").with_source(error)
        })?;
        roots.add(certificate).map_err(|error| {
            ConfigError::new("roots_pem", "holds a certificate that cannot be a root")
                .with_source(error)
        })?;
    }
    if roots.is_empty() {
        return Err(ConfigError::new("roots_pem", "holds no certificate"));
    }
    Ok(roots)
}

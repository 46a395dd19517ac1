//! The TLS configuration, built when the first connection needs it.

use std::io;
use std::sync::{Arc, OnceLock};

use easemob_token_transport::{ConfigError, TransportError, TransportErrorKind, check_descriptors};
use hyper_rustls::ConfigBuilderExt;
use rustls::client::{ResolvesClientCert, WantsClientCert};
use rustls::crypto::CryptoProvider;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, ConfigBuilder, WantsVerifier};
use tokio::task::spawn_blocking;

use crate::roots::Trust;

/// Descriptors for reading roots: a folder, and a file in it. Without them the system seems to have none.
const FOR_ROOTS: usize = 2;

/// The settings of a TLS configuration: a client that speaks plain HTTP loads no certificate.
pub(crate) struct Tls {
    provider: Arc<CryptoProvider>,
    trust: Trust,
    /// The certificate for a server that asks for one.
    identity: Option<Arc<dyn ResolvesClientCert>>,
    ready: OnceLock<Arc<ClientConfig>>,
}

impl Tls {
    pub(crate) fn new(
        provider: Arc<CryptoProvider>,
        trust: Trust,
        identity: Option<Arc<dyn ResolvesClientCert>>,
    ) -> Self {
        Self { provider, trust, identity, ready: OnceLock::new() }
    }

    /// Checks that the provider has cipher suites for the protocol versions.
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

    /// Returns the configuration, which the first caller builds.
    ///
    /// Two callers at once both build it, and one result is used: that is cheaper than waiting for
    /// another caller, who may be cancelled.
    pub(crate) async fn config(&self) -> Result<Arc<ClientConfig>, TransportError> {
        if let Some(config) = self.ready.get() {
            return Ok(config.clone());
        }
        let builder = versions(self.provider.clone())
            .map_err(|error| TransportError::with_source(TransportErrorKind::Tls, error))?;
        let builder = match &self.trust {
            Trust::System => {
                check_descriptors(FOR_ROOTS)?;
                with_system_roots(builder).await?
            }
            Trust::These(roots) => builder.with_root_certificates(roots.clone()),
        };
        let mut config = match &self.identity {
            Some(identity) => builder.with_client_cert_resolver(identity.clone()),
            None => builder.with_no_client_auth(),
        };
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

//! The TLS configuration, complete only when the first connection needs it.

use std::sync::Arc;

use easemob_token_transport::{ConfigError, LoadOnce, TransportError};
use rustls::client::ResolvesClientCert;
use rustls::crypto::CryptoProvider;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, RootCertStore};

use crate::roots::{Trust, read_system};
use crate::verifier::Verifier;

/// A TLS configuration: a client that speaks plain HTTP reads no certificate of the system's.
pub(crate) enum Tls {
    Ready(Arc<ClientConfig>),
    /// With the system's roots. Some hundred files may have to be read.
    System(LoadOnce<Arc<ClientConfig>>),
}

/// The certificate for a server that asks for one.
type Identity = Option<Arc<dyn ResolvesClientCert>>;

impl Tls {
    pub(crate) fn new(
        provider: Arc<CryptoProvider>,
        trust: Trust,
        identity: Identity,
    ) -> Result<Self, ConfigError> {
        if let Err(error) = ClientConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(&[&TLS13, &TLS12])
        {
            return Err(ConfigError::new(
                "crypto_provider",
                "cannot do TLS 1.2 and 1.3: give one with cipher suites for both",
            )
            .with_source(error));
        }
        if trust.system {
            return Ok(Self::with_system_roots(provider, trust, identity, read_system));
        }
        build(provider, trust, identity)
            .map(Self::Ready)
            .map_err(|problem| ConfigError::new("roots_pem", problem))
    }

    /// A configuration whose roots are those of `read` and those of `trust`.
    pub(crate) fn with_system_roots(
        provider: Arc<CryptoProvider>,
        trust: Trust,
        identity: Identity,
        read: impl Fn() -> Result<RootCertStore, String> + Send + Sync + 'static,
    ) -> Self {
        let Trust { roots, given, .. } = trust;
        Self::System(LoadOnce::new(move || {
            let mut roots = roots.clone();
            match read() {
                Ok(read) => roots.extend(read.roots),
                // The given ones may be enough.
                Err(_) if !given.is_empty() => {}
                Err(problem) => return Err(problem),
            }
            let trust = Trust { roots, given: given.clone(), system: false };
            build(provider.clone(), trust, identity.clone())
        }))
    }

    /// Returns the configuration. The system's roots are loaded once for all callers.
    pub(crate) async fn config(&self) -> Result<Arc<ClientConfig>, TransportError> {
        match self {
            Self::Ready(config) => Ok(config.clone()),
            Self::System(load) => load.get().await,
        }
    }
}

fn build(
    provider: Arc<CryptoProvider>,
    trust: Trust,
    identity: Identity,
) -> Result<Arc<ClientConfig>, String> {
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&[&TLS13, &TLS12])
        .map_err(|error| error.to_string())?;
    let builder = if trust.given.is_empty() {
        builder.with_root_certificates(trust.roots)
    } else {
        let verifier =
            Verifier::new(trust.roots, trust.given, provider).map_err(|error| error.to_string())?;
        builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier))
    };
    let mut config = match identity {
        Some(identity) => builder.with_client_cert_resolver(identity),
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, mpsc};
    use std::time::Duration;

    use easemob_token_transport::{Exchange, ProxyRules, Transport, TransportErrorKind};
    use easemob_token_transport_testkit::{Authority, LOOPBACK, Script, ScriptedServer};
    use rustls::crypto::ring;

    use super::*;
    use crate::HyperTransport;
    use crate::builder::default_limit;
    use crate::client::{HttpClient, PooledClient};
    use crate::connector::Connector;
    use crate::resolver::Resolver;

    #[tokio::test]
    async fn roots_that_load_longer_than_the_connect_limit_are_used_all_the_same() {
        let authority = Authority::new();
        let mut roots = RootCertStore::empty();
        roots.add(authority.der()).unwrap();
        let server = ScriptedServer::start(Script::new().tls(authority.issue(LOOPBACK)).serve());
        let (sender, loaded) = mpsc::channel::<Result<(), String>>();
        let loaded = Mutex::new(loaded);
        let read = move || loaded.lock().unwrap().recv().unwrap().map(|()| roots.clone());
        let provider = Arc::new(ring::default_provider());
        let tls = Tls::with_system_roots(provider, Trust::system(), None, read);
        let connector =
            Connector::new(Resolver::new(), Duration::from_millis(600), tls, ProxyRules::default());
        let client = PooledClient::new(connector, false);
        let transport = HyperTransport::over(HttpClient::Pooled(client), default_limit());
        let send = |limit| {
            let request = http::Request::post(server.url("https", LOOPBACK)).body("").unwrap();
            transport.send(Exchange::new(request).with_timeout(Duration::from_millis(limit)))
        };
        assert_eq!(send(50).await.unwrap_err().kind(), TransportErrorKind::Timeout);
        // The loading of the first exchange goes on.
        let late = tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(700)).await;
            sender.send(Ok(())).unwrap();
        });
        let outcome = send(10_000).await;
        assert!(outcome.is_ok(), "{outcome:?}");
        late.await.unwrap();
    }
}

//! The server's side of TLS: what it shows, which versions it speaks, what it asks of clients.
#![expect(clippy::expect_used, reason = "keys and versions are the suite's own and fit")]

use std::fmt;
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::server::WebPkiClientVerifier;
use rustls::version::{TLS12, TLS13};
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion};

use super::certificates::{Authority, Identity};

type Versions = &'static [&'static SupportedProtocolVersion];

const BOTH: Versions = &[&TLS13, &TLS12];
const ONLY_TLS12: Versions = &[&TLS12];
const ONLY_TLS13: Versions = &[&TLS13];

/// TLS settings of a server: TLS 1.2 and 1.3 with this identity unless a method says otherwise.
#[derive(Clone)]
pub struct ServerTls {
    identity: Identity,
    versions: Versions,
    client_roots: Arc<RootCertStore>,
    config: Arc<ServerConfig>,
}

impl ServerTls {
    /// Settings of a server that shows this identity.
    #[must_use]
    pub fn new(identity: Identity) -> Self {
        Self::build(identity, BOTH, RootCertStore::empty().into())
    }

    /// Speaks TLS 1.2 only.
    #[must_use]
    pub fn only_tls12(self) -> Self {
        Self::build(self.identity, ONLY_TLS12, self.client_roots)
    }

    /// Speaks TLS 1.3 only.
    #[must_use]
    pub fn only_tls13(self) -> Self {
        Self::build(self.identity, ONLY_TLS13, self.client_roots)
    }

    /// Refuses clients that show no certificate of this authority.
    #[must_use]
    pub fn require_client_certificate(self, authority: &Authority) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(authority.der()).expect("an authority can be a root");
        Self::build(self.identity, self.versions, roots.into())
    }

    /// The identity that the server shows.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The same settings for a server of your own.
    #[must_use]
    pub fn config(&self) -> Arc<ServerConfig> {
        self.config.clone()
    }

    fn build(identity: Identity, versions: Versions, client_roots: Arc<RootCertStore>) -> Self {
        // The provider by name: the process's default stays unset, and an adapter may rely on that.
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(versions)
            .expect("ring speaks both versions");
        let builder = if client_roots.is_empty() {
            builder.with_no_client_auth()
        } else {
            let roots = client_roots.clone();
            let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider).build();
            builder.with_client_cert_verifier(verifier.expect("there is a root"))
        };
        let config = builder
            .with_single_cert(vec![identity.der()], identity.key_der())
            .expect("the key belongs to the certificate");
        Self { identity, versions, client_roots, config: Arc::new(config) }
    }
}

impl From<Identity> for ServerTls {
    fn from(identity: Identity) -> Self {
        Self::new(identity)
    }
}

impl fmt::Debug for ServerTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerTls").finish_non_exhaustive()
    }
}

/// A server hello of TLS 1.0, which clients refuse today.
pub(crate) const SERVER_HELLO_TLS10: &[u8] = b"\x16\x03\x01\x00\x2a\x02\x00\x00\x26\x03\x01\
    0123456789abcdef0123456789abcdef\x00\x00\x2f\x00";

/// A fatal alert, "protocol version", in a record of TLS 1.0.
pub(crate) const ALERT_PROTOCOL_VERSION: &[u8] = b"\x15\x03\x01\x00\x02\x02\x46";

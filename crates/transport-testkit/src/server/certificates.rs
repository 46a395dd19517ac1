//! Certificates made when they are needed: an authority, and servers that are as they should be or not.
#![expect(
    clippy::expect_used,
    reason = "the arguments are this file's own; where they fail there is nothing to test with"
)]

use std::fmt;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::version::{TLS12, TLS13};
use rustls::{ServerConfig, SupportedProtocolVersion};

/// The address at which scripted servers listen.
pub const LOOPBACK: &str = "127.0.0.1";

/// What a server shows in the handshake: its certificate and the versions it speaks.
#[derive(Clone)]
pub struct Identity(pub(crate) Arc<ServerConfig>);

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").finish_non_exhaustive()
    }
}

/// A certificate authority that exists for one test.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    /// A new one, which nobody trusts yet.
    #[must_use]
    pub fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("no name is a good list");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, key());
        Self(issuer.expect("an authority can sign for itself"))
    }

    /// Its certificate, in PEM.
    #[must_use]
    pub fn pem(&self) -> String {
        self.0.pem()
    }

    /// A server with a good certificate for this host.
    #[must_use]
    pub fn identity(&self, host: &str) -> Identity {
        self.sign(&named(host), &[&TLS13, &TLS12])
    }

    /// The same, speaking TLS 1.2 and nothing else.
    #[must_use]
    pub fn identity_tls12(&self, host: &str) -> Identity {
        self.sign(&named(host), &[&TLS12])
    }

    /// A certificate whose time was over in 2020.
    #[must_use]
    pub fn expired(&self, host: &str) -> Identity {
        let mut params = named(host);
        params.not_before = date_time_ymd(2019, 1, 1);
        params.not_after = date_time_ymd(2020, 1, 1);
        self.sign(&params, &[&TLS13, &TLS12])
    }

    /// A certificate whose time begins in the year 4000.
    #[must_use]
    pub fn not_yet_valid(&self, host: &str) -> Identity {
        let mut params = named(host);
        params.not_before = date_time_ymd(4000, 1, 1);
        params.not_after = date_time_ymd(4001, 1, 1);
        self.sign(&params, &[&TLS13, &TLS12])
    }

    fn sign(
        &self,
        params: &CertificateParams,
        versions: &[&'static SupportedProtocolVersion],
    ) -> Identity {
        let key = key();
        let certificate = params.signed_by(&key, &self.0);
        let certificate = certificate.expect("the authority can sign");
        serve(certificate.der().clone(), &key, versions)
    }
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority").finish_non_exhaustive()
    }
}

impl Identity {
    /// A server that signed its certificate itself.
    #[must_use]
    pub fn self_signed(host: &str) -> Self {
        let key = key();
        let certificate = named(host).self_signed(&key);
        let certificate = certificate.expect("a key can sign for itself");
        serve(certificate.der().clone(), &key, &[&TLS13, &TLS12])
    }
}

fn named(host: &str) -> CertificateParams {
    CertificateParams::new(vec![host.to_owned()]).expect("the suite's hosts are good names")
}

fn key() -> KeyPair {
    KeyPair::generate().expect("the system has randomness")
}

fn serve(
    certificate: CertificateDer<'static>,
    key: &KeyPair,
    versions: &[&'static SupportedProtocolVersion],
) -> Identity {
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    // The provider by name: the process's default is the adapter's to leave alone, and ours.
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(versions)
        .expect("ring does both versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .expect("the key belongs to the certificate");
    Identity(Arc::new(config))
}

/// A server hello of TLS 1.0, which no client of today takes.
pub(crate) const SERVER_HELLO_TLS10: &[u8] = b"\x16\x03\x01\x00\x2a\x02\x00\x00\x26\x03\x01\
    0123456789abcdef0123456789abcdef\x00\x00\x2f\x00";

/// A fatal alert, "protocol version", in a record of TLS 1.0.
pub(crate) const ALERT_PROTOCOL_VERSION: &[u8] = b"\x15\x03\x01\x00\x02\x02\x46";

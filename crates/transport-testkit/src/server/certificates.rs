//! Certificates made for a test: an authority, and identities that are valid or not.
#![expect(clippy::expect_used, reason = "the arguments are this file's own and well formed")]

use std::fmt;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair,
    PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519, SignatureAlgorithm,
    date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// The address at which scripted servers listen.
pub const LOOPBACK: &str = "127.0.0.1";

/// A certificate authority that exists for one test.
///
/// Its identities serve both sides: a server shows one in the handshake, and so does a client that is
/// asked for a certificate.
///
/// ```
/// use easemob_token_transport_testkit::{Authority, LOOPBACK, Script, ScriptedServer};
///
/// let authority = Authority::new();
/// let server = ScriptedServer::start(Script::new().tls(authority.issue(LOOPBACK)).serve());
/// // A client that is to trust this server gets this root certificate.
/// assert!(authority.pem().starts_with("-----BEGIN CERTIFICATE-----"));
/// # drop(server);
/// ```
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

/// The kind of a private key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyKind {
    /// An elliptic curve key on P-256, as [`Authority::issue`] makes it.
    P256,
    /// An elliptic curve key on P-384.
    P384,
    /// An Ed25519 key.
    Ed25519,
}

/// A certificate with its private key.
#[derive(Clone)]
pub struct Identity {
    certificate: CertificateDer<'static>,
    certificate_pem: String,
    key: Vec<u8>,
    key_pem: String,
}

impl Authority {
    /// Makes a new authority, which nobody trusts yet.
    #[must_use]
    pub fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("an empty list of names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyKind::P256.generate());
        Self(issuer.expect("an authority can sign for itself"))
    }

    /// The authority's own certificate, in PEM.
    #[must_use]
    pub fn pem(&self) -> String {
        self.0.pem()
    }

    /// The authority's own certificate, in DER.
    #[must_use]
    pub fn der(&self) -> CertificateDer<'static> {
        self.0.der().clone()
    }

    /// Issues a valid certificate for this host name or IP address, or without any for an empty name.
    #[must_use]
    pub fn issue(&self, name: &str) -> Identity {
        self.issue_with_key(name, KeyKind::P256)
    }

    /// Issues a valid certificate with a key of this kind.
    #[must_use]
    pub fn issue_with_key(&self, name: &str, kind: KeyKind) -> Identity {
        self.sign(&params(name), &kind.generate())
    }

    /// Issues a certificate that expired in 2020.
    #[must_use]
    pub fn issue_expired(&self, name: &str) -> Identity {
        self.issue_between(name, 2019, 2020)
    }

    /// Issues a certificate that becomes valid in the year 4000.
    #[must_use]
    pub fn issue_not_yet_valid(&self, name: &str) -> Identity {
        self.issue_between(name, 4000, 4001)
    }

    fn issue_between(&self, name: &str, from: i32, until: i32) -> Identity {
        let mut params = params(name);
        params.not_before = date_time_ymd(from, 1, 1);
        params.not_after = date_time_ymd(until, 1, 1);
        self.sign(&params, &KeyKind::P256.generate())
    }

    fn sign(&self, params: &CertificateParams, key: &KeyPair) -> Identity {
        let certificate = params.signed_by(key, &self.0);
        Identity::new(&certificate.expect("the authority can sign"), key)
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
    /// Makes a certificate for this name that no authority signed.
    #[must_use]
    pub fn self_signed(name: &str) -> Self {
        let key = KeyKind::P256.generate();
        let certificate = params(name).self_signed(&key);
        Self::new(&certificate.expect("a key can sign for itself"), &key)
    }

    /// Makes what `openssl req -x509` makes by default: a certificate of an authority that signed itself.
    ///
    /// An empty name makes one without a name.
    #[must_use]
    pub fn self_signed_authority(name: &str) -> Self {
        Self::self_signed_until(name, 4000)
    }

    /// Makes the same, but it expired in 2020.
    #[must_use]
    pub fn self_signed_authority_expired(name: &str) -> Self {
        Self::self_signed_until(name, 2020)
    }

    fn self_signed_until(name: &str, until: i32) -> Self {
        let (mut params, key) = (params(name), KeyKind::P256.generate());
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "a server that signed itself");
        params.not_after = date_time_ymd(until, 1, 1);
        let certificate = params.self_signed(&key);
        Self::new(&certificate.expect("a key can sign for itself"), &key)
    }

    fn new(certificate: &rcgen::Certificate, key: &KeyPair) -> Self {
        Self {
            certificate: certificate.der().clone(),
            certificate_pem: certificate.pem(),
            key: key.serialize_der(),
            key_pem: key.serialize_pem(),
        }
    }

    /// The certificate in PEM, without its issuer's.
    #[must_use]
    pub fn pem(&self) -> &str {
        &self.certificate_pem
    }

    /// The private key in PEM, as PKCS #8.
    #[must_use]
    pub fn key_pem(&self) -> &str {
        &self.key_pem
    }

    /// The certificate in DER.
    #[must_use]
    pub fn der(&self) -> CertificateDer<'static> {
        self.certificate.clone()
    }

    /// The private key in DER, as PKCS #8.
    #[must_use]
    pub fn key_der(&self) -> PrivateKeyDer<'static> {
        PrivatePkcs8KeyDer::from(self.key.clone()).into()
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").finish_non_exhaustive()
    }
}

impl KeyKind {
    fn generate(self) -> KeyPair {
        let algorithm: &'static SignatureAlgorithm = match self {
            Self::P256 => &PKCS_ECDSA_P256_SHA256,
            Self::P384 => &PKCS_ECDSA_P384_SHA384,
            Self::Ed25519 => &PKCS_ED25519,
        };
        KeyPair::generate_for(algorithm).expect("the system has randomness")
    }
}

fn params(name: &str) -> CertificateParams {
    let names: Vec<_> = Some(name.to_owned()).into_iter().filter(|name| !name.is_empty()).collect();
    CertificateParams::new(names).expect("the name is well formed")
}

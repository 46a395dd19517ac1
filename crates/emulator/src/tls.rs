//! HTTPS with a certificate authority of the emulator's own.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, date_time_ymd,
};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::PrivatePkcs8KeyDer;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// The end of the year 9999, the last that a certificate can name.
const LAST: Duration = Duration::from_secs(253_402_300_799);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Some platforms refuse certificates that live longer than 825 days.
const LIFE: Duration = Duration::from_secs(800 * 24 * 60 * 60);

/// The server's side of TLS: a certificate of a new authority, and that authority.
#[derive(Clone)]
pub(crate) struct Tls {
    acceptor: TlsAcceptor,
    authority_pem: String,
}

impl Tls {
    /// Makes an authority and a certificate for loopback, this address and these names.
    pub(crate) fn new(address: SocketAddr, names: &[String]) -> io::Result<Self> {
        let mut all = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
        let ip = address.ip().to_string();
        all.extend([ip].into_iter().chain(names.iter().cloned()));
        all.sort();
        all.dedup();
        let (config, authority_pem) = config(all).map_err(io::Error::other)?;
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), authority_pem })
    }

    pub(crate) fn authority_pem(&self) -> &str {
        &self.authority_pem
    }

    pub(crate) async fn accept(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        self.acceptor.accept(stream).await
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls")
    }
}

type AnyError = Box<dyn std::error::Error + Send + Sync>;

/// The configuration with its certificate, and the authority in PEM.
fn config(names: Vec<String>) -> Result<(ServerConfig, String), AnyError> {
    let mut authority = params(Vec::new(), "Easemob token emulator, authority of one run")?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let authority = CertifiedIssuer::self_signed(authority, key()?)?;

    let mut server = params(names, "Easemob token emulator")?;
    server.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    // Strict verifiers, such as that of Python 3.13, insist on it.
    server.use_authority_key_identifier_extension = true;
    let server_key = key()?;
    let certificate = server.signed_by(&server_key, &authority)?;

    // The provider by name: the process's default stays unset.
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivatePkcs8KeyDer::from(server_key.serialize_der()).into(),
        )?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok((config, authority.pem()))
}

fn key() -> Result<KeyPair, rcgen::Error> {
    KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)
}

fn params(names: Vec<String>, title: &str) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name.push(DnType::CommonName, title);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let epoch = date_time_ymd(1970, 1, 1);
    params.not_before = epoch + now.saturating_sub(DAY).min(LAST);
    params.not_after = epoch + now.saturating_add(LIFE).min(LAST);
    Ok(params)
}

//! Certificates that replace the system's roots, checked before anything is sent.

use easemob_token_transport::ConfigError;
use isahc::tls::TrustStore;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

/// The trust store of a PEM bundle.
///
/// curl reads the bundle at each handshake and can only fail there; so it is read once here, with
/// the parsers that rustls below curl uses.
pub(crate) fn from_pem(pem: &[u8]) -> Result<TrustStore, ConfigError> {
    let mut certificates = 0;
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|error| {
            ConfigError::new("roots_pem", "is not valid PEM").with_source(error)
        })?;
        certificates += 1;
        webpki::anchor_from_trusted_cert(&certificate).map_err(|error| {
            ConfigError::new(
                "roots_pem",
                format!("certificate {certificates} cannot be used as a root"),
            )
            .with_source(error)
        })?;
    }
    if certificates == 0 {
        return Err(ConfigError::new("roots_pem", "holds no certificate"));
    }
    Ok(TrustStore::builder().certificate_from_pem(pem).build())
}

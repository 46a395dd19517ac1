//! The setting of the root certificates, and the trust store that it means.

use std::fmt;

use easemob_token_transport::ConfigError;
use isahc::tls::TrustStore;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

/// The setting in the builder.
#[derive(Clone)]
pub(crate) enum Roots {
    System,
    Pem(Vec<u8>),
    #[cfg(feature = "bundled-roots")]
    Bundled,
}

impl Roots {
    pub(crate) fn check(&self) -> Result<TrustStore, ConfigError> {
        match self {
            Self::System => Ok(system_roots()),
            Self::Pem(pem) => from_pem(pem),
            #[cfg(feature = "bundled-roots")]
            Self::Bundled => Ok(TrustStore::webpki_roots()),
        }
    }
}

/// The system's roots, chosen by name.
///
/// isahc's default is another one if a crate of the build turns on its feature
/// `rustls-tls-webpki-roots`.
pub(crate) fn system_roots() -> TrustStore {
    TrustStore::native()
}

/// The trust store of a PEM bundle.
///
/// curl reads the bundle at each handshake and can only fail there; so it is read once here, with
/// the parsers that rustls below curl uses.
fn from_pem(pem: &[u8]) -> Result<TrustStore, ConfigError> {
    let mut certificates = 0;
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate
            // The parser's errors quote what they read, which may be a key by mistake.
            .map_err(|_| ConfigError::new("roots_pem", "is not a well-formed PEM text"))?;
        certificates += 1;
        webpki::anchor_from_trusted_cert(&certificate).map_err(|error| {
            ConfigError::new("roots_pem", "holds a certificate that cannot be a root")
                .with_source(error)
        })?;
    }
    if certificates == 0 {
        return Err(ConfigError::new("roots_pem", "holds no certificate"));
    }
    Ok(TrustStore::builder().certificate_from_pem(pem).build())
}

impl fmt::Debug for Roots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::System => "System",
            // Not the text: a file that was mistaken for another may hold a key.
            Self::Pem(_) => "Pem",
            #[cfg(feature = "bundled-roots")]
            Self::Bundled => "Bundled",
        })
    }
}

//! The setting of the root certificates, and the roots that it means.

use std::fmt;
use std::sync::Arc;

use easemob_token_transport::ConfigError;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// The setting in the builder.
#[derive(Clone)]
pub(crate) enum Roots {
    System,
    Pem(Vec<u8>),
    #[cfg(feature = "bundled-roots")]
    Bundled,
}

/// The setting after the check.
#[derive(Clone)]
pub(crate) enum Trust {
    /// The system's roots, which are read when they are needed and not before.
    System,
    These(Arc<RootCertStore>),
}

impl Roots {
    pub(crate) fn check(&self) -> Result<Trust, ConfigError> {
        match self {
            Self::System => Ok(Trust::System),
            Self::Pem(pem) => Ok(Trust::These(Arc::new(parse(pem)?))),
            #[cfg(feature = "bundled-roots")]
            Self::Bundled => Ok(Trust::These(Arc::new(bundled()))),
        }
    }
}

/// The certificates in a PEM text, as roots.
fn parse(pem: &[u8]) -> Result<RootCertStore, ConfigError> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate
            // The parser's errors quote what they read, which may be a key by mistake.
            .map_err(|_| ConfigError::new("roots_pem", "is not a well-formed PEM text"))?;
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

#[cfg(feature = "bundled-roots")]
fn bundled() -> RootCertStore {
    RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() }
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

#[cfg(all(test, feature = "bundled-roots"))]
mod tests {
    use super::*;

    #[test]
    fn the_bundle_holds_the_webs_authorities() {
        let Trust::These(roots) = Roots::Bundled.check().unwrap() else {
            panic!("the system's");
        };
        let knows = |name: &str| {
            let has = |subject: &[u8]| subject.windows(name.len()).any(|w| w == name.as_bytes());
            roots.roots.iter().any(|root| has(&root.subject))
        };
        assert!(knows("ISRG Root X1") && knows("DigiCert Global Root G2"));
        assert!(!knows("An Authority That Nobody Knows"));
    }
}

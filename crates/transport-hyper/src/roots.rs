//! The root certificates that the settings mean.

use easemob_token_transport::{
    BaseRoots, ConfigError, NO_SYSTEM_ROOTS, RootSettings, platform_roots, roots_from_environment,
};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;

/// The roots of a transport.
pub(crate) struct Trust {
    /// Whether the system's roots are trusted too. They are read when they are needed.
    pub(crate) system: bool,
    pub(crate) roots: RootCertStore,
    /// The certificates that the caller gave, which are among `roots`.
    pub(crate) given: Vec<CertificateDer<'static>>,
}

impl Trust {
    /// The system's roots only.
    pub(crate) fn system() -> Self {
        Self { system: true, roots: RootCertStore::empty(), given: Vec::new() }
    }

    pub(crate) fn new(settings: &RootSettings) -> Result<Self, ConfigError> {
        let (base, given) = settings.parse()?;
        let mut trust = Self { system: base == BaseRoots::System, ..Self::system() };
        #[cfg(feature = "bundled-roots")]
        if base == BaseRoots::Bundled {
            trust.roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        }
        for item in given {
            let certificate = CertificateDer::from(item.der().to_vec());
            // No cause is kept: it may quote the bytes.
            trust.roots.add(certificate.clone()).map_err(|_| item.not_a_root())?;
            trust.given.push(certificate);
        }
        Ok(trust)
    }
}

/// Reads the system's roots, or those that `SSL_CERT_FILE` and `SSL_CERT_DIR` name instead.
pub(crate) fn read_system() -> Result<RootCertStore, String> {
    let found = roots_from_environment()?.unwrap_or_else(platform_roots);
    let mut roots = RootCertStore::empty();
    // Some system has a certificate that rustls cannot read; the others do not depend on it.
    roots.add_parsable_certificates(found.into_iter().map(CertificateDer::from));
    if roots.is_empty() { Err(NO_SYSTEM_ROOTS.to_owned()) } else { Ok(roots) }
}

#[cfg(all(test, feature = "bundled-roots"))]
mod tests {
    use super::*;

    #[test]
    fn the_bundle_holds_the_webs_authorities() {
        let mut settings = RootSettings::default();
        settings.set_bundled();
        let roots = Trust::new(&settings).unwrap().roots;
        let knows = |name: &str| {
            let has = |subject: &[u8]| subject.windows(name.len()).any(|w| w == name.as_bytes());
            roots.roots.iter().any(|root| has(&root.subject))
        };
        assert!(knows("ISRG Root X1") && knows("DigiCert Global Root G2"));
        assert!(!knows("An Authority That Nobody Knows"));
    }
}

//! The root certificates that the settings mean.

use easemob_token_transport::{
    BaseRoots, ConfigError, NO_SYSTEM_ROOTS, RootSettings, roots_from_environment,
};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls_native_certs::{CertificateResult, load_certs_from_paths, load_native_certs};

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
    let bytes = |found: CertificateResult| found.certs.iter().map(|der| der.to_vec()).collect();
    let named = roots_from_environment(
        |file| bytes(load_certs_from_paths(Some(file), None)),
        |folder| bytes(load_certs_from_paths(None, Some(folder))),
    )?;
    let found = match named {
        Some(named) => named.into_iter().map(CertificateDer::from).collect(),
        None => of_platform(),
    };
    let mut roots = RootCertStore::empty();
    // Some system has a certificate that rustls cannot read; the others do not depend on it.
    roots.add_parsable_certificates(found);
    if roots.is_empty() { Err(NO_SYSTEM_ROOTS.to_owned()) } else { Ok(roots) }
}

/// The platform's roots. `load_native_certs` would take an empty `SSL_CERT_FILE` for a file.
fn of_platform() -> Vec<CertificateDer<'static>> {
    #[cfg(all(unix, not(target_vendor = "apple")))]
    if std::env::var_os("SSL_CERT_FILE").is_some() {
        let probe = openssl_probe::probe();
        let file = probe.cert_file.as_deref().map(|file| load_certs_from_paths(Some(file), None));
        let folders = probe.cert_dir.iter().map(|dir| load_certs_from_paths(None, Some(dir)));
        return file.into_iter().chain(folders).flat_map(|found| found.certs).collect();
    }
    load_native_certs().certs
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

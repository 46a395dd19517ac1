//! The trust store that the settings of the root certificates mean.

use easemob_token_transport::{
    BaseRoots, ConfigError, LoadOnce, NO_SYSTEM_ROOTS, RootSettings, TransportError,
    roots_from_environment,
};
use isahc::tls::{TrustStore, TrustStoreBuilder};
use rustls_native_certs::{CertificateResult, load_certs_from_paths, load_native_certs};
use rustls_pki_types::CertificateDer;

type Certificates = Vec<CertificateDer<'static>>;

/// The roots of a transport.
pub(crate) enum Trust {
    Ready(TrustStore),
    /// With the system's roots. Some hundred files may have to be read.
    System(LoadOnce<TrustStore>),
}

impl Trust {
    pub(crate) fn new(settings: &RootSettings) -> Result<Self, ConfigError> {
        let (base, given) = settings.parse()?;
        let mut roots = Vec::new();
        #[cfg(feature = "bundled-roots")]
        if base == BaseRoots::Bundled {
            roots.extend_from_slice(webpki_root_certs::TLS_SERVER_ROOT_CERTS);
        }
        for item in given {
            let der = CertificateDer::from(item.der().to_vec());
            // curl reads them at each handshake and can only fail there, for all of them.
            if webpki::anchor_from_trusted_cert(&der).is_err() {
                return Err(item.not_a_root());
            }
            roots.push(der);
        }
        Ok(match base {
            BaseRoots::System => Self::with_system(roots),
            _ => Self::Ready(store(&roots)),
        })
    }

    /// The system's roots and the added ones.
    pub(crate) fn with_system(added: Certificates) -> Self {
        Self::System(LoadOnce::new(move || system(&added)))
    }

    /// Returns the trust store. The system's roots are read once for all callers.
    pub(crate) async fn store(&self) -> Result<TrustStore, TransportError> {
        match self {
            Self::Ready(store) => Ok(store.clone()),
            Self::System(load) => load.get().await,
        }
    }
}

fn system(added: &Certificates) -> Result<TrustStore, String> {
    match read_system() {
        Ok(None) if added.is_empty() => Ok(TrustStore::native()),
        Ok(None) => Ok(store(&[load_native_certs().certs, added.clone()].concat())),
        Ok(Some(roots)) => Ok(store(&[roots, added.clone()].concat())),
        // The added ones may be enough.
        Err(_) if !added.is_empty() => Ok(store(added)),
        Err(problem) => Err(problem),
    }
}

fn store(roots: &Certificates) -> TrustStore {
    roots.iter().fold(TrustStore::builder(), TrustStoreBuilder::certificate_from_der).build()
}

/// Reads the system's roots, or those that `SSL_CERT_FILE` and `SSL_CERT_DIR` name instead.
///
/// Returns `None` if the system has a verifier of its own, as macOS and Windows have.
fn read_system() -> Result<Option<Certificates>, String> {
    let bytes = |found: CertificateResult| found.certs.iter().map(|der| der.to_vec()).collect();
    let named = roots_from_environment(
        |file| bytes(load_certs_from_paths(Some(file), None)),
        |folder| bytes(load_certs_from_paths(None, Some(folder))),
    )?;
    let mut roots: Certificates = match named {
        Some(named) => named.into_iter().map(CertificateDer::from).collect(),
        None if cfg!(any(windows, target_vendor = "apple")) => return Ok(None),
        None => of_platform(),
    };
    // Some system has a certificate that rustls cannot read, and curl would take none of them.
    roots.retain(|der| webpki::anchor_from_trusted_cert(der).is_ok());
    if roots.is_empty() { Err(NO_SYSTEM_ROOTS.to_owned()) } else { Ok(Some(roots)) }
}

/// The platform's roots. `load_native_certs` would take an empty `SSL_CERT_FILE` for a file.
fn of_platform() -> Certificates {
    #[cfg(all(unix, not(target_vendor = "apple")))]
    if std::env::var_os("SSL_CERT_FILE").is_some() {
        let probe = openssl_probe::probe();
        let file = probe.cert_file.as_deref().map(|file| load_certs_from_paths(Some(file), None));
        let folders = probe.cert_dir.iter().map(|dir| load_certs_from_paths(None, Some(dir)));
        return file.into_iter().chain(folders).flat_map(|found| found.certs).collect();
    }
    load_native_certs().certs
}

//! The trust store that the settings of the root certificates mean.

use easemob_token_transport::{
    BaseRoots, ConfigError, LoadOnce, NO_SYSTEM_ROOTS, RootSettings, TransportError,
    platform_roots, roots_from_environment,
};
use isahc::tls::{TrustStore, TrustStoreBuilder};
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
        Ok(None) => Ok(store(&[certificates(platform_roots()), added.clone()].concat())),
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
    let found = match roots_from_environment()? {
        Some(named) => named,
        None if cfg!(any(windows, target_vendor = "apple")) => return Ok(None),
        None => platform_roots(),
    };
    let mut roots = certificates(found);
    // Some system has a certificate that rustls cannot read, and curl would take none of them.
    roots.retain(|der| webpki::anchor_from_trusted_cert(der).is_ok());
    if roots.is_empty() { Err(NO_SYSTEM_ROOTS.to_owned()) } else { Ok(Some(roots)) }
}

fn certificates(ders: Vec<Vec<u8>>) -> Certificates {
    ders.into_iter().map(CertificateDer::from).collect()
}

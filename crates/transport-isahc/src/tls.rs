//! The TLS settings of a transport, and those of one exchange.

use std::io;

use easemob_token_transport::{ClientCertificate, ConfigError, PemItem, TransportError};
use isahc::tls::{Identity, PrivateKey, TlsConfig, TrustStore};

use crate::identity;
use crate::private_file::PrivateFile;
use crate::roots::Trust;

/// The settings of a transport.
pub(crate) struct Tls {
    trust: Trust,
    client_certificate: Option<ClientCertificate>,
}

/// The same for one exchange.
pub(crate) struct ExchangeTls {
    pub(crate) config: TlsConfig,
    pub(crate) files: Option<IdentityFiles>,
}

/// The files that `ExchangeTls::config` names by path.
///
/// They live until the exchange is over: a descriptor that is closed before may have another owner by
/// the time that curl opens it.
pub(crate) struct IdentityFiles {
    chain: PrivateFile,
    key: PrivateFile,
}

impl Tls {
    pub(crate) fn new(
        trust: Trust,
        client_certificate: Option<ClientCertificate>,
    ) -> Result<Self, ConfigError> {
        if let Some(certificate) = &client_certificate {
            identity::check(certificate)?;
            // Tried once, since it needs `/proc` or a folder for temporary files.
            IdentityFiles::new(certificate).and_then(|files| files.check()).map_err(|error| {
                ConfigError::new(
                    "client_certificate_pem",
                    "cannot be handed to libcurl, which wants to open a file: on Linux that takes \
                     /proc, elsewhere a folder for temporary files",
                )
                .with_source(error)
            })?;
        }
        Ok(Self { trust, client_certificate })
    }

    /// The default settings: the system's roots, and no certificate to show.
    pub(crate) fn with_system_roots() -> Self {
        Self { trust: Trust::with_system(Vec::new()), client_certificate: None }
    }

    /// Returns the trust store, and waits until the system's roots are loaded.
    pub(crate) async fn trust(&self) -> Result<TrustStore, TransportError> {
        self.trust.store().await
    }

    /// `trust` is `None` if there is no TLS.
    pub(crate) fn for_exchange(&self, trust: Option<&TrustStore>) -> io::Result<ExchangeTls> {
        let mut config = TlsConfig::builder();
        if let Some(trust) = trust {
            config = config.trust_store(trust.clone());
        }
        Ok(match &self.client_certificate {
            None => ExchangeTls { config: config.build(), files: None },
            Some(certificate) => {
                let files = IdentityFiles::new(certificate)?;
                let config = config.identity(files.identity()).build();
                ExchangeTls { config, files: Some(files) }
            }
        })
    }
}

impl IdentityFiles {
    fn new(certificate: &ClientCertificate) -> io::Result<Self> {
        let chain: String = certificate.chain().iter().map(PemItem::to_pem).collect();
        Ok(Self {
            chain: PrivateFile::new(chain.as_bytes())?,
            key: PrivateFile::new(certificate.key().to_pem().as_bytes())?,
        })
    }

    fn check(&self) -> io::Result<()> {
        std::fs::File::open(self.key.path()).map(drop)
    }

    fn identity(&self) -> Identity {
        let key = PrivateKey::from_pem_file(self.key.path(), None);
        Identity::from_pem_file(self.chain.path(), Some(key))
    }
}

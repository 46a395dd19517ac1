//! The TLS settings of a transport, and those of one exchange.

use std::io;

use easemob_token_transport::ConfigError;
use isahc::tls::{Identity, PrivateKey, TlsConfig, TrustStore};

use crate::identity::ClientCertificate;
use crate::private_file::PrivateFile;
use crate::roots::system_roots;

/// The settings of a transport.
pub(crate) struct Tls {
    trust: TrustStore,
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
        trust: TrustStore,
        client_certificate: Option<ClientCertificate>,
    ) -> Result<Self, ConfigError> {
        if let Some(certificate) = &client_certificate {
            certificate.check()?;
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
        Self { trust: system_roots(), client_certificate: None }
    }

    pub(crate) fn for_exchange(&self) -> io::Result<ExchangeTls> {
        let config = TlsConfig::builder().trust_store(self.trust.clone());
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
        Ok(Self {
            chain: PrivateFile::new(certificate.chain())?,
            key: PrivateFile::new(certificate.key())?,
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

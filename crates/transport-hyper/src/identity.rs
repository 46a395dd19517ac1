//! The client's own certificate and its key, checked when a transport is built.

use std::sync::Arc;

use easemob_token_transport::ConfigError;
use rustls::Error;
use rustls::client::ResolvesClientCert;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::{CertifiedKey, SingleCertAndKey};

const SETTING: &str = "client_certificate_pem";

/// Two PEM texts, as they were given. No `Debug`: one of them is a secret.
#[derive(Clone)]
pub(crate) struct ClientCertificate {
    chain: Vec<u8>,
    key: Vec<u8>,
}

impl ClientCertificate {
    pub(crate) fn new(chain: Vec<u8>, key: Vec<u8>) -> Self {
        Self { chain, key }
    }

    /// Returns what a server is shown, if the two fit each other and the provider can use them.
    pub(crate) fn check(
        &self,
        provider: &CryptoProvider,
    ) -> Result<Arc<dyn ResolvesClientCert>, ConfigError> {
        let certified = CertifiedKey::from_der(self.chain()?, self.key()?, provider)
            .map_err(|error| ConfigError::new(SETTING, problem_with_pair(&error)))?;
        Ok(Arc::new(SingleCertAndKey::from(certified)))
    }

    fn chain(&self) -> Result<Vec<CertificateDer<'static>>, ConfigError> {
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&self.chain).collect();
        // The parser's errors quote what they read, and the two texts are easily interchanged.
        let chain =
            chain.map_err(|_| ConfigError::new(SETTING, "the chain is no well-formed PEM text"))?;
        if chain.is_empty() {
            return Err(ConfigError::new(SETTING, "the chain holds no certificate"));
        }
        Ok(chain)
    }

    fn key(&self) -> Result<PrivateKeyDer<'static>, ConfigError> {
        PrivateKeyDer::from_pem_slice(&self.key).map_err(|error| {
            let problem = match error {
                pem::Error::NoItemsFound => {
                    "the key's text holds no private key; an encrypted one has to be decrypted \
                     first"
                }
                _ => "the key is no well-formed PEM text",
            };
            ConfigError::new(SETTING, problem)
        })
    }
}

fn problem_with_pair(error: &Error) -> &'static str {
    match error {
        Error::InconsistentKeys(_) => {
            "the key belongs to another certificate than the chain's first one"
        }
        Error::InvalidCertificate(_) => "the chain's first certificate cannot be read",
        _ => "the key is none that can be used to sign",
    }
}

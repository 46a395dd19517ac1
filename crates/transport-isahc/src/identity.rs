//! The client's own certificate and its key, checked when a transport is built.

use easemob_token_transport::ConfigError;
use rustls::Error;
use rustls::crypto::aws_lc_rs;
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::{self, PemObject};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

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

    pub(crate) fn chain(&self) -> &[u8] {
        &self.chain
    }

    pub(crate) fn key(&self) -> &[u8] {
        &self.key
    }

    /// Checks that the two fit each other, with the parsers and the provider of the rustls below curl.
    ///
    /// curl reads them at each handshake and can only fail there.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let (chain, key) = (self.parse_chain()?, self.parse_key()?);
        CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider())
            .map_err(|error| ConfigError::new(SETTING, problem_with_pair(&error)))?;
        Ok(())
    }

    fn parse_chain(&self) -> Result<Vec<CertificateDer<'static>>, ConfigError> {
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&self.chain).collect();
        // The parser's errors quote what they read, and the two texts are easily interchanged.
        let chain =
            chain.map_err(|_| ConfigError::new(SETTING, "the chain is no well-formed PEM text"))?;
        if chain.is_empty() {
            return Err(ConfigError::new(SETTING, "the chain holds no certificate"));
        }
        Ok(chain)
    }

    fn parse_key(&self) -> Result<PrivateKeyDer<'static>, ConfigError> {
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

//! The client's own certificate and its key, checked when a transport is built.

use std::sync::Arc;

use easemob_token_transport::{ClientCertificate, ClientCertificateProblem, ConfigError, PemItem};
use rustls::Error;
use rustls::client::ResolvesClientCert;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::{CertifiedKey, SingleCertAndKey};

/// Returns what a server is shown, if the two fit each other and the provider can use them.
pub(crate) fn check(
    certificate: &ClientCertificate,
    provider: &CryptoProvider,
) -> Result<Arc<dyn ResolvesClientCert>, ConfigError> {
    let der = |item: &PemItem| CertificateDer::from(item.der().to_vec());
    let chain = certificate.chain().iter().map(der).collect();
    // No cause is kept: it may quote bytes of the key.
    let key = PrivateKeyDer::try_from(certificate.key().der().to_vec())
        .map_err(|_| ClientCertificateProblem::Key)?;
    let certified = CertifiedKey::from_der(chain, key, provider).map_err(|error| match error {
        Error::InconsistentKeys(_) => ClientCertificateProblem::OtherKey,
        Error::InvalidCertificate(_) => ClientCertificateProblem::Certificate,
        _ => ClientCertificateProblem::Key,
    })?;
    Ok(Arc::new(SingleCertAndKey::from(certified)))
}

//! The client's own certificate and its key, checked when a transport is built.

use easemob_token_transport::{ClientCertificate, ClientCertificateProblem, ConfigError, PemItem};
use rustls::Error;
use rustls::crypto::aws_lc_rs;
use rustls::sign::CertifiedKey;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

/// Checks that the two fit each other, with the provider of the rustls below curl.
///
/// curl reads them at each handshake and can only fail there.
pub(crate) fn check(certificate: &ClientCertificate) -> Result<(), ConfigError> {
    let der = |item: &PemItem| CertificateDer::from(item.der().to_vec());
    let chain = certificate.chain().iter().map(der).collect();
    // No cause is kept: it may quote bytes of the key.
    let key = PrivateKeyDer::try_from(certificate.key().der().to_vec())
        .map_err(|_| ClientCertificateProblem::Key)?;
    let provider = aws_lc_rs::default_provider();
    CertifiedKey::from_der(chain, key, &provider).map_err(|error| match error {
        Error::InconsistentKeys(_) => ClientCertificateProblem::OtherKey,
        Error::InvalidCertificate(_) => ClientCertificateProblem::Certificate,
        _ => ClientCertificateProblem::Key,
    })?;
    Ok(())
}

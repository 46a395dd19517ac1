//! What to do about a server certificate that was refused.

use rustls::{CertificateError, Error, OtherError};

/// Returns what is wrong with the server's certificate and what to do, in one line.
pub(crate) fn advice(error: &Error) -> Option<&'static str> {
    let Error::InvalidCertificate(error) = error else { return None };
    Some(match error {
        CertificateError::UnknownIssuer => {
            "no trusted root has issued the server's certificate: add its authority with \
             add_roots_pem, or let the server send the certificates between"
        }
        CertificateError::BadSignature => {
            "a root has the name of the issuer of the server's certificate, but another key: give the \
             authority's current certificate as add_roots_pem"
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "the server's certificate has expired: renew it, or set this machine's clock"
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "the server's certificate is not valid yet: set this machine's clock"
        }
        CertificateError::NotValidForNameContext { presented, .. } if presented.is_empty() => {
            NO_NAME
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "the server's certificate is for another host: check the host of the URL"
        }
        CertificateError::UnsupportedSignatureAlgorithmContext { .. }
        | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            "a certificate of the server's is signed in a way that this crypto provider cannot check, \
             such as P-521 or ECDSA with SHA-512: issue it with P-256 or P-384 and SHA-256 or \
             SHA-384, or set another crypto_provider"
        }
        CertificateError::Other(OtherError(cause)) => match cause.downcast_ref() {
            Some(webpki::Error::CaUsedAsEndEntity) => {
                "the server shows a certificate of an authority (CA:TRUE) as its own: give exactly \
                 this one as roots_pem or add_roots_pem, or issue one with CA:FALSE"
            }
            Some(webpki::Error::UnsupportedCertVersion) => NO_NAME,
            _ => return None,
        },
        _ => return None,
    })
}

const NO_NAME: &str = "the server's certificate has no subjectAltName, and the name in its CN does not \
     count: issue it again with -addext subjectAltName=DNS:host or IP:address";

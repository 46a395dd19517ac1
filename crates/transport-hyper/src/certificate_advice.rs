//! What to do about a TLS handshake that failed.

use rustls::{AlertDescription, CertificateError, Error, OtherError};

/// Returns what is wrong, mostly with the server's certificate, and what to do, in one line.
///
/// It names the builder's methods, and is what an error of the transport says. `None` if there is
/// nothing to add to rustls's own text. For programs that open TLS themselves, to find out what fails.
#[must_use]
pub fn handshake_advice(error: &Error) -> Option<&'static str> {
    let error = match error {
        Error::InvalidCertificate(error) => error,
        Error::AlertReceived(AlertDescription::HandshakeFailure) => {
            return Some(
                "the server broke off the handshake: it may require a client certificate \
                 (client_certificate_pem), or its key may be of a kind that this crypto provider \
                 cannot check, such as P-521",
            );
        }
        _ => return None,
    };
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_provider_cannot_check_is_said_in_one_line() {
        let context = CertificateError::UnsupportedSignatureAlgorithmContext {
            signature_algorithm_id: vec![6, 8],
            supported_algorithms: Vec::new(),
        };
        let text = handshake_advice(&Error::InvalidCertificate(context)).unwrap();
        assert!(text.contains("P-521 or ECDSA with SHA-512") && text.contains("crypto_provider"));
        assert_eq!(
            handshake_advice(&Error::InvalidCertificate(CertificateError::BadEncoding)),
            None
        );
    }
}

//! The TLS handshake, and whose certificate the server shows.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use easemob_token::ErrorKind;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::network::{Target, open};
use crate::failure::Failure;
use crate::options::Options;
use crate::transports::{self, Roots};
use crate::{deadline, time};

/// A handshake takes no longer, also over a slow line.
const HANDSHAKE: Duration = Duration::from_secs(3);

/// Shakes hands by the rules of the transport, and describes the certificate.
pub(super) async fn handshake(
    target: &Target,
    addresses: &[SocketAddr],
    roots: Roots,
    options: &Options,
) -> Result<String, Failure> {
    let config = timeout(deadline::left(options.deadline), transports::tls_config(roots)).await;
    let config =
        config.map_err(|_| in_vain("reading the system's certificates took too long"))??;
    match attempt(target, addresses, config, options).await {
        Ok(shown) => Ok(shown.unwrap_or_else(|| "no certificate".to_owned())),
        Err(Ended::Late) => Err(in_vain(
            "the server accepts the connection and does not answer; check that the port is that of \
             HTTPS",
        )),
        Err(Ended::Failed(problem)) => {
            let shown = shown_by(target, addresses, options).await;
            let shown = shown.map(|it| format!("; the server shows: {it}")).unwrap_or_default();
            let text = format!(
                "{problem}{shown}; check the base URL and this machine's clock ({}), and name the \
                 roots of this server or of an inspecting proxy with --ca-file or --add-ca-file",
                time::rfc3339(std::time::SystemTime::now()).unwrap_or_default()
            );
            Err(Failure::of(ErrorKind::Tls, &text))
        }
    }
}

fn in_vain(text: &str) -> Failure {
    Failure::of(ErrorKind::Timeout, text)
}

enum Ended {
    Late,
    Failed(String),
}

async fn attempt(
    target: &Target,
    addresses: &[SocketAddr],
    config: Arc<ClientConfig>,
    options: &Options,
) -> Result<Option<String>, Ended> {
    let failed = |error: &dyn std::fmt::Display| Ended::Failed(error.to_string());
    let name = ServerName::try_from(target.host.clone()).map_err(|error| failed(&error))?;
    let mut last = Ended::Late;
    for address in addresses {
        let stream = match open(*address, options).await {
            Ok(stream) => stream,
            Err(error) => {
                last = failed(&error);
                continue;
            }
        };
        let limit = HANDSHAKE.min(deadline::left(options.deadline));
        let connector = TlsConnector::from(Arc::clone(&config));
        let stream = match timeout(limit, connector.connect(name, stream)).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Err(Ended::Failed(in_plain_words(&error, &target.host))),
            Err(_) => return Err(Ended::Late),
        };
        let (_, session) = stream.get_ref();
        let shown = session.peer_certificates().and_then(<[_]>::first);
        return Ok(shown.and_then(described));
    }
    Err(last)
}

fn in_plain_words(error: &io::Error, host: &str) -> String {
    use rustls::CertificateError as Wrong;

    let cause = error.get_ref().and_then(|cause| cause.downcast_ref());
    let problem = match cause {
        Some(Error::InvalidCertificate(Wrong::UnknownIssuer | Wrong::BadSignature)) => {
            "is not issued by a root that is trusted here"
        }
        Some(Error::InvalidCertificate(Wrong::Expired | Wrong::ExpiredContext { .. })) => {
            "has expired, or this machine's clock is ahead"
        }
        Some(Error::InvalidCertificate(Wrong::NotValidYet | Wrong::NotValidYetContext { .. })) => {
            "is not valid yet, or this machine's clock is behind"
        }
        Some(Error::InvalidCertificate(
            Wrong::NotValidForName | Wrong::NotValidForNameContext { .. },
        )) => return format!("the server's certificate is not for the name {host}"),
        Some(Error::InvalidMessage(_)) => {
            return "the server speaks no TLS on this port".to_owned();
        }
        _ => return error.to_string(),
    };
    format!("the server's certificate {problem}")
}

/// The certificate that the server shows, whether it is trusted or not. Nothing is sent.
async fn shown_by(target: &Target, addresses: &[SocketAddr], options: &Options) -> Option<String> {
    let provider = Arc::new(ring::default_provider());
    let seen = Arc::new(Looking { seen: Mutex::default(), provider: Arc::clone(&provider) });
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .ok()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::clone(&seen) as Arc<dyn ServerCertVerifier>)
        .with_no_client_auth();
    let _ = attempt(target, addresses, Arc::new(config), options).await;
    seen.seen.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// A verifier that looks at the certificate and refuses every one.
#[derive(Debug)]
struct Looking {
    seen: Mutex<Option<String>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Looking {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = described(end_entity);
        Err(Error::General("only looked at".to_owned()))
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("only looked at".to_owned()))
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("only looked at".to_owned()))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// Subject, issuer and end of a certificate.
fn described(certificate: &CertificateDer<'_>) -> Option<String> {
    let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
    let validity = certificate.validity();
    let (from, until) = (validity.not_before, validity.not_after);
    Some(printable(&format!(
        "certificate of {}, issued by {}, valid from {from} until {until}",
        named(&certificate.subject().to_string()),
        named(&certificate.issuer().to_string()),
    )))
}

fn named(name: &str) -> &str {
    if name.is_empty() { "a server without a name" } else { name }
}

/// A server chooses this text, and a terminal obeys control characters.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '?' } else { c }).take(400).collect()
}

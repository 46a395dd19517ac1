//! The TLS handshake, and whose certificate the server shows.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use easemob_token::ErrorKind;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};

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
            // An inspecting proxy, and a wrong clock, are seen by what is shown.
            let now = time::rfc3339(std::time::SystemTime::now()).unwrap_or_default();
            let text = format!("{problem}{shown}; it is {now} by this machine's clock");
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
            Ok(Err(error)) => return Err(Ended::Failed(in_plain_words(&error))),
            Err(_) => return Err(Ended::Late),
        };
        let (_, session) = stream.get_ref();
        let shown = session.peer_certificates().and_then(<[_]>::first);
        return Ok(shown.and_then(described));
    }
    Err(last)
}

/// What is wrong and what to do, as the transport would say it.
fn in_plain_words(error: &io::Error) -> String {
    let cause = error.get_ref().and_then(|cause| cause.downcast_ref::<Error>());
    if let Some(advice) = cause.and_then(easemob_token::hyper::handshake_advice) {
        return advice.to_owned();
    }
    match (cause, error.kind()) {
        (Some(Error::InvalidMessage(_)), _) => {
            "the server speaks no TLS on this port; check scheme and port of the base URL"
                .to_owned()
        }
        (None, io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset) => {
            "the connection was closed during the handshake; check host and port, and whether a \
             firewall or a proxy in between refuses this name"
                .to_owned()
        }
        _ => format!("{error}; check host and port, and whatever is in between"),
    }
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

fn only_looked_at() -> Error {
    Error::General("only looked at".to_owned())
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
        Err(only_looked_at())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(only_looked_at())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(only_looked_at())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// Subject, names, issuer and dates of a certificate.
fn described(certificate: &CertificateDer<'_>) -> Option<String> {
    let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
    let validity = certificate.validity();
    let (from, until) = (validity.not_before, validity.not_after);
    let (subject, issuer) = (certificate.subject(), certificate.issuer());
    let issuer = if subject.as_raw() == issuer.as_raw() {
        "itself (self-signed)".to_owned()
    } else {
        named(&issuer.to_string()).to_owned()
    };
    Some(printable(&format!(
        "certificate of {}{}, issued by {issuer}, valid from {from} until {until}",
        named(&subject.to_string()),
        names(&certificate),
    )))
}

/// The hosts that a certificate is for; the first ones tell whose it is.
fn names(certificate: &X509Certificate<'_>) -> String {
    let names = certificate.subject_alternative_name().ok().flatten();
    let names = names.map(|names| names.value.general_names.as_slice()).unwrap_or_default();
    let address = |bytes: &[u8]| {
        let v4 = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
        v4.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from)).ok()
    };
    let name = |name: &GeneralName<'_>| match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => address(bytes).map(|it| it.to_string()),
        _ => None,
    };
    let names: Vec<_> = names.iter().filter_map(name).take(3).collect();
    if names.is_empty() { String::new() } else { format!(" for {}", names.join(", ")) }
}

fn named(name: &str) -> &str {
    if name.is_empty() { "a server without a name" } else { name }
}

/// A server chooses this text, and a terminal obeys control characters.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '?' } else { c }).take(400).collect()
}

//! A build with both adapters, and so with both of rustls' crypto providers, ring and aws-lc-rs:
//! who computes with which, and what becomes of the process's default.
//!
//! A process has one default and keeps it, so each test here has a process of its own.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use easemob_token::hyper::HyperTransport;
use easemob_token::hyper::reexports::rustls;
use easemob_token::isahc::IsahcTransport;
use easemob_token::transport::{Exchange, Transport};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::crypto::{CryptoProvider, aws_lc_rs, ring};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{NamedGroup, ServerConfig, ServerConnection, StreamOwned};

use crate::subprocess::is_a_process_of_its_own;

/// A TLS server that tells who its client computes with.
struct Server {
    url: String,
    roots: String,
    hello: Arc<Hello>,
}

/// The key exchanges that the last client offered.
#[derive(Debug)]
struct Hello(Arc<CertifiedKey>, Mutex<Vec<NamedGroup>>);

impl ResolvesServerCert for Hello {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        *self.1.lock().unwrap() = hello.named_groups().unwrap_or_default().to_vec();
        Some(self.0.clone())
    }
}

impl Server {
    fn start() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(["127.0.0.1".to_owned()])
            .unwrap()
            .signed_by(&key, &issuer)
            .unwrap();
        let provider = Arc::new(ring::default_provider());
        let chain: Vec<CertificateDer<'static>> = vec![certificate.der().clone()];
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let certified = CertifiedKey::from_der(chain, key, &provider).unwrap();
        let hello = Arc::new(Hello(Arc::new(certified), Mutex::default()));
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(hello.clone());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("https://{}/", listener.local_addr().unwrap());
        let config = Arc::new(config);
        thread::spawn(move || {
            for stream in listener.incoming() {
                answer(stream.unwrap(), config.clone());
            }
        });
        Self { url, roots: issuer.pem(), hello }
    }

    /// Sends one request; whether the client offered what aws-lc-rs can do and ring cannot.
    fn is_asked_by_aws_lc(&self, transport: &dyn Transport) -> bool {
        let request = http::Request::post(&self.url).body("{}").unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let response = runtime.block_on(transport.send(Exchange::new(request))).unwrap();
        assert_eq!(response.body(), "ok");
        let offered = std::mem::take(&mut *self.hello.1.lock().unwrap());
        assert!(offered.contains(&NamedGroup::X25519), "{offered:?}");
        offered.contains(&NamedGroup::X25519MLKEM768)
    }

    fn hyper(&self, provider: Option<CryptoProvider>) -> HyperTransport {
        let builder = HyperTransport::builder().roots_pem(self.roots.as_str());
        match provider {
            None => builder,
            Some(provider) => builder.crypto_provider(Arc::new(provider)),
        }
        .build()
        .unwrap()
    }

    fn isahc(&self) -> IsahcTransport {
        IsahcTransport::builder().roots_pem(self.roots.as_str()).build().unwrap()
    }
}

fn answer(stream: TcpStream, config: Arc<ServerConfig>) {
    let mut stream = StreamOwned::new(ServerConnection::new(config).unwrap(), stream);
    let mut request = Vec::new();
    let mut chunk = [0; 1024];
    while !request.ends_with(b"{}") {
        match stream.read(&mut chunk) {
            Ok(0) | Err(_) => return,
            Ok(read) => request.extend_from_slice(&chunk[..read]),
        }
    }
    let _ =
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok");
    stream.conn.send_close_notify();
    let _ = stream.flush();
}

#[test]
fn hyper_takes_ring_or_what_it_is_given_and_sets_no_default() {
    if !is_a_process_of_its_own(
        "providers::hyper_takes_ring_or_what_it_is_given_and_sets_no_default",
    ) {
        return;
    }
    let server = Server::start();
    let (ring, aws_lc) = (server.hyper(None), server.hyper(Some(aws_lc_rs::default_provider())));
    assert!(!server.is_asked_by_aws_lc(&ring));
    assert!(server.is_asked_by_aws_lc(&aws_lc));
    assert!(CryptoProvider::get_default().is_none(), "hyper's transport set a default");

    // libcurl's rustls does set one, as the documentation of its adapter says, and nobody minds.
    assert!(server.is_asked_by_aws_lc(&server.isahc()));
    assert!(CryptoProvider::get_default().is_some());
    assert!(!server.is_asked_by_aws_lc(&server.hyper(None)));
}

#[test]
fn a_default_of_the_applications_own_is_isahcs_and_not_hypers() {
    if !is_a_process_of_its_own(
        "providers::a_default_of_the_applications_own_is_isahcs_and_not_hypers",
    ) {
        return;
    }
    ring::default_provider().install_default().unwrap();
    let server = Server::start();
    assert!(!server.is_asked_by_aws_lc(&server.isahc()));
    assert!(server.is_asked_by_aws_lc(&server.hyper(Some(aws_lc_rs::default_provider()))));
    assert!(!server.is_asked_by_aws_lc(&server.hyper(None)));
}

#[test]
fn a_default_that_can_do_nothing_does_not_matter_to_hyper() {
    if !is_a_process_of_its_own("providers::a_default_that_can_do_nothing_does_not_matter_to_hyper")
    {
        return;
    }
    let nothing = CryptoProvider { cipher_suites: Vec::new(), ..ring::default_provider() };
    nothing.install_default().unwrap();
    let server = Server::start();
    assert!(!server.is_asked_by_aws_lc(&server.hyper(None)));
}

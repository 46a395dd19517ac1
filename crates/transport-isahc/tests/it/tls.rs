//! TLS: whom it trusts, and that a refused certificate gets to see nothing.

use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use easemob_token_transport::Delivery;
use easemob_token_transport::TransportErrorKind::{Connect, Tls};
use easemob_token_transport_isahc::IsahcTransport;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::server::{Server, exchange, read_request, reply, reports, send, transport};

/// An authority, and the certificates that it signs.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub(crate) pem: String,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// To sign with it.
    pub(crate) fn issuer(&self) -> &Issuer<'static, KeyPair> {
        &self.issuer
    }

    /// The configuration of a server with a certificate for `name`.
    pub(crate) fn server(&self, name: &str) -> Arc<ServerConfig> {
        self.signed(&CertificateParams::new([name.to_owned()]).unwrap())
    }

    fn expired(&self, name: &str) -> Arc<ServerConfig> {
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2020, 2, 1);
        self.signed(&params)
    }

    fn signed(&self, params: &CertificateParams) -> Arc<ServerConfig> {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        config(certificate.der().clone(), &key)
    }

    pub(crate) fn transport(&self) -> IsahcTransport {
        IsahcTransport::builder().roots_pem(self.pem.clone()).build().unwrap()
    }
}

fn self_signed(name: &str) -> Arc<ServerConfig> {
    let params = CertificateParams::new([name.to_owned()]).unwrap();
    let key = KeyPair::generate().unwrap();
    config(params.self_signed(&key).unwrap().der().clone(), &key)
}

fn config(certificate: CertificateDer<'static>, key: &KeyPair) -> Arc<ServerConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    Arc::new(config)
}

/// Answers one request inside TLS; gives the request, or nothing where there was none.
pub(crate) fn serve(stream: TcpStream, config: &Arc<ServerConfig>) -> Option<String> {
    answer(stream, config, true)
}

/// The same, and says no farewell.
fn serve_and_stay(stream: TcpStream, config: &Arc<ServerConfig>) -> Option<String> {
    answer(stream, config, false)
}

fn answer(stream: TcpStream, config: &Arc<ServerConfig>, is_last: bool) -> Option<String> {
    let connection = ServerConnection::new(config.clone()).unwrap();
    let mut stream = StreamOwned::new(connection, stream);
    let request = read_request(&mut stream).ok()?;
    std::io::Write::write_all(&mut stream, reply("200 OK", "{}").as_bytes()).ok()?;
    if is_last {
        stream.conn.send_close_notify();
    }
    let _ = std::io::Write::flush(&mut stream);
    Some(request)
}

/// A server that reports, for each connection, whether it got a request.
pub(crate) fn https(config: Arc<ServerConfig>) -> (Server, crate::server::Reports<bool>) {
    let (sender, reports) = reports();
    let server = Server::start(move |connection, _| {
        let request = serve(connection.stream(), &config);
        sender.send(request.is_some()).unwrap();
    });
    (server, reports)
}

pub(crate) fn uri(server: &Server) -> String {
    format!("https://{}/org/app/token", server.addr)
}

#[test]
fn roots_from_pem_are_trusted() {
    let authority = Authority::new();
    let (server, requests) = https(authority.server("127.0.0.1"));
    let response = send(&authority.transport(), exchange(&uri(&server))).unwrap();
    assert_eq!(response.body(), "{}");
    assert!(requests.next());
}

#[test]
fn each_of_several_roots_is_trusted() {
    let (first, second) = (Authority::new(), Authority::new());
    let pem = format!("# two authorities\n{}\n{}", first.pem, second.pem);
    let transport = IsahcTransport::builder().roots_pem(pem).build().unwrap();
    for authority in [first, second] {
        let (server, _) = https(authority.server("127.0.0.1"));
        assert!(send(&transport, exchange(&uri(&server))).is_ok());
    }
}

#[test]
fn a_certificate_that_is_not_to_be_trusted_sees_no_request() {
    let authority = Authority::new();
    let stranger = Authority::new();
    for (what, config) in [
        ("self-signed", self_signed("127.0.0.1")),
        ("of an unknown issuer", stranger.server("127.0.0.1")),
        ("for another host", authority.server("a1.easemob.com")),
        ("for another address", authority.server("127.0.0.2")),
        ("expired", authority.expired("127.0.0.1")),
    ] {
        let (server, requests) = https(config);
        let error = send(&authority.transport(), exchange(&uri(&server))).unwrap_err();
        assert_eq!((error.kind(), error.delivery()), (Tls, Delivery::No), "{what}: {error:?}");
        assert!(!error.is_retryable());
        assert!(!requests.next(), "{what}");
    }
}

#[test]
fn the_systems_roots_do_not_trust_a_stranger() {
    let (server, requests) = https(Authority::new().server("127.0.0.1"));
    let error = send(&transport(), exchange(&uri(&server))).unwrap_err();
    assert_eq!(error.kind(), Tls, "{error:?}");
    assert!(!requests.next());
}

#[test]
fn what_speaks_no_tls_is_not_sent_anything() {
    for script in [
        |connection: &mut crate::server::Connection| {
            connection.send("HTTP/1.1 400 Bad Request\r\n\r\n");
        },
        |_: &mut crate::server::Connection| {},
        |connection: &mut crate::server::Connection| connection.reset(),
    ] {
        let server = Server::start(move |connection, _| script(connection));
        let error = send(&transport(), exchange(&uri(&server))).unwrap_err();
        assert_eq!(error.kind(), Connect, "{error:?}");
        assert_eq!(error.delivery(), Delivery::No);
        assert_eq!(server.requests(), 0);
    }
}

#[test]
fn roots_that_cannot_be_used_are_found_when_built() {
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let cut = &Authority::new().pem[..200];
    let key = KeyPair::generate().unwrap().serialize_pem();
    for pem in ["", "no pem at all", broken, cut, &key] {
        let error = IsahcTransport::builder().roots_pem(pem).build().unwrap_err();
        assert_eq!(error.setting(), "roots_pem", "{pem}");
    }
}

/// libcurl says farewell at once, and closes when it hears the same or nobody needs it any more.
#[test]
fn nothing_stays_open_for_long_after_a_response() {
    let authority = Authority::new();
    let (sender, closed) = reports();
    let server = {
        let config = authority.server("127.0.0.1");
        Server::start(move |connection, _| {
            assert!(serve_and_stay(connection.stream(), &config).is_some());
            sender.send(connection.wait_for_close()).unwrap();
        })
    };
    let transport = authority.transport();
    send(&transport, exchange(&uri(&server))).unwrap();
    let answered = Instant::now();
    let closed = closed.next().saturating_duration_since(answered);
    assert!(closed < Duration::from_secs(2), "{closed:?}");
}

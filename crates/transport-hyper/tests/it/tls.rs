//! TLS with certificates made for the test: whom it trusts, and how a handshake fails.

use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

use easemob_token_transport::{Transport, TransportErrorKind};
use easemob_token_transport_hyper::HyperTransport;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::version::{TLS12, TLS13};
use rustls::{ServerConfig, SupportedProtocolVersion};
use tokio::runtime::Builder;
use tokio::task::yield_now;

use crate::server::{Peer, Seen, Server};
use crate::{kind, post, text};

/// An authority of the test's own.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        Self(CertifiedIssuer::self_signed(params, key).unwrap())
    }

    /// To sign with it and to trust it.
    pub(crate) fn issuer(&self) -> &CertifiedIssuer<'static, KeyPair> {
        &self.0
    }

    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    /// A server's configuration with a certificate for this host.
    pub(crate) fn serve(&self, host: &str) -> ServerConfig {
        self.serve_with(&params(host), &[&TLS13, &TLS12])
    }

    fn serve_with(
        &self,
        params: &CertificateParams,
        versions: &[&'static SupportedProtocolVersion],
    ) -> ServerConfig {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        config(vec![certificate.der().clone()], &key, versions)
    }

    /// A transport that trusts this authority and nobody else.
    pub(crate) fn trusted(&self) -> HyperTransport {
        HyperTransport::builder().roots_pem(self.pem()).build().unwrap()
    }
}

fn params(host: &str) -> CertificateParams {
    CertificateParams::new(vec![host.to_owned()]).unwrap()
}

fn config(
    chain: Vec<rustls::pki_types::CertificateDer<'static>>,
    key: &KeyPair,
    versions: &[&'static SupportedProtocolVersion],
) -> ServerConfig {
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap()
}

pub(crate) fn answer(mut peer: Peer) {
    while peer.request().is_some() {
        let body = format!("connection {}", peer.number);
        peer.answer(&body);
    }
}

#[tokio::test]
async fn a_certificate_of_a_trusted_authority_is_accepted_by_both_versions() {
    let authority = Authority::new();
    for version in [&TLS12, &TLS13] {
        let config = authority.serve_with(&params("127.0.0.1"), &[version]);
        let server = Server::start_tls(config, answer);
        let transport = authority.trusted();
        let url = server.url("https", "127.0.0.1");
        for _ in 0..2 {
            let response = transport.send(post(&url)).await.unwrap();
            assert_eq!(text(&response), "connection 0");
        }
    }
    assert!(CryptoProvider::get_default().is_none(), "a process default was set");
}

#[tokio::test]
async fn a_refused_certificate_is_a_tls_error_and_nothing_is_sent() {
    let authority = Authority::new();
    let mut expired = params("127.0.0.1");
    expired.not_before = date_time_ymd(2019, 1, 1);
    expired.not_after = date_time_ymd(2020, 1, 1);
    let mut not_yet = params("127.0.0.1");
    not_yet.not_before = date_time_ymd(4000, 1, 1);
    not_yet.not_after = date_time_ymd(4001, 1, 1);
    let own_key = KeyPair::generate().unwrap();
    let self_signed = params("127.0.0.1").self_signed(&own_key).unwrap();
    let versions = &[&TLS13, &TLS12];
    for (what, served) in [
        ("self-signed", config(vec![self_signed.der().clone()], &own_key, versions)),
        ("unknown issuer", Authority::new().serve("127.0.0.1")),
        ("another host", authority.serve("a1.easemob.com")),
        ("expired", authority.serve_with(&expired, versions)),
        ("not yet valid", authority.serve_with(&not_yet, versions)),
    ] {
        let mut server = Server::start_tls(served, answer);
        let result = authority.trusted().send(post(&server.url("https", "127.0.0.1"))).await;
        assert_eq!(kind(result), TransportErrorKind::Tls, "{what}");
        assert_eq!(server.next().await, Seen::Closed(0));
        assert_eq!(server.requests(), 0, "{what}");
    }
}

#[tokio::test]
async fn the_systems_roots_do_not_know_a_private_authority() {
    let server = Server::start_tls(Authority::new().serve("127.0.0.1"), answer);
    let result = HyperTransport::new().send(post(&server.url("https", "127.0.0.1"))).await;
    assert_eq!(kind(result), TransportErrorKind::Tls);
}

#[tokio::test]
async fn a_peer_that_speaks_no_tls_we_know_is_a_tls_error() {
    for reply in [
        // A fatal alert, "protocol version", by TLS 1.0.
        &b"\x15\x03\x01\x00\x02\x02\x46"[..],
        // A server hello of TLS 1.0.
        b"\x16\x03\x01\x00\x2a\x02\x00\x00\x26\x03\x01\
          0123456789abcdef0123456789abcdef\x00\x00\x2f\x00",
        b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n",
    ] {
        let server = Server::start(move |mut peer: Peer| {
            peer.write(reply);
            peer.wait_for_close();
        });
        let result = HyperTransport::new().send(post(&server.url("https", "127.0.0.1"))).await;
        assert_eq!(kind(result), TransportErrorKind::Connect, "{}", reply.escape_ascii());
    }
}

#[tokio::test]
async fn a_peer_that_hangs_up_in_the_handshake_is_no_connection() {
    for resets in [false, true] {
        let server = Server::start(move |peer: Peer| {
            if resets {
                peer.reset();
            }
        });
        let result = HyperTransport::new().send(post(&server.url("https", "127.0.0.1"))).await;
        assert_eq!(kind(result), TransportErrorKind::Connect);
    }
}

#[tokio::test]
async fn a_handshake_that_stalls_ends_with_the_connect_limit() {
    let mut server = Server::start(|mut peer: Peer| peer.wait_for_close());
    let limit = Duration::from_millis(200);
    let transport = HyperTransport::builder().connect_timeout(limit).build().unwrap();
    let begun = Instant::now();
    let result = transport.send(post(&server.url("https", "127.0.0.1"))).await;
    assert_eq!(kind(result), TransportErrorKind::Timeout);
    assert!(begun.elapsed() >= limit && begun.elapsed() < limit + Duration::from_secs(1));
    assert_eq!(server.next().await, Seen::Closed(0));
}

#[tokio::test]
async fn a_body_cut_by_somebody_in_between_is_a_torn_exchange() {
    // No length, and an end that TLS did not announce: an attacker can do that.
    let authority = Authority::new();
    let server = Server::start_tls(authority.serve("127.0.0.1"), |mut peer: Peer| {
        peer.request();
        peer.write("HTTP/1.1 200 OK\r\n\r\nhalf");
    });
    let result = authority.trusted().send(post(&server.url("https", "127.0.0.1"))).await;
    assert_eq!(kind(result), TransportErrorKind::Interrupted);
}

#[test]
fn an_unsolicited_response_inside_tls_is_nobodys_answer() {
    let (go, gone) = mpsc::channel::<()>();
    let gone = Mutex::new(gone);
    let authority = Authority::new();
    let mut server = Server::start_tls(authority.serve("127.0.0.1"), move |mut peer: Peer| {
        while peer.request().is_some() {
            let body = format!("connection {}", peer.number);
            peer.answer(&body);
            if peer.number == 0 {
                gone.lock().unwrap().recv().unwrap();
                peer.answer("stranger");
                peer.point("unsolicited");
            }
        }
    });
    let transport = authority.trusted();
    let url = server.url("https", "127.0.0.1");
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        transport.send(post(&url)).await.unwrap();
        for _ in 0..16 {
            yield_now().await;
        }
    });
    go.send(()).unwrap();
    server.wait_for_point("unsolicited");
    let second = runtime.block_on(transport.send(post(&url))).unwrap();
    assert_eq!(text(&second), "connection 1");
}

#[test]
fn roots_that_cannot_be_used_are_found_at_build() {
    let good = Authority::new().pem();
    let cut = &good[..good.len() / 2];
    let key = KeyPair::generate().unwrap().serialize_pem();
    let not_der = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let both = format!("{good}{not_der}");
    for (pem, problem) in [
        ("", "no certificate"),
        ("certificate", "no certificate"),
        (&key, "no certificate"),
        (cut, "PEM"),
        ("-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n", "PEM"),
        (not_der, "cannot be a root"),
        (&both, "cannot be a root"),
    ] {
        let error = HyperTransport::builder().roots_pem(pem).build().unwrap_err();
        assert_eq!(error.setting(), "roots_pem");
        assert!(error.to_string().contains(problem), "{error}: {pem}");
    }
    assert!(HyperTransport::builder().roots_pem(format!("{key}{good}")).build().is_ok());
}

#[test]
fn a_provider_that_can_do_nothing_is_found_at_build() {
    let empty = CryptoProvider { cipher_suites: Vec::new(), ..ring::default_provider() };
    let error = HyperTransport::builder().crypto_provider(Arc::new(empty)).build().unwrap_err();
    assert_eq!(error.setting(), "crypto_provider");
}

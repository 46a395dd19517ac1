//! A server that demands a certificate of the client, and one's own certificate, right and wrong.

use std::error::Error;
use std::sync::Arc;

use easemob_token_transport::TransportErrorKind;
use easemob_token_transport_isahc::IsahcTransport;
use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P384_SHA384};
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use rustls::server::WebPkiClientVerifier;
use rustls::version::{TLS12, TLS13};
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion};

use crate::server::{Reports, Server, exchange, send};
use crate::tls::{Authority, https, uri};

/// A certificate and its key, as PEM.
struct Identity {
    chain: String,
    key: String,
}

impl Identity {
    fn new(authority: &Authority) -> Self {
        Self::with(authority, &KeyPair::generate().unwrap())
    }

    fn with(authority: &Authority, key: &KeyPair) -> Self {
        let params = CertificateParams::new(["client.example".to_owned()]).unwrap();
        let chain = params.signed_by(key, authority.issuer()).unwrap().pem();
        Self { chain, key: key.serialize_pem() }
    }
}

/// A server that lets nobody in without a certificate of this authority.
fn demanding(
    authority: &Authority,
    version: &'static SupportedProtocolVersion,
) -> (Server, Reports<bool>) {
    let provider = Arc::new(ring::default_provider());
    let mut roots = RootCertStore::empty();
    let root = rustls::pki_types::CertificateDer::from_pem_slice(authority.pem.as_bytes());
    roots.add(root.unwrap()).unwrap();
    let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider.clone());
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, authority.issuer()).unwrap();
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .unwrap()
        .with_client_cert_verifier(verifier.build().unwrap())
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        )
        .unwrap();
    https(Arc::new(config))
}

fn showing(authority: &Authority, identity: &Identity) -> IsahcTransport {
    IsahcTransport::builder()
        .roots_pem(authority.pem.as_str())
        .client_certificate_pem(identity.chain.as_str(), identity.key.as_str())
        .build()
        .unwrap()
}

#[test]
fn a_server_that_demands_a_certificate_is_shown_it() {
    let authority = Authority::new();
    for version in [&TLS12, &TLS13] {
        let (server, requests) = demanding(&authority, version);
        let transport = showing(&authority, &Identity::new(&authority));
        for _ in 0..2 {
            assert!(send(&transport, exchange(&uri(&server))).is_ok());
            assert!(requests.next());
        }
    }
}

#[test]
fn keys_of_other_kinds_do_as_well() {
    let authority = Authority::new();
    let (server, _) = demanding(&authority, &TLS13);
    let p384 = KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).unwrap();
    let ed25519 = KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    for key in [p384, ed25519] {
        let transport = showing(&authority, &Identity::with(&authority, &key));
        assert!(send(&transport, exchange(&uri(&server))).is_ok());
    }
}

#[test]
fn without_the_right_certificate_the_server_gets_no_request() {
    let authority = Authority::new();
    for (version, expected) in [
        (&TLS12, TransportErrorKind::Connect),
        // TLS 1.3 lets a client send before the server has looked at its certificate.
        (&TLS13, TransportErrorKind::Interrupted),
    ] {
        let strangers = Identity::new(&Authority::new());
        for transport in [authority.transport(), showing(&authority, &strangers)] {
            let (server, requests) = demanding(&authority, version);
            let kind = send(&transport, exchange(&uri(&server))).unwrap_err().kind();
            // curl writes its half of the handshake piece by piece, and a server that hangs up in
            // the middle looks like any other broken connection.
            assert!(
                [expected, TransportErrorKind::Connect].contains(&kind),
                "{version:?} {kind:?}"
            );
            assert!(!requests.next());
        }
    }
}

#[test]
fn a_server_that_asks_for_none_gets_none() {
    let authority = Authority::new();
    let (server, _) = https(authority.server("127.0.0.1"));
    let transport = showing(&authority, &Identity::new(&authority));
    assert!(send(&transport, exchange(&uri(&server))).is_ok());
}

#[test]
fn a_certificate_that_cannot_be_used_is_found_at_build_and_no_key_is_shown() {
    let authority = Authority::new();
    let Identity { chain, key } = Identity::new(&authority);
    let other = Identity::new(&authority);
    let line = key.lines().nth(1).unwrap();
    let cut = &key[..key.len() / 2];
    let encrypted = key.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
    let torn = key.replace(line, &format!("{line}!"));
    let empty_key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    let empty_certificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for (chain, key, problem) in [
        ("", key.as_str(), "the chain holds no certificate"),
        (&key, &chain, "the chain holds no certificate"),
        (&chain[..chain.len() / 2], &key, "the chain is no well-formed PEM"),
        (&torn.replace("PRIVATE KEY", "CERTIFICATE"), &key, "the chain is no well-formed PEM"),
        (empty_certificate, &key, "cannot be read"),
        (&chain, "", "holds no private key"),
        (&chain, &chain, "holds no private key"),
        (&chain, &encrypted, "decrypted"),
        (&chain, cut, "the key is no well-formed PEM"),
        (&chain, &torn, "the key is no well-formed PEM"),
        (&chain, empty_key, "none that can be used"),
        (&chain, &other.key, "another certificate"),
    ] {
        let builder = IsahcTransport::builder().client_certificate_pem(chain, key);
        let error = builder.clone().build().unwrap_err();
        assert_eq!(error.setting(), "client_certificate_pem");
        let shown = format!("{error} {error:?} {:?} {builder:?}", error.source());
        assert!(shown.contains(problem), "{shown}");
        for line in key.lines().filter(|line| line.len() > 8) {
            assert!(!shown.contains(line), "{shown}");
        }
    }
}

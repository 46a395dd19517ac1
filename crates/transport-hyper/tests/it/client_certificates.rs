//! A server that requires a client certificate, and certificates that fit or do not.

use easemob_token_transport::{Transport, TransportErrorKind};
use easemob_token_transport_hyper::HyperTransport;
use easemob_token_transport_testkit::{
    Authority, Identity, KeyKind, LOOPBACK, Script, ScriptedServer, ServerTls,
};

use crate::{kind, post_to};

/// A server that refuses clients without a certificate of this authority.
fn requiring(authority: &Authority) -> ServerTls {
    ServerTls::new(authority.issue(LOOPBACK)).require_client_certificate(authority)
}

fn start(tls: impl Into<ServerTls>) -> ScriptedServer {
    ScriptedServer::start(Script::new().tls(tls).serve())
}

/// A transport that trusts the authority and shows this certificate.
fn showing(authority: &Authority, identity: &Identity) -> HyperTransport {
    HyperTransport::builder()
        .roots_pem(authority.pem())
        .client_certificate_pem(identity.pem(), identity.key_pem())
        .build()
        .unwrap()
}

#[tokio::test]
async fn a_server_that_requires_a_certificate_is_shown_it() {
    let authority = Authority::new();
    for (tls, key) in [
        (requiring(&authority).only_tls12(), KeyKind::P256),
        (requiring(&authority).only_tls13(), KeyKind::P384),
        (requiring(&authority), KeyKind::Ed25519),
        (authority.issue(LOOPBACK).into(), KeyKind::P256),
    ] {
        let server = start(tls);
        let transport = showing(&authority, &authority.issue_with_key("client.example", key));
        let result = transport.send(post_to(&server.url("https", LOOPBACK))).await;
        assert!(result.is_ok(), "{key:?}: {result:?}");
    }
}

#[tokio::test]
async fn without_the_right_certificate_the_server_gets_no_request() {
    let authority = Authority::new();
    let strangers = Authority::new().issue("client.example");
    for (tls, expected) in [
        (requiring(&authority).only_tls12(), TransportErrorKind::Connect),
        // TLS 1.3 lets a client send before the server has looked at its certificate.
        (requiring(&authority).only_tls13(), TransportErrorKind::Interrupted),
    ] {
        let none = HyperTransport::builder().roots_pem(authority.pem()).build().unwrap();
        for transport in [none, showing(&authority, &strangers)] {
            let server = start(tls.clone());
            let result = transport.send(post_to(&server.url("https", LOOPBACK))).await;
            assert_eq!(kind(result), expected);
            assert!(server.requests().is_empty());
        }
    }
}

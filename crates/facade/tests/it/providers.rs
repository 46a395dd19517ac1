//! Crypto providers of a build with both adapters, which has two: ring and aws-lc-rs.
//!
//! A process has one default provider and keeps it, so each test runs in its own process.

use std::sync::Arc;
use std::time::Duration;

use easemob_token::hyper::HyperTransport;
use easemob_token::hyper::reexports::rustls::crypto::{CryptoProvider, aws_lc_rs, ring};
use easemob_token::isahc::IsahcTransport;
use easemob_token::transport::{Exchange, Transport};
use easemob_token_transport_testkit::{Script, ScriptedServer};

use crate::subprocess::runs_in_subprocess;

/// Whether the transport's client hello is one of aws-lc-rs.
///
/// That provider sends a post-quantum key share of more than a thousand bytes, which ring does not
/// have. The server reads the head of the TLS record, which holds the length, and closes.
fn uses_aws_lc(transport: &dyn Transport) -> bool {
    let server = ScriptedServer::start(Script::new().read(5));
    let request = http::Request::post(format!("https://{}/", server.address())).body("{}").unwrap();
    let exchange = Exchange::new(request).with_timeout(Duration::from_secs(5));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(transport.send(exchange)).unwrap_err();
    let connections = server.connections();
    let [0x16, _, _, high, low, ..] = *connections[0].received() else { panic!("no TLS") };
    u16::from_be_bytes([high, low]) > 1_000
}

fn hyper(provider: Option<CryptoProvider>) -> HyperTransport {
    let builder = HyperTransport::builder();
    match provider {
        None => builder,
        Some(provider) => builder.crypto_provider(Arc::new(provider)),
    }
    .build()
    .unwrap()
}

fn isahc() -> IsahcTransport {
    IsahcTransport::new().unwrap()
}

#[test]
fn hyper_uses_ring_or_what_it_is_given_and_sets_no_default() {
    if !runs_in_subprocess("providers::hyper_uses_ring_or_what_it_is_given_and_sets_no_default") {
        return;
    }
    assert!(!uses_aws_lc(&hyper(None)));
    assert!(uses_aws_lc(&hyper(Some(aws_lc_rs::default_provider()))));
    assert!(CryptoProvider::get_default().is_none(), "hyper's transport set a default");

    // libcurl's rustls sets one, as the documentation of its adapter says.
    assert!(uses_aws_lc(&isahc()));
    assert!(CryptoProvider::get_default().is_some());
    assert!(!uses_aws_lc(&hyper(None)));
}

#[test]
fn a_default_of_the_application_is_used_by_isahc_and_not_by_hyper() {
    let name = "providers::a_default_of_the_application_is_used_by_isahc_and_not_by_hyper";
    if !runs_in_subprocess(name) {
        return;
    }
    ring::default_provider().install_default().unwrap();
    assert!(!uses_aws_lc(&isahc()));
    assert!(uses_aws_lc(&hyper(Some(aws_lc_rs::default_provider()))));
    assert!(!uses_aws_lc(&hyper(None)));
}

#[test]
fn a_default_without_cipher_suites_does_not_affect_hyper() {
    if !runs_in_subprocess("providers::a_default_without_cipher_suites_does_not_affect_hyper") {
        return;
    }
    let nothing = CryptoProvider { cipher_suites: Vec::new(), ..ring::default_provider() };
    nothing.install_default().unwrap();
    assert!(!uses_aws_lc(&hyper(None)));
}

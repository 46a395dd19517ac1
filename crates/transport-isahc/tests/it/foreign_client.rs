//! A ready client: which rules hold for it, and what it cannot report.

use easemob_token_transport::{ConnectionUse, TransportErrorKind};
use easemob_token_transport_isahc::IsahcTransport;
use easemob_token_transport_isahc::isahc::HttpClient;
use easemob_token_transport_testkit::{Plan, Script, ScriptedServer};

use crate::{BODY, kind, post, post_to, send};

fn foreign() -> IsahcTransport {
    IsahcTransport::from_client(HttpClient::new().unwrap())
}

#[test]
fn the_same_rules_hold_and_no_response_has_a_mark() {
    let server = ScriptedServer::start(Script::new().serve());
    let response = send(&foreign(), post(&server).on_fresh_connection()).unwrap();
    assert_eq!(response.body(), BODY);
    assert_eq!(response.extensions().get::<ConnectionUse>(), None);
    let result = send(&foreign(), post(&server).with_max_response_bytes(1));
    assert_eq!(kind(result), TransportErrorKind::TooLarge);
    let result = send(&foreign(), post_to("http://a1.easemob.com/"));
    assert_eq!(kind(result), TransportErrorKind::Unsupported);
}

#[test]
fn no_loopback_name_is_looked_up() {
    let server = ScriptedServer::start(Script::new().serve());
    for host in ["localhost.", "no-resolver.localhost", "A.B.LocalHost", "no-resolver.localhost."] {
        let outcome = send(&foreign(), post_to(&server.url("http", host)));
        assert!(outcome.is_ok(), "{host} {outcome:?}");
    }
}

#[test]
fn a_request_with_a_body_that_a_dying_connection_read_is_not_sent_again() {
    let first = Script::new().request().echo().request();
    let server = ScriptedServer::start(Plan::in_order([first, Script::new().serve()]));
    let transport = foreign();
    assert!(send(&transport, post(&server)).is_ok());
    assert_eq!(kind(send(&transport, post(&server))), TransportErrorKind::Interrupted);
    let connections = server.connections();
    let requests: Vec<_> = connections.iter().map(|own| own.requests().len()).collect();
    assert_eq!(requests, [2]);
}

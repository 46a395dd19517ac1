//! Names of this machine are never looked up, and fresh connections are reported.

use easemob_token_transport::TransportErrorKind::{Connect, Tls};
use easemob_token_transport::{ConnectionUse, Exchange, Proxy};
use easemob_token_transport_isahc::IsahcTransport;
use easemob_token_transport_isahc::isahc::HttpClient;

use crate::proxy::tunnel;
use crate::server::{Server, exchange, reply, send, transport};
use crate::tls::{Authority, serve};

/// Names that no resolver knows, so that who asks one gets no connection.
const NAMES: [&str; 5] =
    ["localhost", "localhost.", "no-resolver.localhost", "A.B.LocalHost", "no-resolver.localhost."];

#[test]
fn a_name_of_this_machine_is_not_looked_up() {
    let server = Server::answering(reply("200 OK", "{}"));
    let foreign = IsahcTransport::from_client(HttpClient::new().unwrap());
    for name in NAMES {
        let uri = format!("http://{name}:{}/", server.addr.port());
        for transport in [&transport(), &foreign] {
            let outcome = send(transport, exchange(&uri));
            assert!(outcome.is_ok(), "{uri} {outcome:?}");
        }
    }
}

#[test]
fn tls_checks_the_name_and_not_the_address() {
    let authority = Authority::new();
    for (certified, is_fine) in [("no-resolver.localhost", true), ("127.0.0.1", false)] {
        let config = authority.server(certified);
        let server = Server::start(move |connection, _| {
            let _ = serve(connection.stream(), &config);
        });
        let uri = format!("https://no-resolver.localhost:{}/", server.addr.port());
        let kind = send(&authority.transport(), exchange(&uri)).err().map(|error| error.kind());
        assert_eq!(kind, (!is_fine).then_some(Tls), "{certified}");
    }
}

#[test]
fn a_proxy_with_a_name_of_this_machine_is_not_looked_up() {
    let authority = Authority::new();
    for name in NAMES {
        let (proxy, requests) = tunnel(authority.server("a1.easemob.invalid"));
        let url = format!("http://{name}:{}", proxy.addr.port());
        let transport = IsahcTransport::builder()
            .proxy(Proxy::Url(url.parse().unwrap()))
            .roots_pem(authority.pem.clone())
            .build()
            .unwrap();
        let outcome = send(&transport, exchange("https://a1.easemob.invalid/"));
        assert!(outcome.is_ok(), "{url} {outcome:?}");
        assert!(requests.next().starts_with("CONNECT a1.easemob.invalid:443 "));
    }
}

#[test]
fn what_only_ends_like_one_is_looked_up() {
    let server = Server::answering(reply("200 OK", "{}"));
    let uri = format!("http://nolocalhost.invalid:{}/", server.addr.port());
    let outcome = send(&transport(), exchange(&uri).allow_plain_http());
    assert_eq!(outcome.unwrap_err().kind(), Connect);
}

#[test]
fn a_fresh_connection_is_reported_if_it_is_known() {
    let server = Server::answering(reply("200 OK", "{}"));
    let fresh = || -> Exchange { exchange(&server.uri()).on_fresh_connection() };
    let transport = transport();
    for calls in 1..=2 {
        let response = send(&transport, fresh()).unwrap();
        assert_eq!(response.extensions().get(), Some(&ConnectionUse::Fresh));
        assert_eq!(server.connections(), calls);
    }
    let foreign = IsahcTransport::from_client(HttpClient::new().unwrap());
    let response = send(&foreign, fresh()).unwrap();
    assert_eq!(response.extensions().get::<ConnectionUse>(), None);
}

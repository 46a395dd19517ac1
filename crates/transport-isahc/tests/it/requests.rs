//! What curl or isahc would send otherwise than asked.

use easemob_token_transport::{Exchange, TransportErrorKind};
use easemob_token_transport_isahc::IsahcTransport;
use easemob_token_transport_testkit::{Received, Script, ScriptedServer};
use http::{HeaderValue, Request};

use crate::{BODY, kind, post_to, send};

/// Sends the request, and returns it as the server received it.
fn received(request: http::request::Builder) -> Received {
    let server = ScriptedServer::start(Script::new().serve());
    let request = request.method("POST").uri(format!("http://{}/", server.address()));
    let exchange = Exchange::new(request.body(BODY).unwrap());
    assert!(send(&IsahcTransport::new(), exchange).is_ok());
    server.requests().remove(0)
}

fn names(request: &Received) -> Vec<String> {
    let mut names: Vec<_> = request.names().map(str::to_ascii_lowercase).collect();
    names.sort_unstable();
    names
}

#[test]
fn only_two_fields_are_added_and_the_callers_own_take_their_place() {
    let all = ["accept", "content-length", "content-type", "host", "user-agent"];
    let request = received(Request::builder().header("content-type", "application/json"));
    assert_eq!(names(&request), all);
    assert_eq!(request.fields("accept").collect::<Vec<_>>(), ["*/*"]);
    let agent: Vec<_> = request.fields("user-agent").collect();
    assert!(agent[0].starts_with("easemob-token-transport-isahc/"), "{agent:?}");

    let request = Request::builder()
        .header("content-type", "application/json")
        .header("accept", "application/json")
        .header("user-agent", "an app")
        .header("expect", "100-continue");
    let request = received(request);
    assert_eq!(names(&request), all);
    assert_eq!(request.fields("accept").collect::<Vec<_>>(), ["application/json"]);
    assert_eq!(request.fields("user-agent").collect::<Vec<_>>(), ["an app"]);
}

#[test]
fn an_empty_value_and_an_encoded_path_go_out_as_they_are() {
    let server = ScriptedServer::start(Script::new().serve());
    let request = Request::post(format!("http://{}/a?x=%2e%2e", server.address()));
    let request = request.header("x-empty", "").body("").unwrap();
    assert!(send(&IsahcTransport::new(), Exchange::new(request)).is_ok());
    let received = server.requests().remove(0);
    assert_eq!(received.line(), "POST /a?x=%2e%2e HTTP/1.1");
    assert_eq!(received.fields("x-empty").collect::<Vec<_>>(), [""]);
}

#[test]
fn what_curl_would_rewrite_or_isahc_panic_on_is_refused_and_nothing_is_sent() {
    let server = ScriptedServer::start(Script::new().serve());
    let transport = IsahcTransport::new();
    let dots = post_to(&format!("http://{}/org/../token", server.address()));
    let latin = HeaderValue::from_bytes(b"caf\xe9").unwrap();
    let request = Request::post(format!("http://{}/", server.address())).header("x-name", latin);
    for exchange in [dots, Exchange::new(request.body("").unwrap())] {
        assert_eq!(kind(send(&transport, exchange)), TransportErrorKind::Unsupported);
    }
    assert!(server.connections().is_empty());
}

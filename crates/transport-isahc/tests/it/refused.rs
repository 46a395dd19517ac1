//! Rule 9, and what curl would send otherwise than asked: refused, with nothing sent.

use easemob_token_transport::TransportErrorKind::Unsupported;
use easemob_token_transport::{Delivery, Exchange};

use crate::server::{Server, exchange, reply, send, transport};

#[test]
fn plain_http_beyond_loopback_needs_permission() {
    for uri in ["http://a1.easemob.invalid/", "http://127.0.0.1.invalid/", "ftp://127.0.0.1/"] {
        let error = send(&transport(), exchange(uri)).unwrap_err();
        assert_eq!((error.kind(), error.delivery()), (Unsupported, Delivery::No), "{uri}");
    }
    let unknown = format!("http://{}.invalid/", "a".repeat(64));
    let error = send(&transport(), exchange(&unknown).allow_plain_http()).unwrap_err();
    assert_ne!(error.kind(), Unsupported);
}

#[test]
fn targets_that_curl_would_rewrite_are_not_contacted() {
    let server = Server::answering(reply("200 OK", "{}"));
    for uri in [
        format!("http://user:secret@{}/", server.addr),
        format!("http://{}/org/../token", server.addr),
    ] {
        let error = send(&transport(), exchange(&uri)).unwrap_err();
        assert_eq!(error.kind(), Unsupported, "{uri}");
        assert!(!format!("{error:?}").contains("secret"));
    }
    assert_eq!(server.connections(), 0);
}

#[test]
fn a_header_that_isahc_would_panic_on_is_an_error() {
    let server = Server::answering(reply("200 OK", "{}"));
    let value = http::HeaderValue::from_bytes(b"caf\xe9").unwrap();
    let request = http::Request::post(server.uri()).header("x-name", value);
    let error = send(&transport(), Exchange::new(request.body("").unwrap())).unwrap_err();
    assert_eq!(error.kind(), Unsupported);
    assert_eq!(server.connections(), 0);
}

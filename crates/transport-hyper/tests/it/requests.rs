//! What is sent, and complete responses that are handed on as they came.

use bytes::Bytes;
use easemob_token_transport::{Exchange, Transport, TransportErrorKind};
use easemob_token_transport_hyper::HyperTransport;
use http::{Method, Request, Version};

use crate::server::{Peer, Seen, Server};
use crate::{answer_with, kind, post, text};

async fn sent(request: Request<Bytes>) -> String {
    let mut server = Server::start(|mut peer: Peer| {
        peer.request();
        peer.answer("");
    });
    let (mut head, body) = request.into_parts();
    let path = head.uri.path_and_query().unwrap().as_str();
    let url = format!("http://127.0.0.1:{}{path}", server.address.port());
    head.uri = url.parse().unwrap();
    let exchange = Exchange::new(Request::from_parts(head, body));
    HyperTransport::new().send(exchange).await.unwrap();
    match server.next().await {
        Seen::Request { text, .. } => text.replace(&server.address.port().to_string(), "PORT"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn nothing_is_sent_but_the_request_host_and_length() {
    let request = Request::post("http://x/org/app/token?q=1#fragment")
        .header("content-type", "application/json")
        .header("authorization", "Bearer t")
        .body(Bytes::from_static(b"{\"a\":1}"))
        .unwrap();
    assert_eq!(
        sent(request).await,
        "POST /org/app/token?q=1 HTTP/1.1\r\n\
         content-type: application/json\r\n\
         authorization: Bearer t\r\n\
         host: 127.0.0.1:PORT\r\n\
         content-length: 7\r\n\r\n{\"a\":1}"
    );
}

#[tokio::test]
async fn framing_is_the_transports_business() {
    let mut request = Request::post("http://x/")
        .header("content-length", "3")
        .header("transfer-encoding", "chunked")
        .body(Bytes::from_static(b"whole"))
        .unwrap();
    *request.version_mut() = Version::HTTP_2;
    let text = sent(request).await;
    assert_eq!(text, "POST / HTTP/1.1\r\nhost: 127.0.0.1:PORT\r\ncontent-length: 5\r\n\r\nwhole");
}

#[tokio::test]
async fn a_response_of_any_status_is_a_response() {
    for status in [200, 204, 304, 400, 401, 404, 429, 500, 503, 599, 600, 999] {
        let head = format!("HTTP/1.1 {status} Whatever\r\ncontent-length: 0\r\n\r\n");
        let response = answer_with(head).await.unwrap();
        assert_eq!(response.status(), status);
    }
}

#[tokio::test]
async fn a_redirect_is_handed_on_and_not_followed() {
    let mut elsewhere = Server::start(|mut peer: Peer| {
        peer.request();
    });
    for status in [300, 301, 302, 303, 304, 307, 308] {
        let target = elsewhere.url("http", "127.0.0.1");
        let head =
            format!("HTTP/1.1 {status} Gone\r\nlocation: {target}\r\ncontent-length: 0\r\n\r\n");
        let response = answer_with(head).await.unwrap();
        assert_eq!(response.status(), status);
        assert_eq!(response.headers()["location"], target);
    }
    assert_eq!(elsewhere.requests(), 0);
}

#[tokio::test]
async fn informational_responses_are_skipped() {
    let informational =
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n";
    let whole = format!("{informational}HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
    let response = answer_with(whole).await.unwrap();
    assert_eq!(response.status(), 200);
    assert!(!response.headers().contains_key("link"));
    assert_eq!(text(&response), "ok");
}

#[tokio::test]
async fn a_compressed_body_is_left_as_it_is() {
    // `{}` by gzip; what a bomb would look like, too.
    let gzip: &[u8] = b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xab\xae\x05\0\x43\xbf\xa6\xa3\x02\0\0\0";
    let mut whole = format!(
        "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n",
        gzip.len()
    )
    .into_bytes();
    whole.extend_from_slice(gzip);
    let response = answer_with(whole).await.unwrap();
    assert_eq!(response.headers()["content-encoding"], "gzip");
    assert_eq!(response.body(), gzip);
}

#[tokio::test]
async fn old_and_odd_but_whole_responses_are_read() {
    let folded = "HTTP/1.1 200 OK\r\nx-a: one\r\n two\r\ncontent-length: 2\r\n\r\nok";
    let response = answer_with(folded).await.unwrap();
    assert_eq!(text(&response), "ok");

    let latin = b"HTTP/1.1 200 OK\r\nx-a: caf\xe9\r\ncontent-length: 2\r\n\r\nok";
    let response = answer_with(latin.as_slice()).await.unwrap();
    assert_eq!(response.headers()["x-a"].as_bytes(), b"caf\xe9");

    let old = "HTTP/1.0 200 OK\r\ncontent-type: text/plain\r\n\r\nuntil the end";
    let response = answer_with(old).await.unwrap();
    assert_eq!(text(&response), "until the end");

    let chunked =
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nx-t: 1\r\n\r\n";
    let response = answer_with(chunked).await.unwrap();
    assert_eq!(text(&response), "ok");
}

#[tokio::test]
async fn what_cannot_be_sent_is_unsupported_and_sends_nothing() {
    let mut server = Server::start(|mut peer: Peer| {
        peer.request();
    });
    let port = server.address.port();
    let transport = HyperTransport::new();
    // By these names the server would be reached, were they tried.
    for url in [
        format!("http://a1.easemob.com:{port}/"),
        format!("http://0.0.0.0:{port}/"),
        format!("ftp://127.0.0.1:{port}/"),
        "/org/app/token".to_owned(),
    ] {
        let result = transport.send(post(&url)).await;
        assert_eq!(kind(result), TransportErrorKind::Unsupported, "{url}");
    }
    let mut request = Request::new(Bytes::new());
    *request.uri_mut() = server.url("http", "127.0.0.1").parse().unwrap();
    *request.method_mut() = Method::CONNECT;
    let result = transport.send(Exchange::new(request)).await;
    assert_eq!(kind(result), TransportErrorKind::Unsupported);
    assert_eq!(server.requests(), 0);

    // And the caller's word lifts the ban.
    let url = format!("http://0.0.0.0:{port}/");
    let allowed = transport.send(post(&url).allow_plain_http()).await;
    assert_eq!(kind(allowed), TransportErrorKind::Interrupted);
    assert_eq!(server.requests(), 1);
}

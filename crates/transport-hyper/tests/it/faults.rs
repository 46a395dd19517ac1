//! Connections that fail and replies that are not HTTP: the kind of each.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use easemob_token_transport::{Transport, TransportErrorKind};
use easemob_token_transport_hyper::HyperTransport;

use crate::server::{Peer, Server};
use crate::{answer_with, kind, post};

#[tokio::test]
async fn a_closed_port_is_no_connection() {
    let port = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    for scheme in ["http", "https"] {
        let result =
            HyperTransport::new().send(post(&format!("{scheme}://127.0.0.1:{port}/"))).await;
        assert_eq!(kind(result), TransportErrorKind::Connect);
    }
}

#[tokio::test]
async fn an_unknown_host_is_no_connection() {
    // A label of 64 characters: the resolver refuses it without asking anybody.
    let host = format!("{}.invalid", "a".repeat(64));
    let result =
        HyperTransport::new().send(post(&format!("http://{host}/")).allow_plain_http()).await;
    assert_eq!(kind(result), TransportErrorKind::Connect);
}

#[tokio::test]
async fn a_connection_that_never_completes_ends_with_the_connect_limit() {
    // A listener whose queue is full answers no further SYN.
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    let any: std::net::SocketAddr = "127.0.0.1:0".parse().unwrap();
    socket.bind(&any.into()).unwrap();
    socket.listen(0).unwrap();
    let address = socket.local_addr().unwrap();
    let mut queued = Vec::new();
    for _ in 0..4 {
        let filler = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None);
        let filler = filler.unwrap();
        filler.set_nonblocking(true).unwrap();
        let _ = filler.connect(&address);
        queued.push(filler);
    }
    let limit = Duration::from_millis(200);
    let transport = HyperTransport::builder().connect_timeout(limit).build().unwrap();
    let begun = Instant::now();
    let url = format!("http://127.0.0.1:{}/", address.as_socket().unwrap().port());
    let result = transport.send(post(&url)).await;
    assert_eq!(kind(result), TransportErrorKind::Timeout);
    assert!(begun.elapsed() >= limit && begun.elapsed() < limit + Duration::from_secs(1));
    // The exchange's own time holds besides, where it is shorter.
    let begun = Instant::now();
    let exchange = post(&url).with_timeout(Duration::from_millis(50));
    assert_eq!(kind(transport.send(exchange).await), TransportErrorKind::Timeout);
    assert!(begun.elapsed() < limit);
}

#[tokio::test]
async fn a_connection_that_ends_without_an_answer_is_a_torn_exchange() {
    // (reads the request first, resets instead of closing)
    for (reads, resets) in [(false, false), (true, false), (true, true)] {
        let server = Server::start(move |mut peer: Peer| {
            if reads {
                peer.request();
            }
            if resets {
                peer.reset();
            }
        });
        let exchange = post(&server.url("http", "127.0.0.1"));
        let result = HyperTransport::new().send(exchange).await;
        assert_eq!(kind(result), TransportErrorKind::Interrupted, "{reads} {resets}");
    }
}

#[tokio::test]
async fn a_reset_at_once_is_no_connection_or_a_torn_exchange() {
    let server = Server::start(Peer::reset);
    let exchange = post(&server.url("http", "127.0.0.1"));
    let kind = kind(HyperTransport::new().send(exchange).await);
    assert!(
        matches!(kind, TransportErrorKind::Connect | TransportErrorKind::Interrupted),
        "{kind:?}"
    );
}

#[tokio::test]
async fn a_reply_that_is_cut_is_a_torn_exchange() {
    for cut in [
        "HTT",
        "HTTP/1.1 200",
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-le",
        "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n0123456789",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nabc",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n",
    ] {
        assert_eq!(kind(answer_with(cut).await), TransportErrorKind::Interrupted, "{cut}");
    }
}

#[tokio::test]
async fn a_body_that_ends_in_a_reset_is_a_torn_exchange() {
    let server = Server::start(|mut peer: Peer| {
        peer.request();
        peer.write("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n0123456789");
        peer.reset();
    });
    let exchange = post(&server.url("http", "127.0.0.1"));
    let result = HyperTransport::new().send(exchange).await;
    assert_eq!(kind(result), TransportErrorKind::Interrupted);
}

#[tokio::test]
async fn bad_chunks_are_a_torn_exchange() {
    for chunk in ["zz\r\nabc", "\r\nabc", "ffffffffffffffffff\r\nabc", "-1\r\nabc", "3\r\nabcd\r\n"]
    {
        let whole = format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{chunk}");
        assert_eq!(kind(answer_with(whole).await), TransportErrorKind::Interrupted, "{chunk}");
    }
}

#[tokio::test]
async fn a_body_in_a_coding_that_nobody_asked_for_is_a_torn_exchange() {
    for coding in [
        "gzip",
        "gzip, chunked",
        "chunked, gzip",
        "chunked, chunked",
        "chunked\r\ntransfer-encoding:",
        "identity",
        "",
        "chunked\r\ncontent-length: x",
        "chunked\r\ncontent-length: 1, 2",
        "chunked\r\ncontent-length:",
    ] {
        let whole = format!("HTTP/1.1 200 OK\r\ntransfer-encoding: {coding}\r\n\r\n0\r\n\r\n");
        assert_eq!(kind(answer_with(whole).await), TransportErrorKind::Interrupted, "{coding}");
    }
    for coding in ["chunked", "Chunked ", "chunked\r\ncontent-length: 7, 7"] {
        let whole = format!("HTTP/1.1 200 OK\r\ntransfer-encoding: {coding}\r\n\r\n0\r\n\r\n");
        assert!(answer_with(whole).await.is_ok(), "{coding}");
    }
}

#[tokio::test]
async fn what_is_not_http_is_a_torn_exchange() {
    for bytes in [
        &b"<html>hello</html>\r\n\r\n"[..],
        b"\x15\x03\x03\x00\x02\x02\x28",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\x00\x00\x12\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x80",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"HTTP/2.0 200 OK\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 099 Low\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 abc OK\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nx-a: a\0b\r\ncontent-length: 0\r\n\r\n",
    ] {
        let shown = bytes.escape_ascii();
        assert_eq!(kind(answer_with(bytes).await), TransportErrorKind::Interrupted, "{shown}");
    }
}

#[tokio::test]
async fn another_protocol_is_a_torn_exchange() {
    let head = "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n";
    assert_eq!(kind(answer_with(head).await), TransportErrorKind::Interrupted);
}

#[tokio::test]
async fn no_error_shows_what_was_sent_or_received() {
    let marked = |url: &str| {
        let request = http::Request::post(format!("{url}?q=MARK"))
            .header("authorization", "Bearer MARK")
            .body("MARK")
            .unwrap();
        easemob_token_transport::Exchange::new(request)
    };
    for reply in [
        "MARK MARK\r\n\r\n",
        "HTTP/1.1 200 MARK\r\nx: MARK\r\ncontent-length: MARK\r\n\r\nMARK",
        "HTTP/1.1 200 MARK\r\nx: MARK\r\ncontent-length: 100\r\n\r\nMARK",
        "HTTP/1.1 200 MARK\r\ntransfer-encoding: chunked\r\n\r\nMARK",
        "HTTP/1.1 101 MARK\r\nx: MARK\r\n\r\nMARK",
    ] {
        let server = Server::start(move |mut peer: Peer| {
            peer.request();
            peer.write(reply);
        });
        let transport = HyperTransport::new();
        let exchange = marked(&server.url("http", "127.0.0.1"));
        let error = transport.send(exchange).await.unwrap_err();
        let mut shown = format!("{error:?} {error:#?}");
        let mut next: Option<&dyn std::error::Error> = Some(&error);
        while let Some(error) = next {
            shown += &format!(" {error}");
            next = error.source();
        }
        assert!(!shown.contains("MARK"), "{shown}");
    }
}

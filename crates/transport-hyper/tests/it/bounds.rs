//! The bounds of a response: its head, its body, its time.

use std::thread;
use std::time::{Duration, Instant};

use easemob_token_transport::{Transport, TransportErrorKind};
use easemob_token_transport_hyper::HyperTransport;

use crate::server::{Peer, Seen, Server};
use crate::{answer_with, kind, post};

fn sized(bytes: usize) -> Vec<u8> {
    let mut whole = format!("HTTP/1.1 200 OK\r\ncontent-length: {bytes}\r\n\r\n").into_bytes();
    whole.resize(whole.len() + bytes, b'x');
    whole
}

fn chunked(bytes: usize) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{bytes:x}\r\n");
    let mut whole = head.into_bytes();
    whole.resize(whole.len() + bytes, b'x');
    whole.extend_from_slice(b"\r\n0\r\n\r\n");
    whole
}

fn head(fields: impl Iterator<Item = String>) -> Vec<u8> {
    let fields: String = fields.collect();
    format!("HTTP/1.1 200 OK\r\n{fields}\r\nok").into_bytes()
}

#[tokio::test]
async fn a_body_of_the_limit_is_read_and_one_byte_more_is_not() {
    for whole in [sized as fn(usize) -> _, chunked] {
        let response = answer_with(whole(65_536)).await.unwrap();
        assert_eq!(response.body().len(), 65_536);
        let result = answer_with(whole(65_537)).await;
        assert_eq!(kind(result), TransportErrorKind::TooLarge);
    }
}

#[tokio::test]
async fn the_callers_limit_counts() {
    let server =
        Server::start(|mut peer: Peer| while peer.request().is_some() && peer.answer("12345") {});
    let transport = HyperTransport::new();
    let exchange = |limit| post(&server.url("http", "127.0.0.1")).with_max_response_bytes(limit);
    assert_eq!(transport.send(exchange(5)).await.unwrap().body().len(), 5);
    for limit in [4, 0] {
        let result = transport.send(exchange(limit)).await;
        assert_eq!(kind(result), TransportErrorKind::TooLarge);
    }
}

#[tokio::test]
async fn an_announced_length_beyond_the_limit_is_refused_at_once() {
    for length in ["65537", "18446744073709551614", "18446744073709551615"] {
        let mut server = Server::start(move |mut peer: Peer| {
            peer.request();
            peer.write(format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n"));
            peer.wait_for_close();
        });
        let begun = Instant::now();
        let result = HyperTransport::new().send(post(&server.url("http", "127.0.0.1"))).await;
        assert_eq!(kind(result), TransportErrorKind::TooLarge, "{length}");
        assert!(begun.elapsed() < Duration::from_secs(1));
        server.wait_until(|seen| *seen == Seen::Closed(0)).await;
    }
}

#[tokio::test]
async fn an_endless_body_is_refused_within_a_second() {
    let server = Server::start(|mut peer: Peer| {
        peer.request();
        peer.write("HTTP/1.1 200 OK\r\n\r\n");
        while peer.write([b'x'; 4096]) {}
    });
    let begun = Instant::now();
    let result = HyperTransport::new().send(post(&server.url("http", "127.0.0.1"))).await;
    assert_eq!(kind(result), TransportErrorKind::TooLarge);
    assert!(begun.elapsed() < Duration::from_secs(1));
}

#[tokio::test]
async fn a_head_of_a_hundred_fields_is_read_and_of_one_more_is_not() {
    let fields = |n| head((0..n).map(|i| format!("x-{i}: v\r\n")));
    assert_eq!(answer_with(fields(100)).await.unwrap().headers().len(), 100);
    let result = answer_with(fields(101)).await;
    assert_eq!(kind(result), TransportErrorKind::TooLarge);
}

#[tokio::test]
async fn a_head_of_32_kib_is_read_and_a_larger_one_is_not() {
    let field = |bytes: usize| head([format!("x: {}\r\n", "v".repeat(bytes - 5))].into_iter());
    for bytes in [31 * 1024, 32 * 1024] {
        assert!(answer_with(field(bytes)).await.is_ok(), "{bytes}");
    }
    // The last ones are more than hyper itself buffers.
    for bytes in [32 * 1024 + 1, 33 * 1024, 65 * 1024, 1024 * 1024] {
        let result = answer_with(field(bytes)).await;
        assert_eq!(kind(result), TransportErrorKind::TooLarge, "{bytes}");
    }
}

#[tokio::test]
async fn an_endless_head_is_refused() {
    let server = Server::start(|mut peer: Peer| {
        peer.request();
        peer.write("HTTP/1.1 200 OK\r\nx: ");
        while peer.write([b'x'; 4096]) {}
    });
    let exchange = post(&server.url("http", "127.0.0.1"));
    let result = HyperTransport::new().send(exchange).await;
    assert_eq!(kind(result), TransportErrorKind::TooLarge);
}

#[tokio::test]
async fn the_time_covers_silence_and_drips_up_to_the_last_byte() {
    let begin = "HTTP/1.1 200 OK\r\nx-a: b\r\ncontent-length: 1000\r\n\r\n";
    for (at_once, drips) in [("", 0), ("", 1000), (begin, 1000), (begin, 0)] {
        let mut server = Server::start(move |mut peer: Peer| {
            peer.request();
            peer.write(at_once);
            let rest = begin.bytes().cycle().skip(at_once.len()).take(drips);
            for byte in rest {
                if !peer.write([byte]) {
                    break;
                }
                thread::sleep(Duration::from_millis(10));
            }
            peer.wait_for_close();
        });
        let limit = Duration::from_millis(200);
        let begun = Instant::now();
        let exchange = post(&server.url("http", "127.0.0.1")).with_timeout(limit);
        let result = HyperTransport::new().send(exchange).await;
        let error = result.unwrap_err();
        assert_eq!(error.kind(), TransportErrorKind::Timeout);
        assert!(begun.elapsed() >= limit && begun.elapsed() < limit + Duration::from_secs(1));
        server.wait_until(|seen| *seen == Seen::Closed(0)).await;
        assert!(begun.elapsed() < limit + Duration::from_secs(1));
    }
}

#[tokio::test]
async fn endless_informational_responses_end_with_the_time() {
    let server = Server::start(|mut peer: Peer| {
        peer.request();
        let many = "HTTP/1.1 100 Continue\r\n\r\n".repeat(500);
        while peer.write(&many) {}
    });
    let limit = Duration::from_millis(300);
    let begun = Instant::now();
    let exchange = post(&server.url("http", "127.0.0.1")).with_timeout(limit);
    let result = HyperTransport::new().send(exchange).await;
    assert_eq!(kind(result), TransportErrorKind::Timeout);
    assert!(begun.elapsed() < limit + Duration::from_secs(1));
}

#[tokio::test]
async fn twenty_thousand_informational_responses_are_skipped() {
    let mut whole = b"HTTP/1.1 100 Continue\r\n\r\n".repeat(20_000);
    whole.extend(sized(2));
    assert_eq!(answer_with(whole).await.unwrap().body().len(), 2);
}

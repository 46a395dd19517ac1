//! Rule 3: a head and a body of the permitted size pass, one more byte does not, nothing inflates.

use std::time::{Duration, Instant};

use easemob_token_transport::TransportErrorKind::{Interrupted, TooLarge};

use crate::server::{Server, exchange, reply, send, transport};

#[test]
fn the_body_may_have_exactly_the_limit() {
    let full = "x".repeat(64 * 1024);
    let over = "x".repeat(64 * 1024 + 1);
    assert_eq!(Server::answering(reply("200 OK", &full)).call().unwrap().body().len(), 65_536);
    assert_eq!(Server::answering(reply("200 OK", &over)).kind(), TooLarge);

    let unframed = |body: &str| Server::answering(format!("HTTP/1.1 200 OK\r\n\r\n{body}"));
    assert_eq!(unframed(&full).call().unwrap().body().len(), 65_536);
    assert_eq!(unframed(&over).kind(), TooLarge);
}

#[test]
fn the_callers_limit_counts() {
    let server = Server::answering(reply("200 OK", "12345"));
    let limited = |bytes| {
        let exchange = exchange(&server.uri()).with_max_response_bytes(bytes);
        send(&transport(), exchange)
    };
    assert_eq!(limited(5).unwrap().body(), "12345");
    assert_eq!(limited(4).unwrap_err().kind(), TooLarge);
    assert_eq!(limited(0).unwrap_err().kind(), TooLarge);
}

#[test]
fn a_body_without_end_is_left_within_a_second() {
    for head in [
        "HTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 70000\r\n\r\n",
    ] {
        let server = Server::start(move |connection, _| {
            connection.read_request();
            connection.send(head);
            while connection.send([b'x'; 1024]) {}
        });
        let started = Instant::now();
        assert_eq!(server.kind(), TooLarge, "{head}");
        assert!(started.elapsed() < Duration::from_secs(1), "{head}");
    }
}

#[test]
fn a_promise_of_too_much_is_not_waited_for() {
    let server = Server::start(|connection, _| {
        connection.read_request();
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 65537\r\n\r\n1");
        connection.wait_for_close();
    });
    let started = Instant::now();
    assert_eq!(server.kind(), TooLarge);
    assert!(started.elapsed() < Duration::from_secs(1));
}

#[test]
fn a_head_may_have_a_hundred_fields_and_31_kib() {
    let fields = |count: usize| -> String {
        let others: String = (1..count).map(|i| format!("X-{i}: v\r\n")).collect();
        format!("HTTP/1.1 200 OK\r\n{others}Content-Length: 2\r\n\r\n{{}}")
    };
    assert_eq!(Server::answering(fields(100)).call().unwrap().headers().len(), 100);
    assert_eq!(Server::answering(fields(101)).kind(), TooLarge);

    let sized = |kib: usize| -> String {
        let value = "v".repeat(kib * 1024);
        format!("HTTP/1.1 200 OK\r\nX-Long: {value}\r\nContent-Length: 2\r\n\r\n{{}}")
    };
    assert!(Server::answering(sized(31)).call().is_ok());
    assert_eq!(Server::answering(sized(33)).kind(), TooLarge);
    // Here curl gives up by itself, at a line of 100 KiB.
    assert_eq!(Server::answering(sized(120)).kind(), TooLarge);
}

#[test]
fn a_head_without_end_is_left() {
    let server = Server::start(|connection, _| {
        connection.read_request();
        connection.send("HTTP/1.1 200 OK\r\n");
        while connection.send("X-More: and more and more and more\r\n") {}
    });
    let started = Instant::now();
    // At 300 KiB or 5 000 fields curl says the same as for as many interim responses.
    assert!(matches!(server.kind(), Interrupted | TooLarge));
    assert!(started.elapsed() < Duration::from_secs(1));
}

#[test]
fn compressed_bytes_come_as_they_are() {
    // 32 bytes that gzip inflates to "hello hello hello hello".
    let gzip: &[u8] = &[
        0x1f, 0x8b, 0x08, 0, 0, 0, 0, 0, 0, 0x03, 0xcb, 0x48, 0xcd, 0xc9, 0xc9, 0x57, 0xc8, 0x40,
        0x27, 0x00, 0x3a, 0x8c, 0x47, 0x41, 0x17, 0, 0, 0,
    ];
    for encoding in ["gzip", "br", "deflate", "zstd", "nonsense"] {
        let mut reply = format!(
            "HTTP/1.1 200 OK\r\nContent-Encoding: {encoding}\r\nContent-Length: {}\r\n\r\n",
            gzip.len()
        )
        .into_bytes();
        reply.extend_from_slice(gzip);
        let response = Server::answering(reply).call().unwrap();
        assert_eq!(response.body(), gzip, "{encoding}");
        assert_eq!(response.headers()["content-encoding"], encoding);
    }
}

#[test]
fn a_transfer_coding_that_nobody_asked_for_is_not_undone() {
    let server = Server::answering(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    );
    assert_eq!(server.kind(), Interrupted);
}

//! Connections that fail, and replies that are torn or not HTTP.

use std::net::TcpListener;

use easemob_token_transport::TransportErrorKind::{Connect, Interrupted, Timeout};
use easemob_token_transport::{Delivery, TransportError, TransportErrorKind};

use crate::server::{Outcome, Server, exchange, reply, send, transport};

#[test]
fn a_closed_port_and_an_unknown_host_are_connect() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = send(&transport(), exchange(&format!("http://{free}/"))).unwrap_err();
    assert_eq!((error.kind(), error.delivery()), (Connect, Delivery::No));

    // A label of more than 63 letters: no resolver needs to ask anybody.
    let unknown = format!("https://{}.invalid/", "a".repeat(64));
    let error = send(&transport(), exchange(&unknown)).unwrap_err();
    assert_eq!((error.kind(), error.delivery()), (Connect, Delivery::No));
}

#[test]
fn a_connection_that_closes_or_resets_at_once() {
    assert_eq!(Server::start(|_, _| {}).kind(), Interrupted);
    let resets = Server::start(|connection, _| connection.reset());
    assert!(matches!(resets.kind(), Connect | Interrupted));
}

#[test]
fn a_connection_that_ends_after_the_request_is_exchange_and_not_sent_again() {
    let closes = Server::start(|connection, _| {
        connection.read_request();
    });
    assert_eq!(closes.kind(), Interrupted);
    assert_eq!((closes.requests(), closes.connections()), (1, 1));

    let resets = Server::start(|connection, _| {
        connection.read_request();
        connection.reset();
    });
    assert_eq!(resets.kind(), Interrupted);
    assert_eq!((resets.requests(), resets.connections()), (1, 1));
}

#[test]
fn a_coding_that_nobody_asked_for_is_exchange() {
    for (version, coding) in [
        ("1.0", "chunked"),
        ("1.0", "identity"),
        ("1.1", "identity"),
        ("1.1", ""),
        ("1.1", "gzip"),
        ("1.1", "gzip, chunked"),
        ("1.1", "chunked, gzip"),
        ("1.1", "chunked, chunked"),
        ("1.1", "chunked\r\nTransfer-Encoding: chunked"),
    ] {
        let reply = format!(
            "HTTP/{version} 200 OK\r\nTransfer-Encoding: {coding}\r\n\r\n2\r\n{{}}\r\n0\r\n\r\n"
        );
        assert_eq!(Server::answering(reply).kind(), Interrupted, "{version} {coding}");
    }
}

/// Every proper beginning of the reply, closed there.
fn cut_anywhere(reply: &str) {
    for end in 1..reply.len() {
        let server = Server::answering(&reply[..end]);
        let outcome = server.call();
        assert!(
            matches!(&outcome, Err(error) if error.kind() == Interrupted),
            "{outcome:?} for {:?}",
            &reply[..end]
        );
        assert_eq!(server.requests(), 1);
    }
}

#[test]
fn a_success_that_is_cut_anywhere_is_exchange() {
    cut_anywhere("HTTP/1.1 200 OK\r\nX-A: b\r\nContent-Length: 4\r\nX-C: d\r\n\r\n1234");
    cut_anywhere("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n1234\r\n0\r\n\r\n");
}

#[test]
fn a_refusal_that_is_cut_after_its_length_is_exchange() {
    let reply = reply("401 Unauthorized", "{}");
    let length = reply.find("Content-Length: ").unwrap() + "Content-Length: 2\r\n".len();
    for end in length..reply.len() {
        assert_eq!(Server::answering(&reply[..end]).kind(), Interrupted);
    }
}

#[test]
fn a_body_that_is_reset_is_exchange() {
    let server = Server::start(|connection, _| {
        connection.read_request();
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0123456789");
        connection.reset();
    });
    assert_eq!(server.kind(), Interrupted);
}

#[test]
fn chunks_with_a_wrong_size_are_exchange() {
    for chunks in [
        "zz\r\n{}\r\n0\r\n\r\n",
        "-1\r\n{}\r\n0\r\n\r\n",
        "ffffffffffffffffff\r\n{}\r\n0\r\n\r\n",
        "2\r\n{}{}\r\n0\r\n\r\n",
        "\r\n{}\r\n",
    ] {
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        assert_eq!(Server::answering(format!("{head}{chunks}")).kind(), Interrupted, "{chunks}");
    }
}

#[test]
fn what_is_not_http_is_exchange() {
    let replies: [&[u8]; 11] = [
        b"{\"access_token\":\"x\"}",
        b"hello\r\n\r\n",
        b"\x15\x03\x03\x00\x02\x02\x46",
        b"\x00\x00\x12\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x64\x00\x04\x40\x00\x00",
        b"HTTP/1.1 099 Low\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 abc OK\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 20 OK\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 1\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nX-A: a\0b\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nno colon here\r\nContent-Length: 2\r\n\r\n{}",
    ];
    for bytes in replies {
        let server = Server::answering(bytes);
        let outcome = server.call();
        assert!(
            matches!(&outcome, Err(error) if error.kind() == Interrupted),
            "{outcome:?} for {}",
            bytes.escape_ascii()
        );
        assert_eq!(server.requests(), 1);
    }
}

#[test]
fn bare_line_feeds_pass_or_are_exchange() {
    let outcome = Server::answering("HTTP/1.1 200 OK\nContent-Length: 2\n\n{}").call();
    assert!(kind_of(&outcome).is_none_or(|kind| kind == Interrupted), "{outcome:?}");
}

#[test]
fn a_switch_of_protocols_is_no_response() {
    let server = Server::answering("HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n");
    assert!(matches!(server.kind(), Interrupted | Timeout));
}

#[test]
fn twenty_thousand_interim_responses_are_no_more_than_exchange() {
    let interims = "HTTP/1.1 100 Continue\r\n\r\n".repeat(20_000);
    let outcome = Server::answering(format!("{interims}{}", reply("200 OK", "{}"))).call();
    assert!(kind_of(&outcome).is_none_or(|kind| kind == Interrupted), "{outcome:?}");
}

fn kind_of(outcome: &Outcome) -> Option<TransportErrorKind> {
    outcome.as_ref().err().map(TransportError::kind)
}

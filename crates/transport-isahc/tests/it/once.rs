//! Rule 2: at most once, and never somebody else's response.

use easemob_token_transport::TransportErrorKind::Interrupted;
use easemob_token_transport_isahc::IsahcTransport;
use easemob_token_transport_isahc::isahc::HttpClient;

use crate::server::{Connection, Server, exchange, reply, reports, send, transport};

/// The second request of a connection, or of all connections, is read and then left alone.
fn dies_on_the_second_request() -> Server {
    let (sender, second) = reports();
    sender.send(()).unwrap();
    let first = std::sync::Mutex::new(Some(second));
    Server::start(move |connection, _| {
        loop {
            if connection.read_request().is_empty() {
                return;
            }
            if first.lock().unwrap().take().is_none() {
                return;
            }
            connection.send(reply("200 OK", "{}"));
        }
    })
}

#[test]
fn a_connection_that_dies_on_the_second_request_gets_it_once() {
    let server = dies_on_the_second_request();
    let transport = transport();
    assert_eq!(send(&transport, exchange(&server.uri())).unwrap().body(), "{}");
    let error = send(&transport, exchange(&server.uri())).unwrap_err();
    assert_eq!(error.kind(), Interrupted);
    assert_eq!(server.requests(), 2);
}

#[test]
fn a_ready_client_that_reuses_connections_sends_a_body_once_too() {
    let server = dies_on_the_second_request();
    let transport = IsahcTransport::from_client(HttpClient::new().unwrap());
    assert!(send(&transport, exchange(&server.uri())).is_ok());
    let error = send(&transport, exchange(&server.uri())).unwrap_err();
    assert_eq!(error.kind(), Interrupted);
    assert_eq!(server.requests(), 2);
}

#[test]
fn one_response_too_many_is_nobodys() {
    let server = Server::start(|connection: &mut Connection, number| {
        connection.read_request();
        let own = reply("200 OK", &format!("own {number}"));
        connection.send(format!("{own}{}", reply("200 OK", "stray")));
        connection.wait_for_close();
    });
    let transport = transport();
    for number in 0..2 {
        let response = send(&transport, exchange(&server.uri())).unwrap();
        assert_eq!(response.body(), &format!("own {number}"));
    }
}

#[test]
fn an_unsolicited_response_is_not_handed_to_the_next_call() {
    let (answered, first_call_done) = reports();
    let (sender, stray_sent) = reports();
    let first_call_done = std::sync::Mutex::new(first_call_done);
    let server = Server::start(move |connection, number| {
        connection.read_request();
        connection.send(reply("200 OK", &format!("own {number}")));
        first_call_done.lock().unwrap().next();
        connection.send(reply("200 OK", "stray"));
        sender.send(()).unwrap();
        while !connection.read_request().is_empty() {
            connection.send(reply("200 OK", "reused"));
        }
    });
    let transport = transport();
    for number in 0..2 {
        let response = send(&transport, exchange(&server.uri())).unwrap();
        assert_eq!(response.body(), &format!("own {number}"));
        answered.send(()).unwrap();
        stray_sent.next();
    }
}

#[test]
fn nothing_stays_open_after_a_response() {
    let (sender, reports) = reports();
    let server = Server::start(move |connection, _| {
        connection.read_request();
        connection.send(reply("200 OK", "{}"));
        connection.wait_for_close();
        sender.send(()).unwrap();
    });
    let transport = transport();
    send(&transport, exchange(&server.uri())).unwrap();
    reports.next();
}

/// The threads and the descriptors of this process.
#[cfg(target_os = "linux")]
fn open_now() -> (usize, usize) {
    let count = |what| std::fs::read_dir(format!("/proc/self/{what}")).unwrap().count();
    (count("task"), count("fd"))
}

#[cfg(target_os = "linux")]
#[test]
fn no_thread_and_no_descriptor_is_left_over() {
    use std::time::{Duration, Instant};

    if !crate::proxy::is_inner() {
        return crate::proxy::again("once::no_thread_and_no_descriptor_is_left_over", &[]);
    }
    let answers = Server::answering(reply("200 OK", "{}"));
    let closes = Server::answering("");
    let silent = Server::start(|connection, _| {
        connection.wait_for_close();
    });
    let transport = transport();
    let round = || {
        let exchange =
            |server: &Server| exchange(&server.uri()).with_timeout(Duration::from_millis(200));
        send(&transport, exchange(&answers)).unwrap();
        send(&transport, exchange(&closes)).unwrap_err();
        send(&transport, exchange(&silent)).unwrap_err();
    };
    let before = open_now();
    for _ in 0..5 {
        round();
    }
    let started = Instant::now();
    while open_now() != before {
        assert!(started.elapsed() < Duration::from_secs(5), "{before:?} {:?}", open_now());
        std::thread::yield_now();
    }
}

#[cfg(target_os = "linux")]
#[test]
fn what_is_kept_for_the_next_exchange_goes_with_the_transport() {
    use std::time::{Duration, Instant};

    if !crate::proxy::is_inner() {
        let name = "once::what_is_kept_for_the_next_exchange_goes_with_the_transport";
        return crate::proxy::again(name, &[]);
    }
    let server = Server::answering(reply("200 OK", "{}"));
    let transport = transport();
    let before = open_now();
    send(&transport, exchange(&server.uri())).unwrap();
    let (threads, _) = open_now();
    assert!(threads >= before.0 + 2, "nothing was kept: {before:?} {threads}");
    let dropped = Instant::now();
    drop(transport);
    while open_now() != before {
        // Well before it would have gone by itself.
        assert!(dropped.elapsed() < Duration::from_millis(500), "{before:?} {:?}", open_now());
        std::thread::yield_now();
    }
}

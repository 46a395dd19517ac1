//! Rules 4 and 5: the time limits, and that an exchange nobody waits for ends.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use easemob_token_transport::Transport;
use easemob_token_transport::TransportErrorKind::{Interrupted, Timeout};
use easemob_token_transport_isahc::IsahcTransport;

use crate::server::{Connection, Server, exchange, reports, send, transport};

const LIMIT: Duration = Duration::from_millis(400);

/// Sends with `LIMIT`, and checks that it is kept to a tenth of a second.
fn times_out(server: &Server) {
    let started = Instant::now();
    let outcome = send(&transport(), exchange(&server.uri()).with_timeout(LIMIT));
    let took = started.elapsed();
    assert_eq!(outcome.unwrap_err().kind(), Timeout);
    assert!((LIMIT..LIMIT + Duration::from_millis(100)).contains(&took), "{took:?}");
}

/// Sends the same again and again until nobody reads it. The pace is part of the fault.
fn drip(connection: &mut Connection, bytes: &str, pace: Duration) {
    while connection.send(bytes) {
        std::thread::sleep(pace);
    }
}

#[test]
fn no_answer_times_out_and_the_connection_closes_within_a_second() {
    let (sender, reports) = reports();
    let server = Server::start(move |connection, _| {
        connection.read_request();
        sender.send(connection.wait_for_close()).unwrap();
    });
    let started = Instant::now();
    times_out(&server);
    let closed = reports.next().duration_since(started);
    assert!(closed < LIMIT + Duration::from_secs(1), "{closed:?}");
}

#[test]
fn a_head_or_a_body_that_drips_times_out_over_all() {
    times_out(&Server::start(|connection, _| {
        connection.read_request();
        connection.send("HTTP/1.1 200 OK\r\nX-Slow: ");
        drip(connection, "x", Duration::from_millis(20));
    }));
    times_out(&Server::start(|connection, _| {
        connection.read_request();
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n");
        drip(connection, "x", Duration::from_millis(20));
    }));
    times_out(&Server::start(|connection, _| {
        connection.read_request();
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0123456789");
        connection.wait_for_close();
    }));
}

#[test]
fn interim_responses_without_end_time_out() {
    let server = Server::start(|connection, _| {
        connection.read_request();
        drip(connection, "HTTP/1.1 100 Continue\r\n\r\n", Duration::from_millis(5));
    });
    let outcome = send(&transport(), exchange(&server.uri()).with_timeout(LIMIT));
    assert!(matches!(outcome.unwrap_err().kind(), Timeout | Interrupted));
}

#[test]
fn no_time_at_all_sends_nothing() {
    let server = Server::start(|_, _| {});
    let outcome = send(&transport(), exchange(&server.uri()).with_timeout(Duration::ZERO));
    assert_eq!(outcome.unwrap_err().kind(), Timeout);
    assert_eq!(server.connections(), 0);
}

#[test]
fn endless_time_is_no_error() {
    let server = Server::answering(crate::server::reply("200 OK", "{}"));
    let outcome = send(&transport(), exchange(&server.uri()).with_timeout(Duration::MAX));
    assert!(outcome.is_ok());
}

/// A listener whose queue is full: the kernel lets further connections wait.
#[cfg(target_os = "linux")]
#[test]
fn a_connection_that_never_completes_ends_at_the_connect_limit() {
    use std::net::{SocketAddr, TcpStream};

    let listener =
        socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    listener.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    listener.listen(0).unwrap();
    let addr = listener.local_addr().unwrap().as_socket().unwrap();
    let _queued: Vec<_> = (0..2)
        .map_while(|_| TcpStream::connect_timeout(&addr, Duration::from_millis(200)).ok())
        .collect();
    ends_at_the_connect_limit(&format!("http://{addr}/"));
}

#[test]
fn a_handshake_that_stalls_ends_at_the_connect_limit() {
    let server = Server::start(|connection, _| {
        connection.wait_for_close();
    });
    ends_at_the_connect_limit(&format!("https://{}/", server.addr));
}

fn ends_at_the_connect_limit(uri: &str) {
    let transport = IsahcTransport::builder().connect_timeout(LIMIT).build().unwrap();
    let started = Instant::now();
    let error = send(&transport, exchange(uri)).unwrap_err();
    let took = started.elapsed();
    assert_eq!(error.kind(), Timeout);
    assert!((LIMIT..LIMIT + Duration::from_millis(300)).contains(&took), "{took:?}");
}

#[test]
fn dropping_the_future_closes_the_connection_within_a_second() {
    for silent_after in ["", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0123456789"] {
        let (sender, reports) = reports();
        let server = Server::start(move |connection, _| {
            connection.read_request();
            connection.send(silent_after);
            sender.send(Instant::now()).unwrap();
            sender.send(connection.wait_for_close()).unwrap();
        });
        let transport = transport();
        {
            let mut future = pin!(transport.send(exchange(&server.uri())));
            let mut context = Context::from_waker(Waker::noop());
            let started = Instant::now();
            while reports.try_next().is_none() {
                assert!(started.elapsed() < Duration::from_secs(20));
                assert!(matches!(future.as_mut().poll(&mut context), Poll::Pending));
                std::thread::yield_now();
            }
        }
        let dropped = Instant::now();
        let closed = reports.next().saturating_duration_since(dropped);
        assert!(closed < Duration::from_secs(1), "{closed:?}");
        assert_eq!(server.requests(), 1);
    }
}

#[test]
fn many_at_once_do_not_wait_for_each_other() {
    let server = Server::start(|connection, number| {
        connection.read_request();
        if number % 2 == 0 {
            connection.send(crate::server::reply("200 OK", "{}"));
        }
        connection.wait_for_close();
    });
    let transport = std::sync::Arc::new(transport());
    let started = Instant::now();
    let calls: Vec<_> = (0..20)
        .map(|_| {
            let transport = transport.clone();
            let exchange = exchange(&server.uri()).with_timeout(Duration::from_secs(2));
            std::thread::spawn(move || send(&transport, exchange))
        })
        .collect();
    let outcomes: Vec<_> = calls.into_iter().map(|call| call.join().unwrap()).collect();
    let answered = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    assert_eq!(answered, 10, "{outcomes:?}");
    assert!(started.elapsed() < Duration::from_secs(4));
}

//! How many exchanges are under way at once, and that a caller that is not polled blocks nobody.

use std::error::Error;
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use easemob_token_transport::Transport;
use easemob_token_transport::TransportErrorKind::Timeout;
use easemob_token_transport_isahc::IsahcTransport;

use crate::server::{Server, exchange, reply, reports, send, transport};

const LIMIT: Duration = Duration::from_millis(400);

#[test]
fn a_caller_that_is_never_polled_holds_its_connection_no_longer_than_its_time() {
    let (sender, reports) = reports();
    let server = Server::start(move |connection, _| {
        connection.read_request();
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0123456789");
        sender.send(connection.wait_for_close()).unwrap();
    });
    let transport = transport();
    let started = Instant::now();
    let mut future = pin!(transport.send(exchange(&server.uri()).with_timeout(LIMIT)));
    assert!(future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    // Nobody polls any more, but the future is there.
    let closed = reports.next().duration_since(started);
    assert!(closed < LIMIT + Duration::from_secs(1), "{closed:?}");
    let outcome = futures_lite::future::block_on(future);
    assert_eq!(outcome.unwrap_err().kind(), Timeout);
}

#[test]
fn one_that_waits_for_a_place_gets_it_or_says_which_setting_keeps_it() {
    let (sender, reports) = reports();
    let server = Server::start(move |connection, number| {
        connection.read_request();
        sender.send(()).unwrap();
        if number == 0 {
            connection.wait_for_close();
        } else {
            connection.send(reply("200 OK", "{}"));
        }
    });
    let transport = IsahcTransport::builder().max_concurrent_exchanges(1).build().unwrap();
    let mut first = Box::pin(transport.send(exchange(&server.uri()).with_timeout(LIMIT * 3)));
    assert!(first.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    reports.next();

    let error = send(&transport, exchange(&server.uri()).with_timeout(LIMIT)).unwrap_err();
    assert_eq!(error.kind(), Timeout);
    assert!(error.source().unwrap().to_string().contains("max_concurrent_exchanges"), "{error:?}");
    assert_eq!(server.connections(), 1);

    // The first is not polled and not dropped: its place ends with its time.
    assert!(send(&transport, exchange(&server.uri())).is_ok());
    drop(first);
    assert!(send(&transport, exchange(&server.uri())).is_ok());
}

#[test]
fn a_bound_of_none_is_refused() {
    let error = IsahcTransport::builder().max_concurrent_exchanges(0).build().unwrap_err();
    assert_eq!(error.setting(), "max_concurrent_exchanges");
}

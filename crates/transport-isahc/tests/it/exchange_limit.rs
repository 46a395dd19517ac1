//! The limit of exchanges at once, and callers that are not polled any more.

use std::error::Error;
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use easemob_token_transport::{Transport, TransportErrorKind};
use easemob_token_transport_isahc::IsahcTransport;
use easemob_token_transport_testkit::{Plan, Script, ScriptedServer};
use futures_lite::future::block_on;

use crate::{AMPLE, post, send};

const LIMIT: Duration = Duration::from_millis(400);

#[test]
fn a_caller_that_is_never_polled_holds_its_connection_no_longer_than_its_time() {
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0123456789";
    let server = ScriptedServer::start(Script::new().request().write(head).wait_for_close());
    let transport = IsahcTransport::new();
    let started = Instant::now();
    let mut future = pin!(transport.send(post(&server).with_timeout(LIMIT)));
    assert!(future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    // The future is there, but is not polled any more.
    assert!(server.wait_until(AMPLE, |own| own.iter().any(|own| own.closed().is_some())));
    assert!(started.elapsed() < LIMIT + Duration::from_secs(1), "{:?}", started.elapsed());
    assert_eq!(block_on(future).unwrap_err().kind(), TransportErrorKind::Timeout);
}

#[test]
fn one_that_waits_for_a_place_gets_it_or_an_error_that_names_the_setting() {
    let silent = Script::new().request().wait_for_close();
    let server = ScriptedServer::start(Plan::in_order([silent, Script::new().serve()]));
    let transport = IsahcTransport::builder().max_concurrent_exchanges(1).build().unwrap();
    let mut first = Box::pin(transport.send(post(&server).with_timeout(LIMIT * 3)));
    assert!(first.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    assert!(server.wait_until(AMPLE, |own| own.iter().any(|own| !own.requests().is_empty())));

    let error = send(&transport, post(&server).with_timeout(LIMIT)).unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Timeout);
    assert!(error.source().unwrap().to_string().contains("max_concurrent_exchanges"), "{error:?}");
    assert_eq!(server.connections().len(), 1);

    // The first is neither polled nor dropped: its place ends with its time.
    assert!(send(&transport, post(&server)).is_ok());
    drop(first);
    assert!(send(&transport, post(&server)).is_ok());
}

//! Calls outside a suitable runtime: an error value, never a panic or a hang.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use easemob_token_transport::{Exchange, Transport, TransportErrorKind};
use easemob_token_transport_hyper::HyperTransport;
use easemob_token_transport_testkit::{Script, ScriptedServer};
use http::{Method, Request};
use tokio::runtime::Builder;

use crate::{current_thread, kind, post};

#[test]
fn outside_a_runtime_there_is_an_error_at_once() {
    let server = ScriptedServer::start(Script::new().serve());
    let transport = HyperTransport::new();
    let sending = pin!(transport.send(post(&server)));
    match sending.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => assert_eq!(kind(result), TransportErrorKind::Internal),
        Poll::Pending => panic!("not ready at once"),
    }
}

#[test]
fn without_a_driver_there_is_an_error_and_no_panic_comes_out() {
    let server = ScriptedServer::start(Script::new().serve());
    let transport = HyperTransport::new();
    let bare = Builder::new_current_thread().build().unwrap();
    let no_io = Builder::new_current_thread().enable_time().build().unwrap();
    let no_time = Builder::new_current_thread().enable_io().build().unwrap();
    for runtime in [bare, no_io, no_time] {
        let result = runtime.block_on(transport.send(post(&server)));
        assert_eq!(kind(result), TransportErrorKind::Internal);
    }
    assert!(server.requests().is_empty());
    // Nothing is broken by that.
    assert!(current_thread().block_on(transport.send(post(&server))).is_ok());
}

#[tokio::test]
async fn connect_is_no_exchange_and_sends_nothing() {
    let server = ScriptedServer::start(Script::new().serve());
    let request = Request::builder()
        .method(Method::CONNECT)
        .uri(format!("http://{}/", server.address()))
        .body(Bytes::new());
    let result = HyperTransport::new().send(Exchange::new(request.unwrap())).await;
    assert_eq!(kind(result), TransportErrorKind::Unsupported);
    assert!(server.connections().is_empty());
}

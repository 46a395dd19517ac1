//! Calls outside a suitable runtime: an error value, never a panic or a hang.

use std::error::Error;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use easemob_token_transport::{Exchange, Runtime, Transport, TransportError, TransportErrorKind};
use easemob_token_transport_hyper::{HyperTransport, TokioRuntime};
use easemob_token_transport_testkit::{Executor, Parking, Script, ScriptedServer};
use http::{Method, Request};
use tokio::runtime::Builder;

use crate::{current_thread, kind, post, until};

/// The reason that this error gives, in one line.
#[track_caller]
fn reason<T: std::fmt::Debug>(result: Result<T, TransportError>) -> String {
    let error = result.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Internal);
    error.source().expect("it has a cause").to_string()
}

#[test]
fn outside_a_runtime_the_error_names_tokio_and_the_ways_out() {
    let server = ScriptedServer::start(Script::new().serve());
    let transport = HyperTransport::new();
    let own = transport.runtime().unwrap();
    let spawned = [&TokioRuntime as &dyn Runtime, &*own].map(|own| own.spawn(Box::pin(async {})));
    let sending = pin!(transport.send(post(&server)));
    let Poll::Ready(sent) = sending.poll(&mut Context::from_waker(Waker::noop())) else {
        panic!("not ready at once")
    };
    for reason in spawned.map(reason).into_iter().chain([reason(sent)]) {
        for part in ["no tokio runtime on this thread", "blocking client", "isahc transport"] {
            assert!(reason.contains(part), "{reason}");
        }
    }
}

#[test]
fn without_a_driver_the_error_names_it_and_no_panic_comes_out() {
    let server = ScriptedServer::start(Script::new().serve());
    let transport = HyperTransport::new();
    let bare = Builder::new_current_thread().build().unwrap();
    let no_io = Builder::new_current_thread().enable_time().build().unwrap();
    let no_time = Builder::new_multi_thread().worker_threads(1).enable_io().build().unwrap();
    let ended = current_thread();
    let after_its_end = ended.handle().clone();
    ended.shutdown_background();
    for (runtime, part) in [
        (bare.handle(), "no time driver: build it with enable_time or enable_all"),
        (no_io.handle(), "no I/O driver: build it with enable_io or enable_all"),
        (no_time.handle(), "no time driver: build it with enable_time or enable_all"),
        (&after_its_end, "is shutting down"),
    ] {
        let sent = reason(runtime.block_on(transport.send(post(&server))));
        assert!(sent.contains("tokio runtime") && sent.contains(part), "{sent}");
        let own = transport.runtime().unwrap();
        let spawned = runtime.block_on(async { own.spawn(Box::pin(async {})) });
        assert_eq!(reason(spawned), sent);
    }
    assert!(server.requests().is_empty());
    // Nothing is broken by that.
    assert!(current_thread().block_on(transport.send(post(&server))).is_ok());
}

/// The response waits in the socket when the future leaves its runtime.
#[test]
fn a_response_is_returned_outside_the_runtime_in_which_its_exchange_began() {
    let server = ScriptedServer::start(Script::new().request().gate(0).echo().serve());
    let turning = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let transport = HyperTransport::new();
    let mut pending = transport.send(post(&server));
    turning.block_on(async {
        tokio::select! {
            _ = &mut pending => panic!("a response came"),
            () = until(|| server.requests().len() == 1) => {}
        }
    });
    server.open_gate(0);
    Parking.block_on(Box::pin(async { assert!(pending.await.is_ok()) }));
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

//! Where the transport is called: an error value outside a fit runtime, never a panic or a hang.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use easemob_token_transport::{Transport, TransportErrorKind};
use easemob_token_transport_hyper::HyperTransport;
use tokio::runtime::Builder;

use crate::server::{Peer, Server};
use crate::{kind, post, text};

struct Nobody;

impl Wake for Nobody {
    fn wake(self: Arc<Self>) {}
}

/// The output of a future that is ready at its first poll.
fn at_once<F: Future>(future: F) -> F::Output {
    let waker = Waker::from(Arc::new(Nobody));
    match pin!(future).poll(&mut Context::from_waker(&waker)) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("not ready at once"),
    }
}

fn answering() -> Server {
    Server::start(|mut peer: Peer| while peer.request().is_some() && peer.answer("ok") {})
}

#[test]
fn outside_a_runtime_there_is_an_error_at_once() {
    let server = answering();
    let transport = HyperTransport::new();
    let result = at_once(transport.send(post(&server.url("http", "127.0.0.1"))));
    assert_eq!(kind(result), TransportErrorKind::Internal);
}

#[test]
fn without_a_driver_there_is_an_error_and_no_panic_comes_out() {
    let mut server = answering();
    let url = server.url("http", "127.0.0.1");
    let transport = HyperTransport::new();
    let bare = Builder::new_current_thread().build().unwrap();
    let no_io = Builder::new_current_thread().enable_time().build().unwrap();
    let no_time = Builder::new_current_thread().enable_io().build().unwrap();
    for runtime in [bare, no_io, no_time] {
        let result = runtime.block_on(transport.send(post(&url)));
        assert_eq!(kind(result), TransportErrorKind::Internal);
    }
    assert_eq!(server.requests(), 0);
    // And nothing is broken by that.
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let response = runtime.block_on(transport.send(post(&url))).unwrap();
    assert_eq!(text(&response), "ok");
}

#[test]
fn a_transport_outlives_the_runtime_that_used_it() {
    let server = answering();
    let transport = HyperTransport::new();
    for _ in 0..3 {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let url = server.url("http", "127.0.0.1");
        let response = runtime.block_on(transport.send(post(&url))).unwrap();
        assert_eq!(text(&response), "ok");
    }
}

#[tokio::test]
async fn a_client_that_was_handed_in_is_used_under_the_same_rules() {
    use bytes::Bytes;
    use http_body_util::Full;
    use hyper_util::client::legacy::Client;
    use hyper_util::rt::TokioExecutor;

    let server = answering();
    let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    let transport = HyperTransport::from_client(client);
    let exchange = || post(&server.url("http", "127.0.0.1"));
    assert_eq!(text(&transport.send(exchange()).await.unwrap()), "ok");
    let result = transport.send(exchange().with_max_response_bytes(1)).await;
    assert_eq!(kind(result), TransportErrorKind::TooLarge);
    let result = transport.send(post("http://a1.easemob.com/")).await;
    assert_eq!(kind(result), TransportErrorKind::Unsupported);
}

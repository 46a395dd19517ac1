//! Exchanges for the unit tests of pool, exchanges and clients.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::{Context, Wake, Waker};
use std::time::{Duration, Instant};

use easemob_token_transport_testkit::{LOOPBACK, Script, ScriptedServer, reply as response};
use futures_lite::future::{block_on, poll_once};
use http::Request;

use crate::client::Client;
use crate::in_flight::Job;

pub(crate) fn responding() -> ScriptedServer {
    ScriptedServer::start(Script::new().request().write(response::ok(b"{}")))
}

pub(crate) fn silent() -> ScriptedServer {
    ScriptedServer::start(Script::new().request().wait_for_close())
}

pub(crate) fn job(server: &ScriptedServer) -> Job {
    let (body, begun) = crate::body::none();
    let request = Request::post(server.url("http", LOOPBACK)).body(body).unwrap();
    Job { request, begun, max_response_bytes: 100, is_proxied: false, client: None, files: None }
}

pub(crate) fn deadline() -> Instant {
    Instant::now() + Duration::from_secs(10)
}

/// Waits until this is so.
#[track_caller]
pub(crate) fn until(mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < Duration::from_secs(10));
        std::thread::yield_now();
    }
}

/// A client whose agent died of a waker that panics.
pub(crate) fn dead_client() -> Client {
    struct Dies;
    impl Wake for Dies {
        fn wake(self: Arc<Self>) {
            panic!("the agent dies of this, on purpose")
        }
    }

    let client = Client::make().unwrap();
    let server = ScriptedServer::start(Script::new().request().gate(0));
    let url = server.url("http", LOOPBACK);
    let mut deadly = Box::pin(client.http.post_async(&url, ()));
    let waker = Waker::from(Arc::new(Dies));
    assert!(deadly.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    server.open_gate(0);
    // What the panic went through is not whole any more.
    std::mem::forget(deadly);
    let is_alive = || block_on(poll_once(client.http.get_async(&url)));
    until(|| catch_unwind(AssertUnwindSafe(is_alive)).is_err());
    client
}

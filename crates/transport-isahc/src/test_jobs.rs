//! Exchanges for the unit tests of pool, exchanges and clients.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
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
    let client = client_whose_agent(|| panic!("the agent dies of this, on purpose"));
    let is_alive = || block_on(poll_once(client.http.get_async("http://127.0.0.1:1")));
    until(|| catch_unwind(AssertUnwindSafe(is_alive)).is_err());
    client
}

/// A client whose agent stands still in a waker until the sender is gone.
pub(crate) fn stuck_client() -> (Client, Sender<()>) {
    let (release, released) = channel();
    let (stuck, is_stuck) = channel();
    let released = Mutex::new(released);
    let client = client_whose_agent(move || {
        stuck.send(()).unwrap();
        let _ = released.lock().unwrap().recv();
    });
    is_stuck.recv().unwrap();
    (client, release)
}

/// A client whose agent calls this.
fn client_whose_agent(calls: impl Fn() + Send + Sync + 'static) -> Client {
    struct Calls<F>(F);
    impl<F: Fn() + Send + Sync + 'static> Wake for Calls<F> {
        fn wake(self: Arc<Self>) {
            (self.0)();
        }
    }

    let client = Client::make().unwrap();
    let server = ScriptedServer::start(Script::new().request().gate(0));
    let mut exchange = Box::pin(client.http.post_async(server.url("http", LOOPBACK), ()));
    let waker = Waker::from(Arc::new(Calls(calls)));
    assert!(exchange.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    server.open_gate(0);
    // What a panic goes through is not whole any more.
    std::mem::forget(exchange);
    client
}

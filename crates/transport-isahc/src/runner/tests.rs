//! How one exchange on the thread of a client ends.

use std::future::{pending, ready};
use std::num::NonZeroUsize;
use std::sync::mpsc::channel;

use bytes::Bytes;
use easemob_token_transport::{ExchangeLimit, ForkGuard};
use easemob_token_transport_testkit::{LOOPBACK, Script, ScriptedServer};
use futures_lite::future::{block_on, poll_once};
use http::Response;

use super::*;
use crate::pooled_client::own_client;
use crate::reply;
use crate::test_jobs::{call, job, responding};

fn runner(is_own: bool) -> Runner {
    Runner::new(own_client().unwrap(), is_own, channel().1, Weak::new())
}

fn begun() -> Begun {
    crate::body::none().1
}

#[test]
fn an_exchange_that_never_wakes_anybody_is_left_at_the_deadline() {
    let limit = Duration::from_millis(50);
    let started = Instant::now();
    let (reply, _waiting) = reply::pair();
    let outcome = runner(true)
        .drive(pin!(pending()), started + limit, &reply, &begun(), &Cell::new(false))
        .unwrap();
    assert_eq!(outcome.unwrap_err().kind(), TransportErrorKind::Timeout);
    let took = started.elapsed();
    assert!((limit..limit * 10).contains(&took), "{took:?}");
}

#[test]
fn an_exchange_without_a_caller_is_left_at_once() {
    let runner = runner(true);
    let (reply, waiting) = reply::pair();
    let waiting = waiting.on(thread::current());
    let started = Instant::now();
    let quitter = thread::spawn(move || drop(waiting));
    let far = started + Duration::from_secs(60);
    assert!(runner.drive(pin!(pending()), far, &reply, &begun(), &Cell::new(false)).is_none());
    quitter.join().unwrap();
    assert!(started.elapsed() < Duration::from_secs(10));
}

#[test]
fn a_response_at_the_last_moment_counts() {
    let (reply, _waiting) = reply::pair();
    let response = ready(Ok(Response::new(Bytes::new())));
    let outcome =
        runner(true).drive(pin!(response), Instant::now(), &reply, &begun(), &Cell::new(false));
    assert!(outcome.unwrap().is_ok());
}

/// Lets the client's agent die of a waker that panics.
fn kill_agent(runner: &Runner) {
    struct Dies;
    impl Wake for Dies {
        fn wake(self: Arc<Self>) {
            panic!("the agent dies of this, on purpose")
        }
    }

    let server = ScriptedServer::start(Script::new().request().gate(0));
    let url = server.url("http", LOOPBACK);
    let mut deadly = Box::pin(runner.client.post_async(&url, ()));
    let waker = Waker::from(Arc::new(Dies));
    assert!(deadly.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    server.open_gate(0);
    // What the panic went through is not whole any more.
    std::mem::forget(deadly);
    let started = Instant::now();
    let is_alive = || block_on(poll_once(runner.client.get_async(&url)));
    while catch_unwind(AssertUnwindSafe(is_alive)).is_ok() {
        assert!(started.elapsed() < Duration::from_secs(10));
        thread::yield_now();
    }
}

#[test]
fn an_agent_that_died_before_the_exchange_is_no_agent_that_dies_in_it() {
    let server = responding();
    let outcome_of = |is_own, is_reused| {
        let idle = Arc::new(IdleClients::new(ForkGuard::default()));
        let runner = Runner { idle: Arc::downgrade(&idle), ..runner(is_own) };
        kill_agent(&runner);
        let far = Instant::now() + Duration::from_secs(60);
        let (reply, _waiting) = reply::pair();
        let ended = runner.exchange(job(&server), far, &reply, is_reused).unwrap();
        // Its last clone would panic in its drop.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(runner)));
        match ended {
            Ended::NotSent => None,
            Ended::Done(outcome) => Some(outcome.unwrap_err().kind()),
        }
    };
    assert_eq!(outcome_of(true, true), None);
    assert_eq!(outcome_of(true, false), Some(TransportErrorKind::Connect));
    assert_eq!(outcome_of(false, false), Some(TransportErrorKind::Internal));
}

#[test]
fn the_permit_is_free_when_the_response_is_there() {
    let limit = ExchangeLimit::new(NonZeroUsize::MIN);
    let idle = Arc::new(IdleClients::new(ForkGuard::default()));
    let server = responding();
    let (call, waiting) = block_on(call(&limit, job(&server)));
    let thread = start(Arc::downgrade(&idle), call).unwrap();
    assert!(matches!(block_on(waiting.on(thread)), Some(Ended::Done(Ok(_)))));
    let next = limit.acquire(Instant::now() + Duration::from_secs(60), |_| pending());
    assert!(block_on(poll_once(next)).is_some());
}

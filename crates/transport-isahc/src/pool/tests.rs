//! Which clients the pool reuses, ends and replaces, and what callers leave.

use std::future::pending;
use std::mem;
use std::num::NonZeroUsize;
use std::sync::mpsc::channel;
use std::task::Waker;
use std::thread;
use std::time::Duration;

use easemob_token_transport_testkit::ScriptedServer;
use futures_lite::future::{block_on, or, poll_once, yield_now};

use easemob_token_transport::TransportErrorKind;

use super::*;
use crate::idle_clients::IDLE_TIMEOUT;
use crate::test_jobs::{dead_client, deadline, job, responding, silent, stuck_client, until};

fn pool() -> Pool {
    Pool::new(ExchangeLimit::new(NonZeroUsize::MIN), ForkGuard::default())
}

fn send(pool: &Pool, server: &ScriptedServer) -> Outcome {
    block_on(pool.exchange(deadline(), || Ok(job(server))))
}

fn is_closed(server: &ScriptedServer) -> bool {
    server.wait_until(Duration::from_secs(10), |own| own.iter().all(|own| own.closed().is_some()))
}

/// Begins an exchange, and polls it until the server has the request.
fn begun<'a>(pool: &'a Pool, server: &ScriptedServer, deadline: Instant) -> Pin<Box<Caller<'a>>> {
    let permit = block_on(pool.limit.acquire(deadline, |_| pending())).unwrap();
    let mut caller = Box::pin(pool.start(job(server), permit, deadline).unwrap());
    // Once is enough.
    assert!(caller.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    until(|| server.connections().iter().any(|own| !own.requests().is_empty()));
    caller
}

#[test]
fn after_a_response_the_next_exchange_has_the_same_client_and_a_permit() {
    let (pool, server) = (pool(), responding());
    send(&pool, &server).unwrap();
    let client = pool.watcher.take_idle(false).unwrap();
    assert_eq!(client.origin, Origin::Reused);
    // A mark, since nobody listens here.
    pool.watcher.give_back(Client { is_mute: true, ..client });
    send(&pool, &server).unwrap();
    assert!(pool.watcher.take_idle(false).unwrap().is_mute);
    assert!(pool.watcher.take_idle(false).is_none());
}

#[test]
fn after_a_failure_the_client_ends() {
    let (pool, server) = (pool(), responding());
    send(&pool, &server).unwrap();
    let too_large = || Ok(Job { max_response_bytes: 1, ..job(&server) });
    assert!(block_on(pool.exchange(deadline(), too_large)).is_err());
    assert!(pool.watcher.take_idle(false).is_none());
}

#[test]
fn after_a_caller_that_left_the_client_ends() {
    let (pool, server, silent) = (pool(), responding(), silent());
    send(&pool, &server).unwrap();
    let given_up = async {
        yield_now().await;
        Err(TransportErrorKind::Internal.into())
    };
    let exchange = pool.exchange(deadline(), || Ok(job(&silent)));
    block_on(or(exchange, given_up)).unwrap_err();
    assert!(pool.watcher.take_idle(false).is_none());
    assert!(is_closed(&silent));
    send(&pool, &server).unwrap();
}

#[test]
fn idle_clients_whose_agents_are_dead_are_replaced() {
    let (pool, server) = (pool(), responding());
    pool.watcher.give_back(dead_client());
    pool.watcher.give_back(dead_client());
    assert!(send(&pool, &server).is_ok());
}

#[test]
fn an_agent_that_was_dead_when_the_exchange_began_is_no_agent_that_dies_in_it() {
    let (pool, server) = (pool(), responding());
    for (origin, kind) in [
        (Origin::Reused, None),
        (Origin::New, Some(TransportErrorKind::Connect)),
        (Origin::Ready, Some(TransportErrorKind::Internal)),
    ] {
        let client = Client { origin, ..dead_client() };
        let ended = match block_on(begun_with(&pool, client, &server, deadline())) {
            Ended::NotSent => None,
            Ended::Done(outcome) => Some(outcome.unwrap_err().kind()),
        };
        assert_eq!(ended, kind, "{origin:?}");
    }
}

/// Begins an exchange with this client.
fn begun_with<'a>(
    pool: &'a Pool,
    client: Client,
    server: &ScriptedServer,
    deadline: Instant,
) -> Pin<Box<Caller<'a>>> {
    let permit = block_on(pool.limit.acquire(deadline, |_| pending())).unwrap();
    let exchange = Arc::new(InFlight::new(deadline));
    pool.watcher.watch(exchange.clone()).unwrap();
    exchange.begin(Running::new(client, job(server), permit, deadline));
    Box::pin(Caller { pool, exchange })
}

#[test]
fn nobody_waits_for_an_agent_that_is_stuck() {
    let (pool, server) = (pool(), responding());
    let (client, release) = stuck_client();
    let mut leaves = begun_with(&pool, client, &server, deadline());
    assert!(block_on(poll_once(leaves.as_mut())).is_none());
    thread::scope(|scope| {
        let (sender, left) = channel();
        scope.spawn(move || {
            drop(leaves);
            sender.send(()).unwrap();
        });
        let has_left = left.recv_timeout(Duration::from_secs(10));
        // Its permit is not free before its client has ended.
        drop(release);
        assert!(has_left.is_ok());
    });
    let (client, release) = stuck_client();
    let end = Instant::now() + Duration::from_millis(200);
    let ended = block_on(begun_with(&pool, client, &server, end));
    assert!(
        matches!(ended, Ended::Done(Err(error)) if error.kind() == TransportErrorKind::Timeout)
    );
    drop(release);
}

#[test]
fn idle_clients_and_the_thread_end_by_themselves_and_another_thread_starts() {
    let (pool, server) = (pool(), responding());
    for _ in 0..2 {
        send(&pool, &server).unwrap();
        let started = Instant::now();
        assert!(pool.watcher.has_thread());
        until(|| !pool.watcher.has_thread());
        assert!(started.elapsed() < IDLE_TIMEOUT * 3);
        assert!(pool.watcher.take_idle(false).is_none());
    }
}

#[test]
fn an_exchange_whose_caller_is_forgotten_outlives_the_pool_until_its_deadline() {
    let (pool, silent) = (pool(), silent());
    let end = Instant::now() + Duration::from_millis(300);
    let watcher = pool.watcher.clone();
    mem::forget(begun(&pool, &silent, end));
    drop(pool);
    assert!(is_closed(&silent));
    assert!(Instant::now() >= end);
    until(|| !watcher.has_thread());
}

#[test]
fn a_caller_may_change_its_thread_and_its_waker_and_be_polled_too_often() {
    let (pool, silent) = (pool(), silent());
    let end = Instant::now() + Duration::from_millis(300);
    let mut caller = begun(&pool, &silent, end);
    for _ in 0..100 {
        assert!(block_on(poll_once(caller.as_mut())).is_none());
    }
    let ended = thread::scope(|scope| scope.spawn(|| block_on(caller)).join().unwrap());
    assert!(
        matches!(ended, Ended::Done(Err(error)) if error.kind() == TransportErrorKind::Timeout)
    );
}

#[test]
fn in_a_forked_child_nothing_is_locked_waited_for_or_dropped() {
    let (mut pool, silent) = (pool(), silent());
    let caller = begun(&pool, &silent, deadline());
    let exchange = caller.exchange.clone();
    mem::forget(caller);
    pool.process = ForkGuard::first_used_by(std::process::id().wrapping_add(1));

    // A thread that the child does not have may hold these.
    let (watcher, same) = (pool.watcher.clone(), exchange.clone());
    let _locks = (watcher.lock(), same.lock());
    let mut caller = Box::pin(Caller { pool: &pool, exchange });
    let ended = block_on(caller.as_mut());
    assert!(
        matches!(ended, Ended::Done(Err(error)) if error.kind() == TransportErrorKind::Internal)
    );
    drop(caller);
    drop(pool);
    assert!(!silent.connections().iter().any(|own| own.closed().is_some()));
}

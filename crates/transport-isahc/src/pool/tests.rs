//! Which clients the pool reuses, ends and replaces.

use std::num::NonZeroUsize;
use std::sync::mpsc::channel;
use std::thread::{self, ThreadId};

use easemob_token_transport_testkit::ScriptedServer;
use futures_lite::future::{block_on, or, yield_now};

use super::*;
use crate::pooled_client::{PooledClient, fake};
use crate::runner::IDLE_TIMEOUT;
use crate::test_jobs::{deadline, job, responding, silent};

fn pool() -> Pool {
    Pool::new(ExchangeLimit::new(NonZeroUsize::MAX), ForkGuard::default())
}

/// Sends an exchange, and returns the thread of its client, which is idle now.
fn used(pool: &Pool, server: &ScriptedServer) -> ThreadId {
    block_on(pool.exchange(deadline(), || Ok(job(server)))).unwrap();
    pool.idle.threads().pop().unwrap()
}

#[test]
fn after_a_response_the_next_exchange_has_the_same_client() {
    let (pool, server) = (pool(), responding());
    let first = used(&pool, &server);
    assert_eq!(first, used(&pool, &server));
    assert_eq!(pool.idle.threads().len(), 1);
}

#[test]
fn after_a_failure_the_client_ends() {
    let (pool, server) = (pool(), responding());
    used(&pool, &server);
    let too_large = || Ok(Job { max_response_bytes: 1, ..job(&server) });
    assert!(block_on(pool.exchange(deadline(), too_large)).is_err());
    assert!(pool.idle.threads().is_empty());
}

#[test]
fn after_a_caller_that_left_the_client_ends() {
    let (pool, server, silent) = (pool(), responding(), silent());
    used(&pool, &server);
    let given_up = async {
        yield_now().await;
        Err(TransportErrorKind::Internal.into())
    };
    let exchange = pool.exchange(deadline(), || Ok(job(&silent)));
    block_on(or(exchange, given_up)).unwrap_err();
    assert!(pool.idle.threads().is_empty());
}

#[test]
fn an_idle_client_that_sends_nothing_is_replaced() {
    let (pool, server) = (pool(), responding());
    let dead = fake(false, |call| call.reply.send(Ended::NotSent));
    let thread = dead.thread();
    assert!(pool.idle.give_back(dead).is_none());
    assert_ne!(used(&pool, &server), thread);
    assert_eq!(pool.idle.threads().len(), 1);
}

#[test]
fn an_idle_client_whose_thread_is_gone_is_replaced() {
    let (pool, server) = (pool(), responding());
    let gone = PooledClient::new(channel().0, thread::current(), false);
    assert!(pool.idle.give_back(gone).is_none());
    assert_ne!(used(&pool, &server), thread::current().id());
}

#[test]
fn a_thread_that_dies_with_the_exchange_is_an_error() {
    let (pool, server) = (pool(), responding());
    assert!(pool.idle.give_back(fake(false, drop)).is_none());
    let outcome = block_on(pool.exchange(deadline(), || Ok(job(&server))));
    assert_eq!(outcome.unwrap_err().kind(), TransportErrorKind::Internal);
}

#[test]
fn a_client_that_stays_idle_ends_by_itself() {
    let (pool, server) = (pool(), responding());
    used(&pool, &server);
    let started = Instant::now();
    while !pool.idle.threads().is_empty() {
        assert!(started.elapsed() < IDLE_TIMEOUT * 3);
        thread::yield_now();
    }
}

//! Which clients the pool keeps, gives out and replaces.

use std::num::NonZeroUsize;
use std::thread;

use easemob_token_transport_testkit::ScriptedServer;
use futures_lite::future::{block_on, or, yield_now};

use super::*;
use crate::runner::KEPT;
use crate::test_jobs::{answering, deadline, job, silent};

fn pool() -> Arc<Pool> {
    Arc::new(Pool::new(ExchangeLimit::new(NonZeroUsize::MAX)))
}

/// The threads of the clients that are kept.
fn kept(pool: &Pool) -> Vec<ThreadId> {
    pool.idle().iter().map(PooledClient::thread).collect()
}

fn answered(pool: &Arc<Pool>, server: &ScriptedServer) -> ThreadId {
    block_on(pool.exchange(deadline(), || Ok(job(server)))).unwrap();
    kept(pool).pop().unwrap()
}

#[test]
fn after_an_answer_the_next_exchange_has_the_same_client() {
    let (pool, server) = (pool(), answering());
    let first = answered(&pool, &server);
    assert_eq!(first, answered(&pool, &server));
    assert_eq!(kept(&pool).len(), 1);
}

#[test]
fn after_a_failure_the_client_ends() {
    let (pool, server) = (pool(), answering());
    answered(&pool, &server);
    let too_large = || Ok(Job { max_response_bytes: 1, ..job(&server) });
    assert!(block_on(pool.exchange(deadline(), too_large)).is_err());
    assert!(kept(&pool).is_empty());
}

#[test]
fn after_a_caller_that_left_the_client_ends() {
    let (pool, server, silent) = (pool(), answering(), silent());
    answered(&pool, &server);
    let given_up = async {
        yield_now().await;
        Err(TransportErrorKind::Internal.into())
    };
    let exchange = pool.exchange(deadline(), || Ok(job(&silent)));
    block_on(or(exchange, given_up)).unwrap_err();
    assert!(kept(&pool).is_empty());
}

#[test]
fn a_kept_client_that_sends_nothing_is_replaced() {
    let (pool, server) = (pool(), answering());
    let dead = pooled_client::fake(false, |call| call.reply.send(Ended::NotSent));
    let thread = dead.thread();
    assert!(pool.give_back(dead).is_none());
    assert_ne!(answered(&pool, &server), thread);
    assert_eq!(kept(&pool).len(), 1);
}

#[test]
fn a_kept_client_whose_thread_is_gone_is_replaced() {
    let (pool, server) = (pool(), answering());
    let (gone, _) = pooled_client::without_thread();
    let thread = gone.thread();
    assert!(pool.give_back(gone).is_none());
    assert_ne!(answered(&pool, &server), thread);
}

#[test]
fn a_thread_that_dies_with_the_exchange_is_an_error() {
    let (pool, server) = (pool(), answering());
    assert!(pool.give_back(pooled_client::fake(false, drop)).is_none());
    let outcome = block_on(pool.exchange(deadline(), || Ok(job(&server))));
    assert_eq!(outcome.unwrap_err().kind(), TransportErrorKind::Internal);
}

#[test]
fn a_client_that_nobody_uses_ends_by_itself() {
    let (pool, server) = (pool(), answering());
    answered(&pool, &server);
    let started = Instant::now();
    while !kept(&pool).is_empty() {
        assert!(started.elapsed() < KEPT * 3);
        thread::yield_now();
    }
}

#[test]
fn no_more_are_kept_than_the_bound() {
    let pool = pool();
    for number in 0..=MOST_KEPT {
        let returned = pool.give_back(pooled_client::fake(false, drop));
        assert_eq!(returned.is_some(), number == MOST_KEPT);
    }
    assert_eq!(kept(&pool).len(), MOST_KEPT);
}

#[test]
fn one_that_is_not_mute_is_not_used_if_only_mute_ones_may_be() {
    let pool = pool();
    for is_mute in [false, true, false] {
        assert!(pool.give_back(pooled_client::fake(is_mute, drop)).is_none());
    }
    assert!(pool.take(true).unwrap().is_mute());
    assert!(pool.take(true).is_none());
    assert!(kept(&pool).is_empty());
}

#[test]
fn in_a_forked_child_the_clients_are_left_alone() {
    let (client, calls) = pooled_client::without_thread();
    let mut pool = Pool::new(ExchangeLimit::new(NonZeroUsize::MIN));
    pool.process = process::id().wrapping_add(1);
    assert!(pool.give_back(client).is_none());
    drop(pool);
    // Had the client been dropped, its thread would be told so.
    assert!(matches!(calls.try_recv(), Err(std::sync::mpsc::TryRecvError::Empty)));
}

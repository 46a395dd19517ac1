//! What Redis refuses, and what becomes of a store when Redis is away.

use std::time::{Duration, Instant};

use easemob_token_store::{StoreErrorKind, Stored, Swap, TokenStore};
use easemob_token_store_redis::RedisStore;

use StoreErrorKind::{Refused, Timeout, Unreachable};

use crate::server::{KEEP, KEY, PASSWORD, RIGHTS, Redis, impatient};

type Kind = Result<(), StoreErrorKind>;

/// Reads, and replaces the record or none.
async fn both(store: &RedisStore) -> (Kind, Kind) {
    let read = store.read(KEY).await;
    let old = Stored::new(&b"record"[..], None);
    let mut swap = store.swap(KEY, Some(&old), b"record", KEEP).await;
    if matches!(swap, Ok(Swap::Changed)) {
        swap = store.swap(KEY, None, b"record", KEEP).await;
    }
    (read.map(|_| ()).map_err(|it| it.kind()), swap.map(|_| ()).map_err(|it| it.kind()))
}

/// Waits until both work.
async fn recovered(store: &RedisStore) {
    let start = Instant::now();
    while both(store).await != (Ok(()), Ok(())) {
        assert!(start.elapsed() < Duration::from_secs(10));
    }
}

#[tokio::test]
async fn each_documented_right_is_needed_and_no_other() {
    let redis = Redis::start();
    let (yes, no) = (Ok(()), Err(Refused));
    for (missing, read, swap) in [
        ("", yes, yes),
        ("~easemob-token:v1:*", no, no),
        ("+get", no, no),
        ("+pttl", no, yes),
        ("+set", yes, no),
        ("+evalsha", no, no),
        ("+eval", no, no),
    ] {
        redis.admin::<()>(&["FLUSHALL"]);
        redis.admin::<()>(&["SCRIPT", "FLUSH"]);
        let rights: Vec<_> = RIGHTS.iter().copied().filter(|it| *it != missing).collect();
        let store = RedisStore::new(&redis.user("user", &rights)).unwrap();
        assert_eq!(both(&store).await, (read, swap), "without {missing:?}");
    }
}

#[tokio::test]
async fn a_refusal_changes_nothing_and_ends_with_its_reason() {
    let redis = Redis::start();
    let other = Redis::start();
    let port = other.port().to_string();
    let (yes, no) = (Ok(()), Err(Refused));
    let store = RedisStore::new(&redis.url()).unwrap();
    for (breaks, mends, read, swap) in [
        (&["LPUSH", KEY, "x"][..], &["DEL", KEY][..], no, no),
        (&["CONFIG", "SET", "maxmemory", "1"], &["CONFIG", "SET", "maxmemory", "0"], yes, no),
        (&["REPLICAOF", "127.0.0.1", &port], &["REPLICAOF", "NO", "ONE"], yes, no),
        (
            &["CONFIG", "SET", "min-replicas-to-write", "3"],
            &["CONFIG", "SET", "min-replicas-to-write", "0"],
            yes,
            no,
        ),
        (&["ACL", "SETUSER", "default", "-get"], &["ACL", "SETUSER", "default", "+get"], no, no),
        // Neither of these is a failure.
        (&["FLUSHALL"], &["PING"], yes, yes),
        (&["SCRIPT", "FLUSH"], &["PING"], yes, yes),
        (&["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"], &["PING"], yes, yes),
    ] {
        redis.admin::<redis::Value>(&["DEL", KEY]);
        assert_eq!(both(&store).await, (yes, yes), "before {breaks:?}");
        if breaks[0] == "LPUSH" {
            redis.admin::<redis::Value>(&["DEL", KEY]);
        }
        redis.admin::<redis::Value>(breaks);
        assert_eq!(both(&store).await, (read, swap), "{breaks:?}");
        redis.admin::<redis::Value>(mends);
        assert_eq!(both(&store).await, (yes, yes), "after {breaks:?}");
    }
}

#[tokio::test]
async fn a_login_that_is_corrected_works_without_a_restart() {
    let redis = Redis::start();
    let url = redis.user("late", &RIGHTS);
    redis.admin::<()>(&["ACL", "DELUSER", "late"]);
    let store = RedisStore::new(&url).unwrap();
    assert_eq!(both(&store).await, (Err(Refused), Err(Refused)));
    redis.user("late", &RIGHTS);
    assert_eq!(both(&store).await, (Ok(()), Ok(())));
}

#[tokio::test]
async fn a_redis_that_hangs_costs_the_time_limit_and_is_used_again_afterwards() {
    let redis = Redis::start();
    let with_login = impatient(&redis.user("user", &RIGHTS));
    let known = impatient(&redis.url());
    assert_eq!(both(&known).await, (Ok(()), Ok(())));
    redis.admin::<()>(&["CLIENT", "PAUSE", "900"]);
    assert_eq!(both(&known).await, (Err(Timeout), Err(Timeout)));
    recovered(&known).await;
    redis.signal("-STOP");
    // Without a login there is nothing to wait for before the command.
    assert_eq!(both(&known).await, (Err(Timeout), Err(Timeout)));
    assert_eq!(both(&with_login).await, (Err(Unreachable), Err(Unreachable)));
    redis.signal("-CONT");
    recovered(&known).await;
    recovered(&with_login).await;
}

#[tokio::test]
async fn a_closed_connection_is_replaced_and_a_swap_on_it_says_that_nobody_knows() {
    let redis = Redis::start();
    let store = RedisStore::new(&redis.url()).unwrap();
    assert_eq!(both(&store).await, (Ok(()), Ok(())));
    redis.admin::<redis::Value>(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
    assert_eq!(both(&store).await, (Ok(()), Ok(())));
    redis.admin::<redis::Value>(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
    let swap = store.swap(KEY, None, b"other", KEEP).await;
    assert_eq!(swap.unwrap_err().kind(), Timeout);
    assert_eq!(store.read(KEY).await.unwrap().unwrap().record(), &b"record"[..]);
}

#[tokio::test]
async fn a_record_that_is_larger_than_any_of_ours_is_replaced() {
    let redis = Redis::start();
    redis.admin::<()>(&["SET", KEY, &"x".repeat(1 << 20)]);
    let store = RedisStore::new(&redis.url()).unwrap();
    assert_eq!(store.read(KEY).await.unwrap(), None);
    assert_eq!(store.swap(KEY, None, b"record", Duration::ZERO).await.unwrap(), Swap::Done);
}

#[test]
fn no_executor_is_needed_and_a_wrong_url_is_not_repeated() {
    for url in [
        "",
        "localhost:6379",
        "http://user:s3cret-of-redis@host",
        "redis://user:s3cret/of-redis@host",
        "redis://user:12#s3cret-of-redis@host",
        "redis://user:12?s3cret-of-redis@host",
        "redis://user:12/s3cret-of-redis@host",
        "rediss://user:s3cret-of-redis@host/#insecure",
        "redis://:s3cret-of-redis@host/name",
    ] {
        let text = RedisStore::new(url).unwrap_err().to_string();
        assert!(text.contains("rediss://") && !text.contains("s3cret"), "{text}");
    }
    let roots = RedisStore::builder("redis://host").roots_pem("no PEM").build();
    assert_eq!(roots.unwrap_err().kind(), Refused);
    let redis = Redis::start();
    let store = RedisStore::new(&redis.user("user", &RIGHTS)).unwrap();
    assert!(!format!("{store:?} {:?}", RedisStore::builder(PASSWORD)).contains(PASSWORD));
    // No runtime of tokio's is entered here.
    let (mut reading, waker) = (store.read(KEY), std::task::Waker::noop());
    let read = easemob_token_end_to_end::eventually("the record is read", || {
        match reading.as_mut().poll(&mut std::task::Context::from_waker(waker)) {
            std::task::Poll::Ready(read) => Some(read),
            std::task::Poll::Pending => None,
        }
    });
    assert_eq!(read.unwrap(), None);
}

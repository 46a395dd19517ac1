//! How many exchanges are under way at once, and what becomes of the others.

use std::env;
use std::error::Error;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use easemob_token_transport::{Transport, TransportErrorKind};
use easemob_token_transport_hyper::HyperTransport;
use tokio::runtime::Builder;
use tokio::task::JoinSet;

use crate::post;
use crate::server::{Peer, Seen, Server};

fn limited(exchanges: usize) -> HyperTransport {
    HyperTransport::builder().max_concurrent_exchanges(exchanges).build().unwrap()
}

fn silent() -> Server {
    Server::start(|mut peer: Peer| {
        peer.request();
        peer.wait_for_close();
    })
}

#[test]
fn none_at_all_is_a_mistake_that_is_named() {
    let error = HyperTransport::builder().max_concurrent_exchanges(0).build().unwrap_err();
    assert_eq!(error.setting(), "max_concurrent_exchanges");
}

#[tokio::test]
async fn the_others_wait_for_their_turn() {
    let (open, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let seen = (open.clone(), most.clone());
    let server = Server::start(move |mut peer: Peer| {
        while peer.request().is_some() {
            let now = seen.0.fetch_add(1, Ordering::SeqCst) + 1;
            seen.1.fetch_max(now, Ordering::SeqCst);
            std::thread::yield_now();
            seen.0.fetch_sub(1, Ordering::SeqCst);
            peer.answer("{}");
        }
    });
    let (transport, url) = (limited(2), server.url("http", "127.0.0.1"));
    let mut calls = JoinSet::new();
    for _ in 0..40 {
        let (transport, exchange) = (transport.clone(), post(&url));
        calls.spawn(async move { transport.send(exchange).await.is_ok() });
    }
    assert!(calls.join_all().await.into_iter().all(|is_ok| is_ok));
    assert!((1..=2).contains(&most.load(Ordering::SeqCst)), "{most:?}");
}

#[tokio::test]
async fn waiting_ends_with_the_time_limit_and_nothing_is_sent() {
    let mut server = silent();
    let (transport, url) = (limited(1), server.url("http", "127.0.0.1"));
    let mut first = transport.send(post(&url));
    tokio::select! {
        _ = &mut first => panic!("nobody answered"),
        () = server.wait_until(|seen| matches!(seen, Seen::Request { .. })) => {}
    }
    let limit = Duration::from_millis(150);
    let begun = Instant::now();
    let error = transport.send(post(&url).with_timeout(limit)).await.unwrap_err();
    assert!(begun.elapsed() >= limit && begun.elapsed() < limit * 8, "{:?}", begun.elapsed());
    assert_eq!(error.kind(), TransportErrorKind::Timeout);
    let cause = error.source().unwrap().to_string();
    assert!(cause.contains("max_concurrent_exchanges"), "{cause}");
    assert_eq!(server.requests(), 0);
    drop(first);
}

#[tokio::test]
async fn a_call_that_is_kept_and_never_polled_holds_its_place_for_its_time_limit_only() {
    let mut server = Server::start(|mut peer: Peer| {
        while peer.request().is_some() && peer.number > 0 {
            peer.answer("{}");
        }
        peer.wait_for_close();
    });
    let (transport, url) = (limited(1), server.url("http", "127.0.0.1"));
    let limit = Duration::from_millis(300);
    let begun = Instant::now();
    let mut kept = transport.send(post(&url).with_timeout(limit));
    tokio::select! {
        _ = &mut kept => panic!("nobody answered"),
        () = server.wait_until(|seen| matches!(seen, Seen::Request { .. })) => {}
    }
    assert!(transport.send(post(&url)).await.is_ok());
    assert!(begun.elapsed() >= limit && begun.elapsed() < limit * 4, "{:?}", begun.elapsed());
    drop(kept);
}

/// Says that this process is the one with few descriptors.
const FEW: &str = "EASEMOB_TOKEN_TEST_FEW_DESCRIPTORS";

#[cfg(unix)]
#[test]
fn hundreds_of_calls_at_once_do_not_use_up_the_descriptors() {
    if env::var_os(FEW).is_none() {
        let test = "exchange_limit::hundreds_of_calls_at_once_do_not_use_up_the_descriptors";
        let mut command = Command::new("sh");
        command.args(["-c", "ulimit -n 200; exec \"$0\" \"$@\""]).arg(env::current_exe().unwrap());
        let output = command.args(["--exact", test]).env(FEW, "1").output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && text.contains("1 passed"), "{text}");
        return;
    }
    let server = Server::start(|mut peer: Peer| {
        while peer.request().is_some() {
            peer.answer("{}");
        }
    });
    let (transport, url) = (HyperTransport::new(), server.url("http", "127.0.0.1"));
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut calls = JoinSet::new();
        for _ in 0..400 {
            let (transport, exchange) = (transport.clone(), post(&url));
            calls.spawn(async move { transport.send(exchange).await });
        }
        for result in calls.join_all().await {
            assert!(result.is_ok(), "{result:?}");
        }
    });
}

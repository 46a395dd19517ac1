//! The limit of exchanges at once, and the exchanges that wait.

use std::error::Error;
use std::time::{Duration, Instant};

use easemob_token_transport::{Transport, TransportErrorKind};
use easemob_token_transport_hyper::HyperTransport;
use easemob_token_transport_testkit::{Plan, Script, ScriptedServer, subprocess};
use tokio::task::JoinSet;

use crate::{current_thread, post, until};

fn limited(exchanges: usize) -> HyperTransport {
    HyperTransport::builder().max_concurrent_exchanges(exchanges).build().unwrap()
}

/// A server that is silent on the first connection and serves the others.
fn silent_at_first() -> ScriptedServer {
    let silent = Script::new().request().wait_for_close();
    ScriptedServer::start(Plan::in_order([silent, Script::new().serve()]))
}

#[tokio::test]
async fn the_others_wait_for_their_turn() {
    let server = ScriptedServer::start(Script::new().request().gate(0).echo().serve());
    let transport = limited(2);
    let mut calls = JoinSet::new();
    for _ in 0..20 {
        let (transport, exchange) = (transport.clone(), post(&server));
        calls.spawn(async move { transport.send(exchange).await.is_ok() });
    }
    until(|| server.requests().len() >= 2).await;
    // A third one would not take longer than the first two.
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(server.requests().len(), 2);
    server.open_gate(0);
    assert!(calls.join_all().await.into_iter().all(|is_ok| is_ok));
    assert_eq!(server.requests().len(), 20);
}

#[tokio::test]
async fn waiting_ends_with_the_time_limit_and_nothing_is_sent() {
    let (server, transport) = (silent_at_first(), limited(1));
    let mut first = transport.send(post(&server));
    tokio::select! {
        _ = &mut first => panic!("a response came"),
        () = until(|| server.requests().len() == 1) => {}
    }
    let limit = Duration::from_millis(150);
    let begun = Instant::now();
    let error = transport.send(post(&server).with_timeout(limit)).await.unwrap_err();
    assert!(begun.elapsed() >= limit && begun.elapsed() < limit * 8, "{:?}", begun.elapsed());
    assert_eq!(error.kind(), TransportErrorKind::Timeout);
    let cause = error.source().unwrap().to_string();
    assert!(cause.contains("max_concurrent_exchanges"), "{cause}");
    assert_eq!(server.requests().len(), 1);
    drop(first);
}

#[tokio::test]
async fn a_call_that_is_never_polled_again_holds_its_place_for_its_time_limit_only() {
    let (server, transport) = (silent_at_first(), limited(1));
    let limit = Duration::from_millis(300);
    let begun = Instant::now();
    let mut unpolled = transport.send(post(&server).with_timeout(limit));
    tokio::select! {
        _ = &mut unpolled => panic!("a response came"),
        () = until(|| server.requests().len() == 1) => {}
    }
    assert!(transport.send(post(&server)).await.is_ok());
    assert!(begun.elapsed() >= limit && begun.elapsed() < limit * 4, "{:?}", begun.elapsed());
    drop(unpolled);
}

#[cfg(unix)]
#[test]
fn unless_set_the_limit_leaves_descriptors_to_others() {
    if !subprocess::is_child() {
        let test = "exchange_limit::unless_set_the_limit_leaves_descriptors_to_others";
        return subprocess::run(&mut subprocess::command_with_descriptors(test, 200));
    }
    let server = ScriptedServer::start(Script::new().serve());
    let transport = HyperTransport::new();
    assert!(format!("{transport:?}").contains("max_concurrent_exchanges: 50"), "{transport:?}");
    current_thread().block_on(async {
        let mut calls = JoinSet::new();
        for _ in 0..400 {
            let (transport, exchange) = (transport.clone(), post(&server));
            calls.spawn(async move { transport.send(exchange).await });
        }
        for result in calls.join_all().await {
            assert!(result.is_ok(), "{result:?}");
        }
    });
}

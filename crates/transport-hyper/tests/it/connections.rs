//! Which connections are reused: only healthy ones, and only by the runtime that opened them.

use std::time::{Duration, Instant};

use easemob_token_transport::{ConnectionUse, Exchange, Transport};
use easemob_token_transport_hyper::HyperTransport;
use easemob_token_transport_testkit::{Connection, Script, ScriptedServer};
use tokio::runtime::Runtime;

use crate::{current_thread, post, requests_of_each_connection, until};

/// Sends the exchange, lets the connection get into the pool, and returns the mark of its use.
fn send(runtime: &Runtime, transport: &HyperTransport, exchange: Exchange) -> ConnectionUse {
    runtime.block_on(async {
        let response = transport.send(exchange).await.unwrap();
        for _ in 0..16 {
            tokio::task::yield_now().await;
        }
        *response.extensions().get().expect("the response has a mark")
    })
}

#[test]
fn a_healthy_connection_is_reused_and_a_fresh_one_is_not() {
    let server = ScriptedServer::start(Script::new().serve());
    let (runtime, transport) = (current_thread(), HyperTransport::new());
    for (is_fresh, mark) in [
        (false, ConnectionUse::Fresh),
        (false, ConnectionUse::Reused),
        (true, ConnectionUse::Fresh),
        (true, ConnectionUse::Fresh),
        (false, ConnectionUse::Reused),
    ] {
        let exchange = post(&server);
        let exchange = if is_fresh { exchange.on_fresh_connection() } else { exchange };
        assert_eq!(send(&runtime, &transport, exchange), mark);
    }
    assert_eq!(requests_of_each_connection(&server), [3, 1, 1]);
}

#[test]
fn no_connection_is_reused_if_that_is_switched_off() {
    let server = ScriptedServer::start(Script::new().serve());
    let transport = HyperTransport::builder().reuse_connections(false).build().unwrap();
    let runtime = current_thread();
    for _ in 0..3 {
        assert_eq!(send(&runtime, &transport, post(&server)), ConnectionUse::Fresh);
    }
    assert_eq!(requests_of_each_connection(&server), [1, 1, 1]);
    // The transport is still there, and holds none of them.
    runtime.block_on(until(|| server.connections().iter().all(Connection::is_over)));
}

#[test]
fn each_runtime_has_its_own_connections() {
    let server = ScriptedServer::start(Script::new().serve());
    let transport = HyperTransport::new();
    // The first runtime lives on and does not turn: a connection of it would make no progress.
    let (standing, turning) = (current_thread(), current_thread());
    send(&standing, &transport, post(&server));
    let begun = Instant::now();
    send(&turning, &transport, post(&server));
    assert!(begun.elapsed() < Duration::from_secs(2));
    // A runtime that is gone leaves nothing behind.
    drop(turning);
    send(&standing, &transport, post(&server));
    assert_eq!(requests_of_each_connection(&server), [1, 1, 1]);
}

#[test]
fn a_connection_is_reused_for_its_own_target_only() {
    let servers = [(); 2].map(|()| ScriptedServer::start(Script::new().serve()));
    let (runtime, transport) = (current_thread(), HyperTransport::new());
    for mark in [ConnectionUse::Fresh, ConnectionUse::Reused, ConnectionUse::Reused] {
        for server in &servers {
            assert_eq!(send(&runtime, &transport, post(server)), mark);
        }
    }
    for server in &servers {
        assert_eq!(requests_of_each_connection(server), [3]);
    }
}

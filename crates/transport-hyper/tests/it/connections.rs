//! Which connections are reused: only healthy ones, and only by the runtime that opened them.

use std::time::{Duration, Instant};

use easemob_token_transport::{ConnectionUse, Exchange, Transport, TransportErrorKind};
use easemob_token_transport_hyper::HyperTransport;
use easemob_token_transport_testkit::{
    Authority, Connection, LOOPBACK, Plan, Script, ScriptedServer, reply,
};
use http::Request;
use tokio::runtime::Runtime;

use crate::{current_thread, kind, post, post_to, requests_of_each_connection, until};

/// Sends the exchange, lets the connection get into the pool, and returns the mark of its use.
#[track_caller]
fn send(runtime: &Runtime, transport: &HyperTransport, exchange: Exchange) -> ConnectionUse {
    let shown = format!("{exchange:?}");
    runtime.block_on(async {
        let response = transport.send(exchange).await.expect(&shown);
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
    let builder = HyperTransport::builder().roots_pem(Authority::new().pem());
    let (runtime, transport) = (current_thread(), builder.build().unwrap());
    for mark in [ConnectionUse::Fresh, ConnectionUse::Reused, ConnectionUse::Reused] {
        for server in &servers {
            assert_eq!(send(&runtime, &transport, post(server)), mark);
        }
    }
    for server in &servers {
        assert_eq!(requests_of_each_connection(server), [3]);
    }
    // The same host and port, but never a connection without TLS.
    let https =
        post_to(&servers[0].url("https", LOOPBACK)).with_timeout(Duration::from_millis(200));
    assert_eq!(kind(runtime.block_on(transport.send(https))), TransportErrorKind::Timeout);
    assert_eq!(requests_of_each_connection(&servers[0]), [3, 0]);
}

/// Each was opened for its exchange. A second one might meet the same end, and so on.
#[test]
fn a_new_connection_that_ends_before_the_request_is_not_replaced() {
    let server = ScriptedServer::start(Script::new());
    let (runtime, transport) = (current_thread(), HyperTransport::new());
    for calls in 1..=50 {
        let result = runtime.block_on(transport.send(post(&server)));
        assert_eq!(kind(result), TransportErrorKind::Interrupted);
        assert_eq!(server.connections().len(), calls);
    }
}

/// The server responds at once, and never reads the rest of the request.
#[test]
fn a_peer_that_reads_nothing_keeps_no_connection_open() {
    let authority = Authority::new();
    let tls = Script::new().tls(authority.issue(LOOPBACK));
    for (scheme, script) in [("http", Script::new()), ("https", tls)] {
        let early = script.clone().read(1).write(reply::ok(b"")).gate(0);
        let silent = script.clone().read(1).gate(0);
        let server = ScriptedServer::start(Plan::in_order([early, silent, script.serve()]));
        let builder = HyperTransport::builder().roots_pem(authority.pem());
        let (runtime, transport) = (current_thread(), builder.build().unwrap());
        let url = server.url(scheme, LOOPBACK);
        let large = || Exchange::new(Request::post(&url).body(vec![b'x'; 16 << 20]).unwrap());
        assert_eq!(send(&runtime, &transport, large()), ConnectionUse::Fresh);
        let limit = Duration::from_millis(300);
        let result = runtime.block_on(transport.send(large().with_timeout(limit)));
        assert_eq!(kind(result), TransportErrorKind::Timeout);
        for mark in [ConnectionUse::Fresh, ConnectionUse::Reused] {
            assert_eq!(send(&runtime, &transport, post_to(&url)), mark, "{scheme}");
        }
        drop(transport);
        // Those that drive connections are the only ones.
        let tasks = runtime.metrics();
        runtime.block_on(until(|| tasks.num_alive_tasks() == 0));
    }
}

#[test]
fn an_exchange_that_outlives_the_reign_of_its_runtime_leaves_no_connection_behind() {
    let first = Script::new().request().gate(0).echo().serve();
    let server = ScriptedServer::start(Plan::in_order([first, Script::new().serve()]));
    let (runtime, other, transport) = (current_thread(), current_thread(), HyperTransport::new());
    let mut pending = transport.send(post(&server));
    runtime.block_on(async {
        tokio::select! {
            _ = &mut pending => panic!("a response came"),
            () = until(|| server.requests().len() == 1) => {}
        }
    });
    send(&other, &transport, post(&server));
    server.open_gate(0);
    runtime.block_on(pending).unwrap();
    assert_eq!(send(&other, &transport, post(&server)), ConnectionUse::Reused);
    runtime.block_on(until(|| server.connections()[0].is_over()));
}

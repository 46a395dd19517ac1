//! nginx closes connections as it likes: idle ones, used ones, and at the worst moment.

use std::collections::BTreeSet;
use std::time::Duration;

use easemob_token::transport::TransportErrorKind;
use easemob_token_emulator::Emulator;
use easemob_token_end_to_end::eventually;

use crate::adapters::Adapter;
use crate::calls::{Calls, Ended, assert_sent_once};
use crate::nginx::{Logged, Nginx, Settings};

crate::over_both_adapters!(
    an_idle_connection_that_nginx_closed_costs_no_call,
    a_used_up_connection_costs_no_call,
    a_request_that_was_read_and_dropped_is_not_sent_again,
    calls_at_the_moment_of_closing_are_sent_once,
);

async fn an_idle_connection_that_nginx_closed_costs_no_call(adapter: &Adapter) {
    let emulator = Emulator::start().await.unwrap();
    // A pool may have opened one connection more than it used.
    let (keepalive_timeout, header_timeout) = ("1s", "2s");
    let settings =
        Settings { keepalive_timeout, header_timeout, workers: 1, ..Settings::default() };
    let nginx = Nginx::start(emulator.address(), settings);
    let calls = Calls::through(&nginx, &emulator, adapter).await;
    for _ in 0..2 {
        calls.call_well().await;
        eventually("nginx closes the idle connections", || {
            (nginx.open_connections() == 0).then_some(())
        });
    }
    calls.call_well().await;
    let logged = nginx.all_logged();
    assert_eq!(connections(&logged), 3);
    assert_sent_once(&[0, 1, 2], &logged, &emulator);
}

async fn a_used_up_connection_costs_no_call(adapter: &Adapter) {
    let emulator = Emulator::start().await.unwrap();
    let settings = Settings { keepalive_requests: 3, ..Settings::default() };
    let nginx = Nginx::start(emulator.address(), settings);
    let calls = Calls::through(&nginx, &emulator, adapter).await;
    for _ in 0..10 {
        calls.call_well().await;
    }
    let logged = nginx.all_logged();
    // Four at the least, by nginx; fewer than calls, or no limit was ever reached.
    let expected = if adapter.reuses { 4..10 } else { 10..11 };
    assert!(expected.contains(&connections(&logged)), "{}", connections(&logged));
    let all: Vec<usize> = (0..10).collect();
    assert_sent_once(&all, &logged, &emulator);
}

async fn a_request_that_was_read_and_dropped_is_not_sent_again(adapter: &Adapter) {
    let emulator = Emulator::start().await.unwrap();
    // The second on its connection, where the adapter reuses one.
    let settings = Settings { dropped_call: "1", ..Settings::default() };
    let nginx = Nginx::start(emulator.address(), settings);
    let calls = Calls::through(&nginx, &emulator, adapter).await;
    calls.call_well().await;
    let (_, ended) = calls.call().await;
    assert_eq!(ended, Ended::Lost(TransportErrorKind::Interrupted));
    calls.call_well().await;
    assert_sent_once(&[0, 2], &nginx.all_logged(), &emulator);
}

/// The time limit of nginx and the next call meet again and again. HTTP/1.1 has no way to tell
/// whether a request on a connection that closes was read, so a call may be lost; none may be sent
/// twice, and none may be called certainly unsent that arrived.
async fn calls_at_the_moment_of_closing_are_sent_once(adapter: &Adapter) {
    let emulator = Emulator::builder().no_request_limit().start().await.unwrap();
    let settings = Settings { keepalive_timeout: "20ms", ..Settings::default() };
    let nginx = Nginx::start(emulator.address(), settings);
    let calls = Calls::through(&nginx, &emulator, adapter).await;
    let (mut well, mut lost) = (Vec::new(), Vec::new());
    for round in 0..100 {
        match calls.call().await {
            (number, Ended::Well { .. }) => well.push(number),
            (number, ended) => lost.push((number, ended)),
        }
        // From a little before the limit to a little after it.
        tokio::time::sleep(Duration::from_micros(18_000 + 50 * round)).await;
    }
    let logged = nginx.all_logged();
    println!(
        "measured: {}: {} calls at the moment of closing, {} connections, {} lost",
        adapter.name,
        calls.begun(),
        connections(&logged),
        lost.len(),
    );
    for (number, ended) in &lost {
        assert!(ended.is_lost_with_its_connection(), "call {number}: {ended:?}");
    }
    assert!(adapter.reuses || lost.is_empty(), "{lost:?}");
    // How many is the machine's affair; were it most of them, the connection would not be looked at.
    assert!(lost.len() < calls.begun() / 2, "{lost:?}");
    assert_sent_once(&well, &logged, &emulator);
}

fn connections(logged: &[Logged]) -> usize {
    logged.iter().map(|own| own.connection).collect::<BTreeSet<u64>>().len()
}

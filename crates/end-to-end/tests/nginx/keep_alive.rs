//! Connections that nginx closes: idle ones, used ones, and during a request.

use std::collections::BTreeSet;
use std::time::Duration;

use easemob_token::transport::TransportErrorKind;
use easemob_token_emulator::Emulator;
use easemob_token_end_to_end::{Adapter, eventually};

use crate::calls::{Calls, Ended, assert_sent_once};
use crate::nginx::{Logged, Nginx, Settings};

crate::over_both_adapters!(
    no_call_fails_after_nginx_closed_an_idle_connection,
    no_call_fails_after_the_last_request_of_a_connection,
    a_request_that_was_read_and_dropped_is_not_sent_again,
    calls_at_the_moment_of_closing_are_sent_once,
);

async fn no_call_fails_after_nginx_closed_an_idle_connection(adapter: &Adapter) {
    let emulator = Emulator::start().await.unwrap();
    // A pool may open one connection more than it uses.
    let (keepalive_timeout, header_timeout) = ("1s", "2s");
    let settings =
        Settings { keepalive_timeout, header_timeout, workers: 1, ..Settings::default() };
    let nginx = Nginx::start(emulator.address(), settings);
    let calls = Calls::through(&nginx, &emulator, adapter).await;
    for _ in 0..2 {
        calls.call_successfully().await;
        eventually("nginx has closed the idle connections", || {
            (nginx.open_connections() == 0).then_some(())
        });
    }
    calls.call_successfully().await;
    let logged = nginx.all_logged();
    assert_eq!(connections(&logged), 3);
    assert_sent_once(&[0, 1, 2], &logged, &emulator);
}

async fn no_call_fails_after_the_last_request_of_a_connection(adapter: &Adapter) {
    let emulator = Emulator::start().await.unwrap();
    let settings = Settings { keepalive_requests: 3, ..Settings::default() };
    let nginx = Nginx::start(emulator.address(), settings);
    let calls = Calls::through(&nginx, &emulator, adapter).await;
    for _ in 0..10 {
        calls.call_successfully().await;
    }
    let logged = nginx.all_logged();
    // At least four, by the limit of nginx, and fewer than calls.
    let expected = if adapter.reuses { 4..10 } else { 10..11 };
    assert!(expected.contains(&connections(&logged)), "{}", connections(&logged));
    let all: Vec<usize> = (0..10).collect();
    assert_sent_once(&all, &logged, &emulator);
}

async fn a_request_that_was_read_and_dropped_is_not_sent_again(adapter: &Adapter) {
    let emulator = Emulator::start().await.unwrap();
    // The second call on its connection, if the adapter reuses one.
    let settings = Settings { dropped_call: "1", ..Settings::default() };
    let nginx = Nginx::start(emulator.address(), settings);
    let calls = Calls::through(&nginx, &emulator, adapter).await;
    calls.call_successfully().await;
    let (_, ended) = calls.call().await;
    assert_eq!(ended, Ended::Lost(TransportErrorKind::Interrupted));
    calls.call_successfully().await;
    assert_sent_once(&[0, 2], &nginx.all_logged(), &emulator);
}

/// Calls start when the timeout of nginx ends. HTTP/1.1 does not show whether a request on a closing
/// connection was read, so a call may be lost. None may be sent twice.
async fn calls_at_the_moment_of_closing_are_sent_once(adapter: &Adapter) {
    let emulator = Emulator::builder().no_request_limit().start().await.unwrap();
    let settings = Settings { keepalive_timeout: "20ms", ..Settings::default() };
    let nginx = Nginx::start(emulator.address(), settings);
    let calls = Calls::through(&nginx, &emulator, adapter).await;
    let (mut successful, mut lost) = (Vec::new(), Vec::new());
    for round in 0..100 {
        match calls.call().await {
            (number, Ended::Succeeded { .. }) => successful.push(number),
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
    // The number depends on the machine; most calls would be lost if the connection were not checked.
    assert!(lost.len() < calls.begun() / 2, "{lost:?}");
    assert_sent_once(&successful, &logged, &emulator);
}

fn connections(logged: &[Logged]) -> usize {
    logged.iter().map(|own| own.connection).collect::<BTreeSet<u64>>().len()
}

//! A runtime that starts an acquisition and is not driven afterwards: row 66 of the fault table.
//!
//! Only hyper's exchanges need the caller's runtime; isahc has its own thread.

use std::pin::pin;
use std::thread;
use std::time::{Duration, Instant};

use easemob_token::Client;
use easemob_token::hyper::HyperTransport;
use easemob_token_emulator::Emulator;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;

use crate::driving::{begin, in_time};
use crate::end_to_end::client_of;

fn current_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// A client whose acquisition started on a runtime that is not driven any more.
struct Abandoned {
    client: Client,
    emulator: Emulator,
    _services: Runtime,
    _idle: Runtime,
}

fn abandoned() -> Abandoned {
    let services = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let emulator = services.block_on(Emulator::start()).unwrap();
    let client = client_of(&emulator, HyperTransport::new()).build().unwrap();
    let idle = current_thread();
    let hold = emulator.hold();
    idle.block_on(async {
        let mut call = pin!(client.app_token());
        begin(call.as_mut()).await;
        in_time(emulator.wait_for_requests(1)).await;
    });
    hold.release();
    Abandoned { client, emulator, _services: services, _idle: idle }
}

/// Runs callers on another runtime. Returns how long the last one waited.
fn wait_on_another_runtime(client: &Client, callers: usize) -> Duration {
    let start = Instant::now();
    current_thread().block_on(async {
        let mut calls = JoinSet::new();
        for _ in 0..callers {
            let client = client.clone();
            calls.spawn(async move { in_time(client.app_token()).await.map(drop) });
        }
        for result in calls.join_all().await {
            result.unwrap();
        }
    });
    start.elapsed()
}

#[test]
fn row_66_a_caller_on_another_runtime_starts_another_acquisition() {
    let abandoned = abandoned();
    let waited = wait_on_another_runtime(&abandoned.client, 1);
    assert!(waited < Duration::from_secs(3), "{waited:?}");
    assert_eq!(abandoned.emulator.request_count(), 2);
}

#[test]
fn row_66_many_callers_on_other_runtimes_start_one_acquisition() {
    let abandoned = abandoned();
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let client = abandoned.client.clone();
            thread::spawn(move || wait_on_another_runtime(&client, 100))
        })
        .collect();
    for thread in threads {
        let waited = thread.join().unwrap();
        assert!(waited < Duration::from_secs(4), "{waited:?}");
    }
    assert_eq!(abandoned.emulator.request_count(), 2);
}

//! `nginx -s reload` under load.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use easemob_token_emulator::{Emulator, Fault};
use easemob_token_end_to_end::Adapter;
use tokio::task::{JoinSet, spawn_blocking};

use crate::calls::{Calls, Ended, assert_sent_once};
use crate::nginx::{Nginx, Settings};

/// How many calls the load has, and the most if nginx is slow.
const CALLS: usize = 300;
const CALLS_AT_MOST: usize = 3000;
const IN_FLIGHT: usize = 8;
const RELOADS: u32 = 3;

crate::over_both_adapters!(a_reload_under_load_loses_only_calls_that_the_contract_allows);

async fn a_reload_under_load_loses_only_calls_that_the_contract_allows(adapter: &Adapter) {
    let emulator = Emulator::builder().no_request_limit().start().await.unwrap();
    // A delay, so that there is always a call in flight.
    emulator.inject(Fault::delay(Duration::from_millis(3)).always()).unwrap();
    let mut nginx = Nginx::start(emulator.address(), Settings::default());
    let calls = Arc::new(Calls::through(&nginx, &emulator, adapter).await);

    let mut load = JoinSet::new();
    let (seen, mut sees) = tokio::sync::watch::channel(1);
    for _ in 0..IN_FLIGHT {
        load.spawn(caller(Arc::clone(&calls), seen.clone()));
    }
    drop(seen);
    for _ in 0..RELOADS {
        nginx = spawn_blocking(move || {
            nginx.reload();
            nginx
        })
        .await
        .unwrap();
        // The new workers respond before the next reload.
        let newest = nginx.generation();
        let _ = sees.wait_for(|generation| *generation >= newest).await;
    }
    let ended: Vec<(usize, Ended)> = load.join_all().await.into_iter().flatten().collect();

    let mut generations = BTreeSet::new();
    let (mut successful, mut lost) = (Vec::new(), Vec::new());
    for (number, ended) in ended {
        match ended {
            Ended::Succeeded { generation } => {
                generations.insert(generation);
                successful.push(number);
            }
            other => lost.push((number, other)),
        }
    }
    let begun = calls.begun();
    println!("measured: {}: {begun} calls, {RELOADS} reloads, {} lost", adapter.name, lost.len());
    assert_eq!(successful.len() + lost.len(), begun);
    assert_eq!(generations, (1..=RELOADS + 1).collect(), "a reload was not in the middle");
    // A worker that stops closes its idle connections. A request on its way is lost with its
    // connection: at most one per open connection.
    for (number, ended) in &lost {
        assert!(ended.is_lost_with_its_connection(), "call {number}: {ended:?}");
    }
    let allowed = if adapter.reuses { IN_FLIGHT * RELOADS as usize } else { 0 };
    assert!(lost.len() <= allowed, "{lost:?}");
    assert_sent_once(&successful, &nginx.all_logged(), &emulator);
}

/// Makes calls, one after another, until there are enough and the last reload was seen.
async fn caller(calls: Arc<Calls>, seen: tokio::sync::watch::Sender<u32>) -> Vec<(usize, Ended)> {
    let mut all = Vec::new();
    while calls.begun() < CALLS || *seen.borrow() <= RELOADS && calls.begun() < CALLS_AT_MOST {
        let (number, ended) = calls.call().await;
        if let Ended::Succeeded { generation } = ended {
            seen.send_if_modified(|newest| {
                let newer = generation > *newest;
                *newest = generation.max(*newest);
                newer
            });
        }
        all.push((number, ended));
    }
    all
}

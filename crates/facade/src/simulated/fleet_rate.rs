//! Clients that share a store, and with it the rate of their requests for user tokens.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use easemob_token_core::Uptime;
use easemob_token_store::StoreErrorKind::Unreachable;

use super::runtime::{Caller, Simulation};
use super::service::Service;
use super::shared_store::{SharedStore, Trouble};
use crate::{Client, Error, ErrorKind};

const LIMIT: u32 = 50;

struct Fleet {
    clients: Vec<Client>,
    service: Arc<Service>,
    store: SharedStore,
    simulation: Simulation,
}

fn fleet(size: usize) -> Fleet {
    let simulation = Simulation::new();
    let service = Arc::new(Service::new(simulation.clone(), 1_000_000));
    let store = SharedStore::new(&simulation);
    store.set(|settings| settings.latency = Duration::from_millis(1));
    let client = |_| {
        let builder = Client::builder("https://x", "o#a")
            .client_credentials("id", "secret")
            .transport(Arc::clone(&service))
            .runtime(simulation.clone())
            .clock(simulation.clock().clone())
            .requests_per_second(LIMIT)
            .token_store(store.clone());
        builder.build().unwrap()
    };
    Fleet { clients: (0..size).map(client).collect(), service, store, simulation }
}

impl Fleet {
    /// Lets each client get so many user tokens at once.
    fn user_tokens(&self, counts: &[usize]) -> Vec<Result<(), Error>> {
        let calls = self.clients.iter().zip(counts).flat_map(|(client, count)| {
            (0..*count).map(|user| {
                let request = client.user_token(format!("u{user}"));
                async move { request.await.map(drop) }
            })
        });
        self.simulation.run_all(calls.collect::<Vec<_>>())
    }

    /// The times of the requests for user tokens.
    fn sent(&self) -> Vec<Uptime> {
        let received = self.service.received.lock().unwrap();
        received.iter().filter(|it| it.app_token.is_some()).map(|it| it.at).collect()
    }
}

/// The most of these times in any second.
fn busiest_second(times: &[Uptime]) -> usize {
    let within = |start: Uptime| {
        let end = start.after(Duration::from_secs(1));
        times.iter().filter(|time| (start..end).contains(*time)).count()
    };
    times.iter().map(|&start| within(start)).max().unwrap_or_default()
}

#[test]
fn clients_together_stay_under_the_limit_and_use_it() {
    for (counts, latency) in [
        (&[600][..], 1),
        (&[120; 5], 1),
        (&[560, 10, 10, 10, 10], 20),
        (&[120; 5], 20),
    ] {
        let fleet = fleet(counts.len());
        fleet.store.set(|settings| settings.latency = Duration::from_millis(latency));
        let results = fleet.user_tokens(counts);
        assert_eq!(results.len(), 600);
        assert!(results.iter().all(Result::is_ok), "{counts:?}");
        let sent = fleet.sent();
        let (first, last) = (sent.iter().min().unwrap(), sent.iter().max().unwrap());
        println!("{counts:?}, {latency} ms: {:?}, {}", last.since(*first), busiest_second(&sent));
        assert!(busiest_second(&sent) <= 50, "{counts:?}: {}", busiest_second(&sent));
        // 600 at fifty a second, 0.95 of it; the last rounds of the permits are not full.
        assert!(last.since(*first) < Duration::from_millis(14_500), "{counts:?}");
    }
}

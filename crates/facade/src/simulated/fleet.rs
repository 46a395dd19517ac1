//! Clients that share a store, as the processes of a fleet do: how many requests they send.

mod holders;
mod refusals;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use easemob_token_core::Uptime;
use easemob_token_store::StoreErrorKind::{Broken, Refused, Timeout, Unreachable};

use super::runtime::Simulation;
use super::service::Service;
use super::shared_store::{SharedStore, Trouble};
use super::world::user_call;
use crate::{Client, ClientBuilder, Error, Event};

const TWO_HOURS: u64 = 7_200;

/// Clients of one app with one store, in simulated time.
pub(super) struct Fleet {
    pub(super) clients: Vec<Client>,
    pub(super) service: Arc<Service>,
    pub(super) store: SharedStore,
    pub(super) simulation: Simulation,
}

/// So many clients of one app with one store; tokens live for `life` seconds.
fn fleet(size: usize, life: u64) -> Fleet {
    fleet_with(size, life, |builder| builder)
}

fn fleet_with(size: usize, life: u64, settings: impl Fn(ClientBuilder) -> ClientBuilder) -> Fleet {
    let fleet = Fleet::new(size, life, settings);
    fleet.service.settings.lock().unwrap().latency = Duration::from_millis(200);
    fleet
}

impl Fleet {
    pub(super) fn new(
        size: usize,
        life: u64,
        settings: impl Fn(ClientBuilder) -> ClientBuilder,
    ) -> Self {
        let simulation = Simulation::new();
        let service = Arc::new(Service::new(simulation.clone(), life));
        let store = SharedStore::new(&simulation);
        store.set(|settings| settings.latency = Duration::from_millis(1));
        let client = |_| {
            let builder = Client::builder("https://x", "o#a")
                .client_credentials("id", "secret")
                .transport(Arc::clone(&service))
                .runtime(simulation.clone())
                .clock(simulation.clock().clone())
                .token_store(store.clone());
            settings(builder).build().unwrap()
        };
        Self { clients: (0..size).map(client).collect(), service, store, simulation }
    }

    /// Lets every client get its app token at once. Returns the tokens, or the first error.
    fn tokens(&self) -> Result<Vec<String>, Error> {
        let calls = self.clients.iter().map(|client| {
            let client = client.clone();
            async move { Ok(client.app_token().await?.access_token().expose().to_owned()) }
        });
        self.simulation.run_all(calls).into_iter().collect()
    }

    /// Like [`tokens`](Self::tokens), if all are the same one.
    fn token(&self) -> String {
        let tokens = self.tokens().unwrap();
        assert!(tokens.iter().all(|it| *it == tokens[0]), "{tokens:?}");
        tokens[0].clone()
    }

    fn requests(&self) -> Vec<Uptime> {
        let received = self.service.received.lock().unwrap();
        received.iter().filter(|it| it.app_token.is_none()).map(|it| it.at).collect()
    }

    pub(super) fn now(&self) -> Uptime {
        self.simulation.clock().uptime()
    }

    fn pass(&self, seconds: u64) {
        self.simulation.pass(Duration::from_secs(seconds));
    }

    /// The time that `tokens` takes.
    fn timed(&self) -> (Result<Vec<String>, Error>, Duration) {
        let start = self.now();
        let tokens = self.tokens();
        (tokens, self.now().since(start))
    }

    /// Lets every client get a user token, which shows whether its app token is accepted.
    fn user_tokens(&self, round: usize) -> Vec<Result<(), Error>> {
        let calls = self.clients.iter().enumerate().map(|(index, client)| {
            let call = user_call(client, format!("u{round}-{index}"));
            async move { call.await.map(drop) }
        });
        self.simulation.run_all(calls)
    }

    fn revoke(&self, token: &str) {
        self.service.settings.lock().unwrap().revoked.insert(token.to_owned());
    }
}

#[test]
fn a_cold_start_costs_one_request() {
    for is_mute in [false, true] {
        for size in [2, 50] {
            let fleet = fleet(size, TWO_HOURS);
            fleet.store.set(|settings| settings.is_mute = is_mute);
            let (tokens, time) = fleet.timed();
            assert_eq!(tokens.unwrap(), vec!["1"; size]);
            assert!(time < Duration::from_secs(1), "{time:?}");
            assert_eq!(fleet.requests().len(), 1, "{size}, mute: {is_mute}");
        }
    }
}

#[test]
fn the_events_tell_who_adopted_waited_and_missed_the_store() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let fleet = fleet_with(10, TWO_HOURS, |builder| {
        let seen = Arc::clone(&seen);
        builder.observer(move |event: &Event<'_>| seen.lock().unwrap().push(event.name()))
    });
    let count = |name| seen.lock().unwrap().iter().filter(|it| **it == name).count();
    fleet.token();
    let names = ["started", "sent", "lease_waited", "adopted", "succeeded", "store_failed"];
    assert_eq!(names.map(count), [10, 1, 9, 9, 10, 0]);
    fleet.store.trouble(Trouble::Fails(Unreachable));
    fleet.pass(TWO_HOURS);
    fleet.tokens().unwrap();
    assert_eq!(names.map(count), [20, 11, 9, 9, 20, 10]);
}

#[test]
fn a_store_in_trouble_at_a_cold_start_costs_one_request_a_process_and_no_error() {
    let kinds = [Unreachable, Timeout, Refused, Broken].map(Trouble::Fails);
    let others = [Trouble::Hangs, Trouble::RefusesSwaps, Trouble::LosesAnswers, Trouble::Panics];
    for trouble in kinds.into_iter().chain(others) {
        let fleet = fleet(20, TWO_HOURS);
        fleet.store.trouble(trouble);
        let (tokens, time) = fleet.timed();
        tokens.unwrap();
        let longer = if trouble == Trouble::LosesAnswers { 2_000 } else { 350 };
        assert!(time <= Duration::from_millis(200 + longer), "{trouble:?}: {time:?}");
        if trouble != Trouble::LosesAnswers {
            assert_eq!(fleet.requests().len(), 20, "{trouble:?}");
        }
    }
}

#[test]
fn a_store_is_left_alone_while_tokens_are_good_and_for_a_while_after_it_failed() {
    let fleet = fleet(10, TWO_HOURS);
    fleet.token();
    let operations = fleet.store.operations();
    fleet.store.trouble(Trouble::Hangs);
    for _ in 0..100 {
        let (tokens, time) = fleet.timed();
        assert_eq!((tokens.unwrap()[0].as_str(), time), ("1", Duration::ZERO));
        fleet.pass(30);
    }
    assert_eq!(fleet.store.operations(), operations, "a hit touches the store");
}

#[test]
fn an_adopted_token_is_as_old_as_it_is() {
    let fleet = fleet(2, TWO_HOURS);
    let client = |index: usize| fleet.simulation.run(fleet.clients[index].app_token()).unwrap();
    let fetched = client(0);
    fleet.pass(3_600);
    let adopted = client(1);
    assert_eq!(fleet.requests().len(), 1);
    assert_eq!(adopted.lifetime(), fetched.lifetime());
    let (one, other) = (fetched.remaining().unwrap(), adopted.remaining().unwrap());
    assert!(one.abs_diff(other) <= Duration::from_secs(1), "{one:?} {other:?}");
    // Both go on to the next one before its end, with one request.
    fleet.pass(2_600);
    for _ in 0..3 {
        fleet.tokens().unwrap();
        fleet.pass(4);
    }
    assert_eq!((fleet.token().as_str(), fleet.requests().len()), ("2", 2));
}

/// What takes the place of a record; `None`: it is removed.
type Change = fn(&[u8]) -> Option<Vec<u8>>;

#[test]
fn a_record_that_is_gone_or_not_ours_is_a_miss() {
    let records: [(&str, Change); 7] = [
        ("gone", |_| None),
        ("empty", |_| Some(Vec::new())),
        ("garbage", |_| Some(b"{\"token\":\"mine\"}".to_vec())),
        ("another version", |good| Some([&[2], &good[1..]].concat())),
        ("flipped", |good| Some([&good[..40], &[good[40] ^ 1], &good[41..]].concat())),
        ("too large", |_| Some(vec![1; 64 * 1024 + 1])),
        ("half", |good| Some(good[..good.len() / 2].to_vec())),
    ];
    for (what, change) in records {
        let fleet = fleet(20, TWO_HOURS);
        fleet.token();
        fleet.store.put(change(&fleet.store.record().unwrap()).as_deref());
        fleet.pass(TWO_HOURS);
        assert_ne!(fleet.token(), "1");
        assert_eq!(fleet.requests().len(), 2, "{what}");
    }
}

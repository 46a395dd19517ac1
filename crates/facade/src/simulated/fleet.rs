//! Clients that share a store, as the processes of a fleet do: how many requests they send.

use std::sync::Arc;
use std::time::Duration;

use easemob_token_core::Uptime;
use easemob_token_store::StoreErrorKind::{Broken, Refused, Timeout, Unreachable};

use super::runtime::Simulation;
use super::service::{Service, UNAUTHORIZED, failure, refusal};
use super::shared_store::{SharedStore, Trouble};
use super::world::busiest_minute;
use crate::{Client, ClientBuilder, Error, ErrorKind};

const TWO_HOURS: u64 = 7_200;

struct Fleet {
    clients: Vec<Client>,
    service: Arc<Service>,
    store: SharedStore,
    simulation: Simulation,
}

/// So many clients of one app with one store; tokens live for `life` seconds.
fn fleet(size: usize, life: u64) -> Fleet {
    fleet_with(size, life, |builder| builder)
}

fn fleet_with(size: usize, life: u64, settings: impl Fn(ClientBuilder) -> ClientBuilder) -> Fleet {
    let simulation = Simulation::new();
    let service = Arc::new(Service::new(simulation.clone(), life));
    service.settings.lock().unwrap().latency = Duration::from_millis(200);
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
    Fleet { clients: (0..size).map(client).collect(), service, store, simulation }
}

impl Fleet {
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

    fn now(&self) -> Uptime {
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
            let request = client.user_token(format!("u{round}-{index}"));
            async move { request.await.map(drop) }
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

#[test]
fn a_record_that_is_gone_or_not_ours_is_a_miss() {
    let records: [(&str, fn(&[u8]) -> Option<Vec<u8>>); 7] = [
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

#[test]
fn a_revoked_token_that_all_meet_costs_one_request() {
    let fleet = fleet(50, 1_000_000);
    let first = fleet.token();
    fleet.pass(100);
    fleet.revoke(&first);
    for result in fleet.user_tokens(0) {
        result.unwrap();
    }
    assert_eq!(fleet.requests().len(), 2);
    assert_ne!(fleet.token(), first);
}

#[test]
fn a_new_token_that_revokes_older_ones_starts_no_war() {
    let fleet = fleet(20, 1_000_000);
    let mut current = fleet.token();
    for round in 0..3 {
        // Somebody outside of the fleet gets a token.
        fleet.revoke(&current);
        for result in fleet.user_tokens(round) {
            result.unwrap();
        }
        fleet.pass(120);
        let next = fleet.token();
        assert_ne!(next, current);
        current = next;
    }
    assert_eq!(fleet.requests().len(), 4);
}

#[test]
fn an_older_record_put_back_costs_one_request_at_most_and_no_error() {
    let fleet = fleet(10, 1_000_000);
    let first = fleet.token();
    let old = fleet.store.record().unwrap();
    fleet.revoke(&first);
    fleet.user_tokens(0).into_iter().for_each(Result::unwrap);
    assert_eq!(fleet.requests().len(), 2);
    fleet.store.put(Some(&old));
    fleet.pass(60);
    let second = fleet.token();
    fleet.revoke(&second);
    fleet.user_tokens(1).into_iter().for_each(Result::unwrap);
    assert!(fleet.requests().len() <= 4, "{}", fleet.requests().len());
}

#[test]
fn an_endpoint_that_refuses_every_token_costs_two_requests_and_then_one_a_minute() {
    let fleet = fleet(20, 1_000_000);
    fleet.token();
    let start = fleet.now();
    for round in 0..3_000 {
        let client = &fleet.clients[0];
        let mut authorization = fleet.simulation.run(client.authorize()).unwrap();
        while fleet.simulation.run(authorization.renew()).unwrap() {}
        if round % 10 == 0 {
            fleet.tokens().unwrap();
        }
        fleet.simulation.pass(Duration::from_millis(100));
    }
    let minutes = fleet.now().since(start).as_secs() / 60;
    let requests = u64::try_from(fleet.requests().len()).unwrap() - 1;
    assert!(requests >= 2 && requests <= 2 + minutes, "{requests} in {minutes} minutes");
    fleet.user_tokens(0).into_iter().for_each(Result::unwrap);
}

#[test]
fn a_service_that_refuses_every_token_gets_ten_requests_a_minute_of_the_fleet() {
    let fleet = fleet(20, 1_000_000);
    fleet.token();
    fleet.service.settings.lock().unwrap().user_fault = Some(refusal(401, UNAUTHORIZED));
    for round in 0..600 {
        for result in fleet.user_tokens(round) {
            assert_eq!(result.unwrap_err().kind(), ErrorKind::Unauthorized);
        }
        fleet.simulation.pass(Duration::from_millis(300));
    }
    let busiest = busiest_minute(&fleet.requests());
    assert!(busiest <= 10, "{busiest}");
}

#[test]
fn refused_credentials_cost_one_request_a_minute_of_the_fleet() {
    let fleet = fleet(20, TWO_HOURS);
    let body = r#"{"error":"invalid_grant","error_description":"client_secret"}"#;
    fleet.service.settings.lock().unwrap().fault = Some(refusal(400, body));
    for _ in 0..300 {
        let error = fleet.tokens().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidClient, "{error}");
        fleet.pass(1);
    }
    let requests = fleet.requests().len();
    assert!((4..=7).contains(&requests), "{requests}");
}

#[test]
fn an_outage_costs_ten_requests_a_minute_of_the_fleet_and_ends_with_it() {
    for has_token in [true, false] {
        let fleet = fleet(20, TWO_HOURS);
        if has_token {
            fleet.token();
            // Due, and usable for twenty minutes more.
            fleet.pass(6_200);
        }
        let before = fleet.requests().len();
        fleet.service.settings.lock().unwrap().fault =
            Some(failure(easemob_token_transport::TransportErrorKind::Connect));
        for _ in 0..600 {
            assert_eq!(fleet.tokens().is_ok(), has_token);
            fleet.pass(1);
        }
        let busiest = busiest_minute(&fleet.requests()[before..]);
        assert!(busiest <= 10, "{busiest}");
        fleet.service.settings.lock().unwrap().fault = None;
        let start = fleet.now();
        while fleet.tokens().is_err() {
            fleet.simulation.pass(Duration::from_millis(100));
        }
        let time = fleet.now().since(start);
        assert!(time <= Duration::from_secs(12), "{time:?}");
    }
}

#[test]
fn ten_lives_cost_a_request_each_and_few_operations() {
    let fleet = fleet(20, TWO_HOURS);
    let end = fleet.now().after(Duration::from_secs(10 * TWO_HOURS));
    while fleet.now() < end {
        fleet.tokens().unwrap();
        fleet.pass(5);
    }
    let (requests, operations) = (fleet.requests().len(), fleet.store.operations());
    assert!(requests <= 14, "{requests} requests");
    assert!(operations <= 2 * 20 * 12, "{operations} operations");
}

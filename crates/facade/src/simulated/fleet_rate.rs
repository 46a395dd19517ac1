//! Clients that share a store, and with it the rate of their requests for user tokens.

use std::time::Duration;

use easemob_token_core::Uptime;
use easemob_token_store::StoreErrorKind::Unreachable;

use super::fleet::Fleet;
use super::runtime::Caller;
use super::shared_store::Trouble;
use super::world::user_call;
use crate::{Error, ErrorKind};

const LIMIT: u32 = 50;

fn fleet(size: usize) -> Fleet {
    Fleet::new(size, 1_000_000, |builder| builder.requests_per_second(LIMIT))
}

impl Fleet {
    /// Lets each client get so many user tokens at once.
    fn user_tokens_by_client(&self, counts: &[usize]) -> Vec<Result<(), Error>> {
        let calls = self.clients.iter().zip(counts).flat_map(|(client, count)| {
            (0..*count).map(|user| {
                let call = user_call(client, format!("u{user}"));
                async move { call.await.map(drop) }
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
    for (counts, latency) in
        [(&[800][..], 1), (&[160; 5], 1), (&[760, 10, 10, 10, 10], 20), (&[16; 50], 20)]
    {
        let fleet = fleet(counts.len());
        fleet.store.set(|settings| settings.latency = Duration::from_millis(latency));
        let results = fleet.user_tokens_by_client(counts);
        assert!(results.iter().all(Result::is_ok), "{counts:?}");
        let sent = fleet.sent();
        assert_eq!(sent.len(), 800);
        let start = *sent.iter().min().unwrap();
        let middle = start.after(Duration::from_secs(2))..start.after(Duration::from_secs(12));
        let used = sent.iter().filter(|time| middle.contains(*time)).count();
        assert!(busiest_second(&sent) <= 50, "{counts:?}: {}", busiest_second(&sent));
        assert!(used >= 475, "{counts:?}: {used}");
    }
}

#[test]
fn without_the_store_each_client_uses_its_share_of_the_limit() {
    let fleet = fleet(5);
    // They have seen each other.
    for _ in 0..2 {
        assert!(fleet.user_tokens_by_client(&[2; 5]).iter().all(Result::is_ok));
    }
    fleet.store.trouble(Trouble::Fails(Unreachable));
    fleet.simulation.pass(Duration::from_secs(2));
    let away = fleet.now();
    assert!(fleet.user_tokens_by_client(&[40; 5]).iter().all(Result::is_ok));
    let time = fleet.now().since(away);
    // Forty at ten a second.
    assert!(time > Duration::from_secs(3) && time < Duration::from_secs(6), "{time:?}");
    assert!(busiest_second(&fleet.sent()) <= 50, "{}", busiest_second(&fleet.sent()));
    // When it is back, they find each other again, and one alone may use the whole limit.
    fleet.store.trouble(Trouble::None);
    fleet.simulation.pass(Duration::from_secs(15));
    assert!(fleet.user_tokens_by_client(&[1; 5]).iter().all(Result::is_ok));
    fleet.simulation.pass(Duration::from_secs(15));
    let back = fleet.now();
    assert!(fleet.user_tokens_by_client(&[200]).iter().all(Result::is_ok));
    assert!(fleet.now().since(back) < Duration::from_secs(6), "{:?}", fleet.now().since(back));
    assert!(busiest_second(&fleet.sent()) <= 50);
}

#[test]
fn callers_that_give_up_or_cannot_wait_block_nobody() {
    let fleet = fleet(2);
    assert!(fleet.user_tokens_by_client(&[1, 1]).iter().all(Result::is_ok));
    // Polled once and never again, or dropped.
    let mut forgotten = Vec::new();
    for user in 0..200 {
        let mut caller = Caller::new(user_call(&fleet.clients[user % 2], format!("f{user}")));
        assert!(caller.poll_once().is_pending());
        if user % 4 < 2 {
            forgotten.push(caller);
        }
    }
    let start = fleet.now();
    assert!(fleet.user_tokens_by_client(&[50, 50]).iter().all(Result::is_ok));
    let time = fleet.now().since(start);
    assert!(time < Duration::from_secs(6), "{time:?}");
    // A thousand can be sent in twenty seconds: the others fail at once or in the end, and none hangs.
    let start = fleet.now();
    let results = fleet.user_tokens_by_client(&[1_000, 1_000]);
    let failed = results.iter().filter_map(|it| it.as_ref().err()).collect::<Vec<_>>();
    assert!(failed.iter().all(|error| error.kind() == ErrorKind::RateLimited), "{failed:?}");
    assert!((950..1_300).contains(&failed.len()), "{}", failed.len());
    assert!(fleet.now().since(start) < Duration::from_millis(20_500));
    assert!(busiest_second(&fleet.sent()) <= 50, "{}", busiest_second(&fleet.sent()));
}

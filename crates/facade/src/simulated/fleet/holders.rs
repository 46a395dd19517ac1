//! Holders of the lease that stop, end or come back late.

use std::time::Duration;

use super::super::runtime::Caller;
use super::{Fleet, TWO_HOURS, fleet};

impl Fleet {
    /// Lets the first client take the lease and send its request, which is not answered yet.
    fn begin(&self) {
        let client = self.clients[0].clone();
        let mut call = Caller::new(async move { client.app_token().await.map(drop) });
        assert!(call.poll_once().is_pending());
        self.simulation.pass(Duration::from_millis(20));
        assert_eq!(self.requests().len(), 1);
    }

    /// The token of one client, and how long that takes.
    fn token_of(&self, client: usize) -> (String, Duration) {
        let start = self.now();
        let token = self.simulation.run(self.clients[client].app_token()).unwrap();
        (token.access_token().expose().to_owned(), self.now().since(start))
    }
}

#[test]
fn a_holder_that_is_suspended_costs_a_second_request_and_writes_nothing_late() {
    for is_mute in [false, true] {
        let mut fleet = fleet(10, TWO_HOURS);
        fleet.store.set(|settings| settings.is_mute = is_mute);
        fleet.begin();
        fleet.simulation.stop_driving();
        let holder = fleet.clients.remove(0);
        let (tokens, time) = fleet.timed();
        assert_eq!(tokens.unwrap(), vec!["2"; 9]);
        assert!(time < Duration::from_secs(15), "{time:?}");
        let record = fleet.store.record();
        fleet.pass(30);
        fleet.simulation.drive_again();
        fleet.pass(1);
        assert_eq!(fleet.store.record(), record, "a late write, mute: {is_mute}");
        fleet.clients.push(holder);
        assert_eq!((fleet.token().as_str(), fleet.requests().len()), ("2", 2));
    }
}

#[test]
fn a_holder_whose_runtime_ends_gives_the_lease_back() {
    for next in [0, 1] {
        let fleet = fleet(2, TWO_HOURS);
        fleet.begin();
        fleet.simulation.end_runtime();
        let (token, time) = fleet.token_of(next);
        assert!(token == "2" && time < Duration::from_secs(1), "client {next}: {time:?}");
    }
}

#[test]
fn an_acquisition_that_takes_over_in_its_own_process_does_not_wait_for_its_lease() {
    let fleet = fleet(3, TWO_HOURS);
    fleet.begin();
    fleet.simulation.stop_driving();
    let (token, time) = fleet.token_of(0);
    assert!(token == "2" && time < Duration::from_secs(3), "{time:?}");
    fleet.simulation.drive_again();
    fleet.pass(5);
    assert_eq!((fleet.token().as_str(), fleet.requests().len()), ("2", 2));
}

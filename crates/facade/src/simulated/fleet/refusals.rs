//! Refused tokens, refused credentials and outages: how many requests a fleet sends.

use std::time::Duration;

use easemob_token_transport::{Runtime, TransportErrorKind};

use super::super::service::{UNAUTHORIZED, failure, refusal};
use super::super::world::busiest_minute;
use super::{TWO_HOURS, fleet};
use crate::ErrorKind;

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
    for round in 0..120 {
        for result in fleet.user_tokens(round) {
            assert_eq!(result.unwrap_err().kind(), ErrorKind::Unauthorized);
        }
        fleet.pass(1);
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
        fleet.service.settings.lock().unwrap().fault = Some(failure(TransportErrorKind::Connect));
        for _ in 0..300 {
            assert_eq!(fleet.tokens().is_ok(), has_token);
            fleet.pass(2);
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
        fleet.pass(20);
    }
    let (requests, operations) = (fleet.requests().len(), fleet.store.operations());
    assert!(requests <= 14, "{requests} requests");
    assert!(operations <= 2 * 20 * 12, "{operations} operations");
}

#[test]
fn a_passing_failure_of_one_request_fails_no_process() {
    let fleet = fleet(20, TWO_HOURS);
    fleet.service.settings.lock().unwrap().fault = Some(failure(TransportErrorKind::Interrupted));
    let (service, simulation) = (fleet.service.clone(), fleet.simulation.clone());
    let recovery = async move {
        simulation.sleep(Duration::from_millis(300)).await;
        service.settings.lock().unwrap().fault = None;
    };
    fleet.simulation.spawn(Box::pin(recovery)).unwrap();
    let (tokens, time) = fleet.timed();
    assert_eq!(tokens.unwrap(), vec!["2"; 20]);
    assert!(fleet.requests().len() == 2 && time < Duration::from_secs(4), "{time:?}");
}

#[test]
fn another_secret_has_another_record_and_both_are_kept() {
    let secret = std::sync::Arc::new(std::sync::Mutex::new("old"));
    let fleet = super::fleet_with(4, TWO_HOURS, |builder| {
        let secret = secret.clone();
        builder.credentials_provider(move || {
            Ok(("id".to_owned(), crate::Secret::new(*secret.lock().unwrap())))
        })
    });
    let get = |clients: &[crate::Client]| {
        for client in clients {
            fleet.simulation.run(client.app_token()).unwrap();
        }
    };
    get(&fleet.clients[..2]);
    fleet.pass(3_000);
    *secret.lock().unwrap() = "new";
    get(&fleet.clients[2..]);
    assert_eq!((fleet.requests().len(), fleet.store.names().len()), (2, 2));
    // Those with the old secret learn of the new one, and take the token that is there.
    fleet.pass(3_500);
    get(&fleet.clients[..2]);
    fleet.pass(5);
    assert_eq!((fleet.requests().len(), fleet.store.names().len()), (2, 2));
}

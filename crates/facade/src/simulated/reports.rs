//! Reports of refused app tokens: effect on other callers, and number of requests.
//!
//! Rows 48 and 63 to 65 of the fault table.

use std::time::Duration;

use super::service::{UNAUTHORIZED, refusal};
use super::world::{World, busiest_minute, user_call, world, world_with};
use crate::ErrorKind;

/// Requests for app tokens in each minute from `start` on.
fn app_tokens_a_minute(world: &World, start: Duration) -> Vec<usize> {
    let mut minutes = vec![0; 120];
    for received in world.app_token_requests() {
        let time = received.since_origin();
        if time > start {
            minutes[usize::try_from((time - start).as_secs() / 60).unwrap()] += 1;
        }
    }
    minutes
}

#[test]
fn row_63_an_endpoint_that_refuses_every_token_affects_no_other_caller() {
    let world = world(1_000_000);
    world.token().unwrap();
    for round in 0..3_000 {
        let authorization = world.simulation.run(world.client.authorize());
        let mut authorization = authorization.unwrap();
        // The documented loop, against an endpoint that refuses every token.
        while world.simulation.run(authorization.renew()).unwrap() {}
        world.token().unwrap();
        world.user_token(&format!("user-{round}")).unwrap();
        world.simulation.pass(Duration::from_millis(100));
    }
    let minutes = app_tokens_a_minute(&world, Duration::ZERO);
    assert!(minutes[0] <= 2 && minutes[1..].iter().all(|&count| count <= 1), "{minutes:?}");
}

#[test]
fn row_63_a_user_that_is_always_refused_affects_no_other_caller() {
    for between in [5_000, 100] {
        let world = world(1_000_000);
        world.set(|settings| settings.refused_users.extend(["bad".to_owned()]));
        world.token().unwrap();
        let mut next_bad = 0;
        for round in 0..3_000_u64 {
            if round * 100 >= next_bad {
                let error = world.user_token("bad").unwrap_err();
                assert!(matches!(error.kind(), ErrorKind::Unauthorized), "{error}");
                next_bad = round * 100 + between;
            }
            world.user_token(&format!("user-{round}")).unwrap();
            world.simulation.pass(Duration::from_millis(100));
        }
        let minutes = app_tokens_a_minute(&world, Duration::ZERO);
        assert!(minutes[0] <= 2 && minutes[1..].iter().all(|&count| count <= 1), "{minutes:?}");
    }
}

#[test]
fn row_48_a_service_that_refuses_all_gets_two_requests_for_app_tokens_and_then_one_a_minute() {
    let world = world(1_000_000);
    world.token().unwrap();
    world.set(|settings| settings.user_fault = Some(refusal(401, UNAUTHORIZED)));
    for number in 0..2_000 {
        let error = world.user_token(&format!("user-{number}")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unauthorized);
        world.simulation.pass(Duration::from_millis(100));
    }
    let minutes = app_tokens_a_minute(&world, Duration::ZERO);
    assert!(minutes[0] <= 2 && minutes[1..].iter().all(|&count| count <= 1), "{minutes:?}");
}

#[test]
fn a_report_during_an_outage_affects_nobody() {
    let world = world(1_000);
    world.token().unwrap();
    world.away(true);
    let mut authorization = world.simulation.run(world.client.authorize()).unwrap();
    world.simulation.run(authorization.renew()).unwrap_err();
    for _ in 0..300 {
        assert_eq!(world.token().unwrap(), "1");
        world.pass(1);
    }
    world.away(false);
    world.pass(61);
    world.token().unwrap();
    assert_ne!(world.token().unwrap(), "1");
}

#[test]
fn row_64_a_revoked_token_is_replaced_twice_within_a_minute_and_no_call_fails() {
    let world = world(1_000_000);
    for revocation in 0..2 {
        world.revoke();
        let revoked_at = world.now();
        let mut user = 0;
        while world.now().since(revoked_at) < Duration::from_secs(20) {
            user += 1;
            world.user_token(&format!("user-{revocation}-{user}")).unwrap();
            world.simulation.pass(Duration::from_millis(200));
        }
    }
    assert_eq!(world.app_token_requests().len(), 3);
}

/// With one request per acquisition, only the call that finds the token refused fails.
#[test]
fn row_64_with_one_attempt_a_revoked_token_costs_the_call_that_finds_out() {
    for cached in [false, true] {
        let world = world_with(1_000, |builder| {
            let builder = builder.max_attempts(1);
            if cached { builder.cache_user_tokens(10) } else { builder }
        });
        world.user_token("alice").unwrap();
        world.revoke();
        let error = world.user_token("bob").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unauthorized);
        for user in 0..50 {
            world.simulation.pass(Duration::from_millis(20));
            world.user_token(&format!("user-{user}")).unwrap();
        }
        // The failed user token is not delayed by the failure of the app token.
        world.user_token("bob").unwrap();
        assert_eq!(world.app_token_requests().len(), 2);
    }
}

/// A refresh has one request, while the user token is usable.
#[test]
fn row_64_a_refresh_of_a_user_token_finds_the_app_token_revoked() {
    let world = world(1_000);
    // The app token expires after the user token.
    world.token().unwrap();
    world.pass(700);
    let first = world.user_token("alice").unwrap();
    world.pass(160);
    world.token().unwrap();
    world.pass(1);
    world.revoke();
    world.pass(700);
    for second in 0..200 {
        let token = world.user_token("alice").unwrap();
        if second > 20 {
            assert_ne!(token, first, "it is not refreshed {second} s after it was due");
        }
        world.pass(1);
    }
}

#[test]
fn the_same_app_token_again_is_used_and_affects_no_other_caller() {
    let world = world(1_000_000);
    world.set(|settings| {
        settings.same_app_token = true;
        settings.refused_users.extend(["bad".to_owned(), "worse".to_owned()]);
    });
    world.token().unwrap();
    for round in 0..1_000 {
        let user = if round % 2 == 0 { "bad" } else { "worse" };
        assert_eq!(world.user_token(user).unwrap_err().kind(), ErrorKind::Unauthorized);
        let mut authorization = world.simulation.run(world.client.authorize()).unwrap();
        assert!(!world.simulation.run(authorization.renew()).unwrap());
        world.user_token(&format!("user-{round}")).unwrap();
        assert_eq!(world.token().unwrap(), "1");
        world.simulation.pass(Duration::from_millis(100));
    }
    let busiest = busiest_minute(&world.app_token_requests());
    assert!(busiest <= 5, "{busiest}");
}

#[test]
fn row_65_a_revocation_in_the_middle_of_a_burst_fails_no_caller() {
    for (latency, callers) in [(5, 1_000), (100, 3_000), (1_000, 1_000)] {
        let world = world_with(1_000_000, |builder| builder);
        world.set(|settings| settings.latency = Duration::from_millis(latency));
        let first = world.token().unwrap();
        world.set(|settings| settings.revoke_after = Some(100));
        let calls = (0..callers).map(|user| user_call(&world.client, format!("u{user}")));
        let tokens = world.simulation.run_all(calls);
        assert_eq!(tokens.iter().filter(|it| it.is_err()).count(), 0, "{latency} ms");
        let revoked = world.received()[99].at;
        let received = world.received();
        let carried = received
            .iter()
            .filter(|it| it.app_token.as_deref() == Some(&*first) && it.at > revoked);
        // Those in flight when the first 401 arrives, and one before the replacement.
        let in_flight = usize::try_from(latency * 300 / 1_000 + 2).unwrap();
        let carried = carried.count();
        assert!(carried <= in_flight, "{latency} ms: {carried} of {in_flight}");
        assert_eq!(world.app_token_requests().len(), 2, "{latency} ms");
        let second = world.app_token_requests()[1].since(revoked);
        assert!(second <= Duration::from_millis(2 * latency + 20), "{latency} ms: {second:?}");
    }
}

//! The life of a cached token: rows 45 to 47 of the fault table, and what leads there.

use std::sync::Arc;
use std::time::Duration;

use easemob_token_core::{AppToken, Lifetime};
use easemob_token_transport::TransportErrorKind;

use super::service::{failure, refusal};
use super::world::{busiest_minute, world};
use crate::TokenGuard;

#[test]
fn a_token_near_its_end_is_used_while_it_is_renewed() {
    let world = world(1_000);
    assert_eq!(world.token().unwrap(), "1");
    world.pass(740);
    assert_eq!(world.token().unwrap(), "1");
    assert_eq!(world.asked().len(), 1);
    world.pass(120);
    // The caller who starts the renewal takes the old one, the next one the new.
    assert_eq!(world.token().unwrap(), "1");
    assert_eq!(world.token().unwrap(), "2");
    assert_eq!(world.asked().len(), 2);
}

#[test]
fn a_renewal_is_told_as_one_and_its_failure_as_one_that_nobody_saw() {
    let world = world(1_000);
    world.token().unwrap();
    world.told();
    world.pass(860);
    world.away(true);
    world.token().unwrap();
    let failed = ["hit", "started, refresh: true", "sent: 1", "failed: connect, usable: true"];
    assert_eq!(world.told(), failed);
    world.away(false);
    world.pass(10);
    world.token().unwrap();
    let succeeded = ["hit", "started, refresh: true", "sent: 1", "succeeded: 2"];
    assert_eq!(world.told(), succeeded);
    world.token().unwrap();
    assert_eq!(world.told(), ["hit"]);
}

#[test]
fn a_token_at_its_end_is_waited_for() {
    let world = world(1_000);
    assert_eq!(world.token().unwrap(), "1");
    world.pass(941);
    assert_eq!(world.token().unwrap(), "2");
}

#[test]
fn row_45_a_day_without_the_service_fails_no_call_while_a_token_is_usable() {
    let world = world(7 * 86_400);
    assert_eq!(world.token().unwrap(), "1");
    // Beyond 85 % of its life, and so due, and a day and more before its end.
    world.pass(515_000);
    world.away(true);
    for _ in 0..86_400 {
        assert_eq!(world.token().unwrap(), "1");
        world.pass(1);
    }
    let sent = world.asked().len() - 1;
    assert!((1_400..=1_450).contains(&sent), "{sent}");
    assert!(busiest_minute(&world.app_tokens_asked()) <= 10);
    world.away(false);
    world.pass(60);
    assert_eq!(world.token().unwrap(), "1");
    assert_ne!(world.token().unwrap(), "1");
}

#[test]
fn row_46_an_outage_beyond_the_tokens_end_ends_within_ten_seconds_of_recovery() {
    use crate::ErrorKind::{Connect, MalformedResponse, ServerError, Timeout};
    for (fault, silence, kind) in [
        (failure(TransportErrorKind::Connect), 0, Connect),
        (failure(TransportErrorKind::Timeout), 10, Timeout),
        (refusal(503, ""), 2, ServerError),
        (refusal(200, "<html>"), 0, MalformedResponse),
    ] {
        for outage in [70, 100, 121, 300, 3_600] {
            let world = world(1_000);
            assert_eq!(world.token().unwrap(), "1");
            world.pass(935);
            world.trouble(Some(Arc::clone(&fault)));
            for _ in 0..5 {
                assert_eq!(world.token().unwrap(), "1");
                world.pass(1);
            }
            world.pass(20);
            world.set(|settings| settings.latency = Duration::from_secs(silence));
            // A failing acquisition takes some of the simulated seconds by itself.
            let end = world.now().after(Duration::from_secs(outage));
            while world.now() < end {
                assert_eq!(world.token().unwrap_err().kind(), kind);
                world.pass(1);
            }
            world.set(|settings| settings.latency = Duration::ZERO);
            world.trouble(None);
            let recovered = world.now();
            while world.token().is_err() {
                world.pass(1);
            }
            let time = world.now().since(recovered);
            assert!(time <= Duration::from_millis(10_500), "{kind}: {time:?} after {outage} s");
            let busiest = busiest_minute(&world.app_tokens_asked());
            assert!(busiest <= 10, "{kind}: {busiest}");
        }
    }
}

#[test]
fn row_47_clocks_that_jump_cost_at_most_one_request_and_revive_no_dead_token() {
    let (year, life) = (Duration::from_secs(365 * 86_400), 60 * 86_400);

    let set_back = world(life);
    assert_eq!(set_back.token().unwrap(), "1");
    set_back.simulation.clock().set_back(year);
    assert_eq!(set_back.token().unwrap(), "1");
    // Its life goes on: on the monotonic clock it ends as if nothing had happened.
    set_back.pass(life - 59);
    assert_eq!(set_back.token().unwrap(), "2");
    assert_eq!(set_back.asked().len(), 2);

    let set_ahead = world(life);
    assert_eq!(set_ahead.token().unwrap(), "1");
    set_ahead.simulation.clock().suspend(year);
    assert_eq!(set_ahead.token().unwrap(), "2");
    assert_eq!(set_ahead.token().unwrap(), "2");
    // Set right again, nothing is asked for anew.
    set_ahead.simulation.clock().set_back(year);
    assert_eq!(set_ahead.token().unwrap(), "2");
    assert_eq!(set_ahead.asked().len(), 2);

    let suspended = world(life);
    assert_eq!(suspended.token().unwrap(), "1");
    suspended.simulation.clock().suspend(Duration::from_secs(61 * 86_400));
    assert_eq!(suspended.token().unwrap(), "2");
    assert_eq!(suspended.asked().len(), 2);
}

#[test]
fn a_refresh_that_brings_no_lifetime_does_not_take_the_good_token_away() {
    let world = world(1_000);
    assert_eq!(world.token().unwrap(), "1");
    world.set(|settings| settings.life = 0);
    world.pass(860);
    for _ in 0..70 {
        assert_eq!(world.token().unwrap(), "1");
        world.pass(1);
    }
    assert!(world.asked().len() <= 3, "{}", world.asked().len());
}

#[test]
fn a_token_of_unknown_lifetime_is_cached_for_a_minute_and_serves_everybody() {
    let world = world(0);
    for _ in 0..6_000 {
        world.token().unwrap();
        world.simulation.pass(Duration::from_millis(100));
    }
    let asked = world.asked().len();
    assert!((10..=15).contains(&asked), "{asked}");
    let token = world.simulation.run(world.client.app_token()).unwrap();
    assert_eq!(token.lifetime(), Lifetime::Unknown);
}

#[test]
fn a_shared_token_stays_what_it_is_and_a_clone_of_it_too() {
    let world = world(1_000);
    let get = || world.simulation.run(world.client.app_token()).unwrap();
    let first = get();
    let held: Vec<TokenGuard<AppToken>> = (0..100).map(|_| get()).collect();
    world.client.invalidate_app_token(&first);
    world.pass(1);
    let second = get();
    assert!((first.generation(), second.generation()) == (1, 2));
    for old in held.iter().cloned().chain([first.clone(), first]) {
        assert_eq!(old.access_token().expose(), "1");
    }
    assert_eq!(format!("{:?}", second.access_token()), "AccessToken(***)");
    assert!(!format!("{second:?}").contains("\"2\""));
    drop(world);
    assert_eq!(second.access_token().expose(), "2");
}

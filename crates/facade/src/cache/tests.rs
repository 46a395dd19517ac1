//! The life of a kept token in simulated time: rows 45 to 47 of the fault table, and what leads there.

mod faults;
mod world;

use std::sync::atomic::Ordering;
use std::time::Duration;

use easemob_token_core::AppToken;
use easemob_token_transport::TransportErrorKind;

use self::world::{busiest_minute, failure, refusal, world};
use super::*;

#[tokio::test]
async fn a_token_near_its_end_is_used_while_it_is_renewed() {
    let world = world(1_000);
    assert_eq!(world.token().await.unwrap(), "1");
    world.pass(740);
    assert_eq!(world.token().await.unwrap(), "1");
    assert_eq!(world.asked(), 1);
    world.pass(120);
    // The caller who starts the renewal takes the old one, the next one the new.
    assert_eq!(world.token().await.unwrap(), "1");
    assert_eq!(world.token().await.unwrap(), "2");
    assert_eq!(world.asked(), 2);
}

#[tokio::test]
async fn a_renewal_is_told_as_one_and_its_failure_as_one_that_nobody_saw() {
    let world = world(1_000);
    world.token().await.unwrap();
    world.told();
    world.pass(860);
    world.away(true);
    world.token().await.unwrap();
    let failed = ["started, refresh: true", "sent: 1", "failed: connect, usable: true", "hit"];
    assert_eq!(world.told(), failed);
    world.away(false);
    world.pass(10);
    world.token().await.unwrap();
    let succeeded = ["started, refresh: true", "sent: 1", "succeeded: 2", "hit"];
    assert_eq!(world.told(), succeeded);
    world.token().await.unwrap();
    assert_eq!(world.told(), ["hit"]);
}

#[tokio::test]
async fn a_token_at_its_end_is_waited_for() {
    let world = world(1_000);
    assert_eq!(world.token().await.unwrap(), "1");
    world.pass(941);
    assert_eq!(world.token().await.unwrap(), "2");
}

#[tokio::test]
async fn row_45_a_day_without_the_service_fails_no_call_while_a_token_is_usable() {
    let world = world(7 * 86_400);
    assert_eq!(world.token().await.unwrap(), "1");
    // Beyond 85 % of its life, and so due, and a day and more before its end.
    world.pass(515_000);
    world.away(true);
    for _ in 0..86_400 {
        assert_eq!(world.token().await.unwrap(), "1");
        world.pass(1);
    }
    let sent = world.asked() - 1;
    assert!((1_400..=1_450).contains(&sent), "{sent}");
    assert!(busiest_minute(&world.app_tokens_asked()) <= 10);
    world.away(false);
    world.pass(60);
    assert_eq!(world.token().await.unwrap(), "1");
    assert_ne!(world.token().await.unwrap(), "1");
}

#[tokio::test]
async fn row_46_an_outage_beyond_the_tokens_end_ends_within_ten_seconds_of_recovery() {
    use crate::ErrorKind::{Connect, MalformedResponse, ServerError, Timeout};
    for (fault, silence, kind) in [
        (failure(TransportErrorKind::Connect), 0, Connect),
        (failure(TransportErrorKind::Timeout), 10, Timeout),
        (refusal(503, ""), 2, ServerError),
        (refusal(200, "<html>"), 0, MalformedResponse),
    ] {
        for outage in [70, 100, 121, 300, 3_600] {
            let world = world(1_000);
            assert_eq!(world.token().await.unwrap(), "1");
            world.pass(935);
            world.trouble(Some(Arc::clone(&fault)));
            for _ in 0..5 {
                assert_eq!(world.token().await.unwrap(), "1");
                world.pass(1);
            }
            world.pass(20);
            *world.service.silence.lock().unwrap() = Duration::from_secs(silence);
            // A failing acquisition takes some of the simulated seconds by itself.
            let end = world.clock.uptime() + Duration::from_secs(outage);
            while world.clock.uptime() < end {
                assert_eq!(world.token().await.unwrap_err().kind(), kind);
                world.pass(1);
            }
            *world.service.silence.lock().unwrap() = Duration::ZERO;
            world.trouble(None);
            let recovered = world.clock.uptime();
            while world.token().await.is_err() {
                world.pass(1);
            }
            let time = world.clock.uptime() - recovered;
            assert!(time <= Duration::from_millis(10_500), "{kind}: {time:?} after {outage} s");
            let busiest = busiest_minute(&world.app_tokens_asked());
            assert!(busiest <= 10, "{kind}: {busiest}");
        }
    }
}

#[tokio::test]
async fn row_47_clocks_that_jump_cost_at_most_one_request_and_revive_no_dead_token() {
    let (year, life) = (Duration::from_secs(365 * 86_400), 60 * 86_400);

    let set_back = world(life);
    assert_eq!(set_back.token().await.unwrap(), "1");
    set_back.clock.set_back(year);
    assert_eq!(set_back.token().await.unwrap(), "1");
    // Its life goes on: on the monotonic clock it ends as if nothing had happened.
    set_back.pass(u64::from(life) - 59);
    assert_eq!(set_back.token().await.unwrap(), "2");
    assert_eq!(set_back.asked(), 2);

    let set_ahead = world(life);
    assert_eq!(set_ahead.token().await.unwrap(), "1");
    set_ahead.clock.suspend(year);
    assert_eq!(set_ahead.token().await.unwrap(), "2");
    assert_eq!(set_ahead.token().await.unwrap(), "2");
    // Set right again, nothing is asked for anew.
    set_ahead.clock.set_back(year);
    assert_eq!(set_ahead.token().await.unwrap(), "2");
    assert_eq!(set_ahead.asked(), 2);

    let suspended = world(life);
    assert_eq!(suspended.token().await.unwrap(), "1");
    suspended.clock.suspend(Duration::from_secs(61 * 86_400));
    assert_eq!(suspended.token().await.unwrap(), "2");
    assert_eq!(suspended.asked(), 2);
}

#[tokio::test]
async fn a_refresh_that_brings_no_lifetime_does_not_take_the_good_token_away() {
    let world = world(1_000);
    assert_eq!(world.token().await.unwrap(), "1");
    world.service.life.store(0, Ordering::SeqCst);
    world.pass(860);
    for _ in 0..70 {
        assert_eq!(world.token().await.unwrap(), "1");
        world.pass(1);
    }
    assert!(world.asked() <= 3, "{}", world.asked());
    // Reported as refused, it goes.
    let old = world.cache.get().await.unwrap();
    world.cache.invalidate(old.access_token());
    assert_ne!(world.token().await.unwrap(), "1");
}

#[tokio::test]
async fn a_shared_token_stays_what_it_is_and_a_clone_of_it_too() {
    let world = world(1_000);
    let first = world.cache.get().await.unwrap();
    let kept: Vec<Shared<AppToken>> = (0..100).map(|_| world.cache.fresh().unwrap()).collect();
    world.cache.invalidate(first.access_token());
    let second = world.cache.get().await.unwrap();
    assert!((first.generation(), second.generation()) == (1, 2));
    for old in kept.iter().cloned().chain([first.clone(), first]) {
        assert_eq!(old.access_token().expose(), "1");
    }
    assert_eq!(format!("{:?}", second.access_token()), "AccessToken(***)");
    assert!(!format!("{second:?}").contains("\"2\""));
    drop(world);
    assert_eq!(second.access_token().expose(), "2");
}

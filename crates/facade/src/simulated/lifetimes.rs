//! Lifetimes of cached tokens: refresh, outages and clock jumps (rows 45 to 47 of the fault table).

use std::sync::Arc;
use std::time::Duration;

use easemob_token_core::{Lifetime, Ttl};
use easemob_token_transport::TransportErrorKind;

use super::service::{failure, refusal};
use super::world::{busiest_minute, world};

#[test]
fn a_token_near_its_end_is_used_while_it_is_refreshed() {
    let world = world(1_000);
    assert_eq!(world.token().unwrap(), "1");
    world.pass(740);
    assert_eq!(world.token().unwrap(), "1");
    assert_eq!(world.received().len(), 1);
    world.pass(120);
    // The caller that starts the refresh gets the old token, the next one the new.
    assert_eq!(world.token().unwrap(), "1");
    assert_eq!(world.token().unwrap(), "2");
    assert_eq!(world.received().len(), 2);
}

#[test]
fn events_of_a_refresh_and_of_its_failure_say_so() {
    let world = world(1_000);
    world.token().unwrap();
    world.events();
    world.pass(860);
    world.away(true);
    world.token().unwrap();
    let failed = ["hit", "started, refresh: true", "sent: 1", "failed: connect, usable: true"];
    assert_eq!(world.events(), failed);
    world.away(false);
    world.pass(10);
    world.token().unwrap();
    let succeeded = ["hit", "started, refresh: true", "sent: 1", "succeeded: 2"];
    assert_eq!(world.events(), succeeded);
    world.token().unwrap();
    assert_eq!(world.events(), ["hit"]);
}

/// The token of the vendor's page, which holds its own lifetime, in a service that counts in
/// milliseconds.
#[test]
fn a_lifetime_in_the_wrong_unit_is_corrected_before_the_refresh_is_planned() {
    const BODY: &str = r#"{"access_token":"YWMtrR6ECkz8Eeyx6Y9j1eX9kbsMrFep3U6BvVj7KSnNonWqRx7gTPwR7Kzl-Q_xISNOAwMAAAF9UPZqbQAPoAAtYK9fWgaTNyuWoB3-6nGf_TXBx3Nt3XRZST-elU0x2A","expires_in":1024000000}"#;
    let world = world(1_000);
    world.fault(Some(refusal(200, BODY)));
    let token = world.simulation.run(world.client.app_token()).unwrap();
    assert_eq!(token.lifetime(), Lifetime::Expires(Duration::from_secs(1_024_000)));
    world.pass(760_000);
    world.token().unwrap();
    assert_eq!(world.received().len(), 1);
    world.pass(120_000);
    world.token().unwrap();
    assert_eq!(world.received().len(), 2);
}

/// What the blocking client does inside an async runtime.
#[cfg(feature = "blocking")]
#[test]
fn a_peek_at_a_token_near_its_end_starts_the_refresh_and_does_not_wait() {
    let world = world(1_000);
    let peek = || world.client.peek_app_token().unwrap().map(|token| token.generation());
    assert_eq!(peek(), None);
    world.token().unwrap();
    world.pass(860);
    assert_eq!((peek(), peek()), (Some(1), Some(1)));
    world.pass(1);
    assert_eq!((peek(), world.received().len()), (Some(2), 2));
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
    let sent = world.received().len() - 1;
    assert!((1_400..=1_450).contains(&sent), "{sent}");
    assert!(busiest_minute(&world.app_token_requests()) <= 10);
    world.away(false);
    world.pass(60);
    assert_eq!(world.token().unwrap(), "1");
    assert_ne!(world.token().unwrap(), "1");
}

#[test]
fn row_46_errors_of_a_long_outage_end_within_ten_seconds_of_recovery() {
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
            world.fault(Some(Arc::clone(&fault)));
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
            world.fault(None);
            let recovered = world.now();
            while world.token().is_err() {
                world.pass(1);
            }
            let time = world.now().since(recovered);
            assert!(time <= Duration::from_millis(10_500), "{kind}: {time:?} after {outage} s");
            let busiest = busiest_minute(&world.app_token_requests());
            assert!(busiest <= 10, "{kind}: {busiest}");
        }
    }
}

#[test]
fn row_47_clock_jumps_cost_at_most_one_request_and_revive_no_expired_token() {
    let (year, life) = (Duration::from_secs(365 * 86_400), 60 * 86_400);

    let set_back = world(life);
    assert_eq!(set_back.token().unwrap(), "1");
    set_back.simulation.clock().set_back(year);
    assert_eq!(set_back.token().unwrap(), "1");
    // On the monotonic clock it expires as if nothing had happened.
    set_back.pass(life - 59);
    assert_eq!(set_back.token().unwrap(), "2");
    assert_eq!(set_back.received().len(), 2);

    let set_ahead = world(life);
    assert_eq!(set_ahead.token().unwrap(), "1");
    set_ahead.simulation.clock().suspend(year);
    assert_eq!(set_ahead.token().unwrap(), "2");
    assert_eq!(set_ahead.token().unwrap(), "2");
    // Setting it right again sends no request.
    set_ahead.simulation.clock().set_back(year);
    assert_eq!(set_ahead.token().unwrap(), "2");
    assert_eq!(set_ahead.received().len(), 2);

    let suspended = world(life);
    assert_eq!(suspended.token().unwrap(), "1");
    suspended.simulation.clock().suspend(Duration::from_secs(61 * 86_400));
    assert_eq!(suspended.token().unwrap(), "2");
    assert_eq!(suspended.received().len(), 2);
}

#[test]
fn a_refresh_without_a_lifetime_does_not_replace_a_good_token() {
    let world = world(1_000);
    assert_eq!(world.token().unwrap(), "1");
    world.set(|settings| settings.life = 0);
    world.pass(860);
    for _ in 0..70 {
        assert_eq!(world.token().unwrap(), "1");
        world.pass(1);
    }
    assert!(world.received().len() <= 3, "{}", world.received().len());
}

#[test]
fn a_token_of_unknown_lifetime_is_cached_for_a_minute() {
    let world = world(0);
    for _ in 0..6_000 {
        world.token().unwrap();
        world.simulation.pass(Duration::from_millis(100));
    }
    let received = world.received().len();
    assert!((10..=15).contains(&received), "{received}");
    let token = world.simulation.run(world.client.app_token()).unwrap();
    assert_eq!(token.lifetime(), Lifetime::Unknown);
}

#[test]
fn a_guard_and_a_clone_of_its_token_keep_the_token() {
    let world = world(1_000);
    let get = || world.simulation.run(world.client.app_token()).unwrap();
    let first = get();
    let held: Vec<_> = (0..100).map(|_| get()).collect();
    world.client.invalidate_app_token(&first);
    world.pass(1);
    let second = get();
    assert!((first.generation(), second.generation()) == (1, 2));
    assert!(held.iter().all(|old| old.access_token().expose() == "1"));
    assert_eq!(first.clone().access_token().expose(), "1");
    assert_eq!(format!("{:?}", second.access_token()), "AccessToken(***)");
    assert!(!format!("{second:?}").contains("\"2\""));
    drop(world);
    assert_eq!(second.access_token().expose(), "2");
}

#[test]
fn a_token_knows_what_is_left_of_its_lifetime_by_the_clients_clock() {
    let (hour, day) = (3_600, Duration::from_secs(86_400));
    let world = world(hour);
    let (clock, run) = (world.simulation.clock(), &world.simulation);
    let guard = run.run(world.client.app_token()).unwrap();
    let user = run.run(world.client.user_token("alice").into_future()).unwrap();
    let by_password = world.client.user_token_by_password("alice", "1");
    let by_password = run.run(by_password.into_future()).unwrap();
    let owned = guard.clone();
    let left = |seconds: u64| {
        let left = Some(Duration::from_secs(seconds));
        let all = [guard.remaining(), owned.remaining(), user.remaining(), by_password.remaining()];
        assert_eq!(all, [left; 4]);
    };
    left(hour);
    world.pass(1_000);
    left(hour - 1_000);
    // The cached token of a login has not got its lifetime back.
    let cached = run.run(world.client.user_token("alice").into_future()).unwrap();
    assert_eq!(cached.access_token().expose(), user.access_token().expose());
    assert_eq!(cached.remaining(), Some(Duration::from_secs(hour - 1_000)));
    assert_eq!(cached.lifetime(), Lifetime::Expires(Duration::from_secs(hour)));
    // A wall clock that is set back gives nothing back, even to before the token was received.
    clock.set_back(day);
    left(hour - 1_000);
    // A suspended machine, on which only the wall clock goes on.
    clock.suspend(day + Duration::from_secs(500));
    left(hour - 1_500);
    clock.suspend(day);
    left(0);
    clock.set_back(day);
    world.pass(hour);
    left(0);
}

#[test]
fn nothing_limits_what_is_left_of_a_permanent_token_or_one_of_unknown_lifetime() {
    let world = world(0);
    for (ttl, lifetime) in
        [(Ttl::Permanent, Lifetime::Permanent), (Ttl::ServerDefault, Lifetime::Unknown)]
    {
        let request = world.client.user_token("alice").ttl(ttl);
        let token = world.simulation.run(request.into_future()).unwrap();
        world.pass(86_400);
        assert_eq!((token.remaining(), token.lifetime()), (None, lifetime));
    }
}

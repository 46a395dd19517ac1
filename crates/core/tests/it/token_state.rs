//! State of one cached token, in simulated time.

use std::time::Duration;

use easemob_token_core::{Decision, Jitter, Keep, Lifetime, Success, TokenState};

use crate::{Token, app_grant, at, refusal, refusal_of, sample_with_lifetime};

const NO_JITTER: fn() -> Jitter = || Jitter::new(0.0);
const HOUR: Lifetime = Lifetime::Expires(Duration::from_secs(3_600));

/// The acquisition gets another token of this lifetime.
fn succeed(state: &mut TokenState, lifetime: Lifetime, millis: u64) -> Success {
    state.succeeded(&Token::new("another", lifetime), false, at(millis), NO_JITTER())
}

#[test]
fn one_caller_fetches_and_the_others_join() {
    let mut state = TokenState::new();
    assert_eq!(state.decide(at(0)), Decision::Fetch);
    for _ in 0..10_000 {
        assert_eq!(state.decide(at(1)), Decision::Join);
    }
    assert_eq!(succeed(&mut state, HOUR, 2).generation, 1);
    assert_eq!(state.decide(at(3)), Decision::Use);
}

#[test]
fn a_failed_refresh_leaves_the_good_token_in_use() {
    let mut state = TokenState::new();
    assert_eq!(state.decide(at(0)), Decision::Fetch);
    let _ = succeed(&mut state, HOUR, 0);
    let due = at(2_700_000);
    assert_eq!(state.decide(due), Decision::UseAndRefresh);
    assert_eq!(state.decide(due), Decision::Use);
    state.failed(None, due, NO_JITTER());
    assert_eq!(state.decide(due), Decision::Use);
    assert_eq!(state.decide(at(2_701_000)), Decision::UseAndRefresh);
}

#[test]
fn refused_credentials_are_remembered_for_a_minute() {
    let mut state = TokenState::new();
    assert_eq!(state.decide(at(0)), Decision::Fetch);
    let error = refusal(400, r#"{"error":"invalid_grant","error_description":"client_id"}"#);
    state.failed(Some(&error), at(0), NO_JITTER());
    assert_eq!(state.decide(at(59_999)), Decision::WaitUntil(at(60_000).uptime));
    assert_eq!(state.decide(at(60_000)), Decision::Fetch);
}

#[test]
fn a_refusal_about_one_user_is_not_remembered() {
    for (status, body) in [
        (404, r#"{"error":"entity_not_found","error_description":"User null not found"}"#),
        (400, r#"{"error":"invalid_grant","error_description":"user not activated"}"#),
        (409, r#"{"error":"concurrent_operation_error"}"#),
    ] {
        let mut state = TokenState::new();
        assert_eq!(state.decide(at(0)), Decision::Fetch);
        state.failed(Some(&refusal(status, body)), at(0), Jitter::new(1.0));
        assert_eq!(state.decide(at(1_000)), Decision::Fetch, "{status}");
    }
}

#[test]
fn a_day_without_the_service_fails_no_call_while_a_token_is_usable() {
    for jitter in [0.0, 0.5, 1.0].map(Jitter::new) {
        let mut state = TokenState::new();
        let week = Lifetime::Expires(Duration::from_secs(7 * 86_400));
        assert_eq!(state.decide(at(0)), Decision::Fetch);
        let _ = succeed(&mut state, week, 0);
        let (start, mut requests) = (500_000_000, 0);
        for second in 0..86_400 {
            let now = at(start + second * 1_000);
            match state.decide(now) {
                Decision::Use => {}
                Decision::UseAndRefresh => {
                    assert_eq!(state.max_requests(now), 1);
                    requests += 1;
                    state.sent(now);
                    state.failed(None, now, jitter);
                }
                other => panic!("{other:?} at {second} s"),
            }
        }
        assert!((1_400..=1_450).contains(&requests), "{requests}");
    }
}

/// The service is unavailable from the start, each request hangs for some time, and then it is back.
fn seconds_of_errors_after_recovery(
    state: &mut TokenState,
    away: u64,
    hangs: u64,
    jitter: f64,
) -> u64 {
    let (mut sent, mut ends) = (Vec::new(), None);
    for second in 0..1_000 {
        let now = at(second * 1_000);
        if ends.is_some_and(|end| second >= end) {
            state.failed(None, now, Jitter::new(jitter));
            ends = None;
        }
        match state.decide(now) {
            Decision::Use => {}
            Decision::UseAndRefresh | Decision::Fetch => {
                state.sent(now);
                sent.push(second);
                if second >= away {
                    let minute = |start: u64| {
                        sent.iter().filter(|time| (start..start + 60).contains(*time)).count()
                    };
                    assert!(sent.iter().map(|&start| minute(start)).max().unwrap() <= 10);
                    return second - away;
                }
                ends = Some(second + hangs);
            }
            Decision::Join | Decision::WaitUntil(_) => {}
        }
    }
    panic!("no request in a thousand seconds")
}

#[test]
fn errors_end_within_ten_seconds_of_recovery_and_no_minute_holds_more_than_ten_requests() {
    for away in [1, 7, 30, 61, 119, 600] {
        for hangs in [0, 1, 5, 10] {
            for jitter in [0.0, 0.3, 1.0] {
                let state = &mut TokenState::new();
                let seconds = seconds_of_errors_after_recovery(state, away, hangs, jitter);
                assert!(seconds <= 10, "{seconds} s: {away} {hangs} {jitter}");
            }
        }
    }
}

#[test]
fn a_token_that_expires_during_a_long_cooldown_shortens_it() {
    let mut state = TokenState::new();
    assert_eq!(state.decide(at(0)), Decision::Fetch);
    let _ = succeed(&mut state, HOUR, 0);
    // Usable for 3 540 s; it fails until the pause is a minute.
    let mut now = 2_700_000;
    while now < 3_535_000 {
        if state.decide(at(now)) == Decision::UseAndRefresh {
            state.sent(at(now));
            state.failed(None, at(now), Jitter::new(1.0));
        }
        now += 1_000;
    }
    // The last failure is less than a minute old, and more than ten seconds.
    assert_eq!(state.decide(at(3_545_000)), Decision::Fetch);
}

#[test]
fn a_token_of_unknown_lifetime_does_not_replace_a_good_one() {
    let mut state = TokenState::new();
    assert_eq!(state.decide(at(0)), Decision::Fetch);
    let first = succeed(&mut state, HOUR, 0).generation;
    let due = 2_700_000;
    assert_eq!(state.decide(at(due)), Decision::UseAndRefresh);
    let second = succeed(&mut state, Lifetime::Unknown, due);
    assert_eq!((second.generation, second.keep), (first + 1, Keep::Old));
    assert_eq!(state.decide(at(due + 59_999)), Decision::Use);
    assert_eq!(state.decide(at(due + 60_000)), Decision::UseAndRefresh);
    state.failed(None, at(due + 60_000), NO_JITTER());
    // The old token can still be invalidated, and then a new one of unknown lifetime is kept.
    assert!(state.invalidate(first, at(due + 62_000)));
    assert_eq!(state.decide(at(due + 62_000)), Decision::Fetch);
    assert_eq!(succeed(&mut state, Lifetime::Unknown, due + 62_000).keep, Keep::New);
    assert_eq!(state.decide(at(due + 62_000)), Decision::Use);
}

#[test]
fn a_token_of_unknown_lifetime_is_used_for_a_minute_or_its_own_lifetime() {
    for (text, seconds) in [
        ("opaque".to_owned(), 60),
        (sample_with_lifetime(0), 3_600),
        (sample_with_lifetime(30), 30),
        (sample_with_lifetime(1_800), 1_800),
        (sample_with_lifetime(3_600), 3_600),
        (sample_with_lifetime(1_024_000), 3_600),
    ] {
        let mut state = TokenState::new();
        assert_eq!(state.decide(at(0)), Decision::Fetch);
        let token = Token::new(&text, Lifetime::Unknown);
        let _ = state.succeeded(&token, false, at(0), NO_JITTER());
        let margin = (seconds * 100).min(60_000);
        assert!(state.is_usable(at(seconds * 1_000 - margin - 1)), "{seconds}");
        assert!(!state.is_usable(at(seconds * 1_000 - margin)), "{seconds}");
    }
}

/// Only the limit of requests holds back a client whose service never reports a lifetime.
#[test]
fn a_service_that_reports_no_lifetime_gets_about_one_request_a_minute() {
    let mut state = TokenState::new();
    let mut sent = 0;
    for millis in (0..600_000).step_by(100) {
        match state.decide(at(millis)) {
            Decision::Use => {}
            Decision::Fetch | Decision::UseAndRefresh => {
                state.sent(at(millis));
                sent += 1;
                let _ = succeed(&mut state, Lifetime::Unknown, millis);
            }
            other => panic!("{other:?} at {millis} ms"),
        }
    }
    assert!((10..=14).contains(&sent), "{sent}");
}

#[test]
fn an_abandoned_acquisition_starts_anew_at_once() {
    let mut state = TokenState::new();
    assert_eq!(state.decide(at(0)), Decision::Fetch);
    state.sent(at(0));
    state.abandoned();
    assert_eq!(state.decide(at(1)), Decision::Fetch);
    let _ = succeed(&mut state, HOUR, 2);
    // A late token of the abandoned acquisition is not needed any more.
    let late = Token::new("late", HOUR);
    assert!(state.succeeded_late(&late, false, at(3), NO_JITTER()).is_none());
    // Without a token that is usable, it is.
    assert!(state.invalidate(1, at(4)));
    let late = state.succeeded_late(&late, false, at(5), NO_JITTER()).unwrap();
    assert_eq!((late.generation, late.keep), (2, Keep::New));
    assert_eq!(state.decide(at(6)), Decision::Use);
}

#[test]
fn a_page_of_a_firewall_is_not_remembered_and_the_services_own_refusal_is() {
    let own = r#"{"error":"forbidden_op","error_description":"no","exception":"X"}"#;
    for status in [302, 400, 401, 403, 404] {
        for (body, cooldown) in [("<html>no</html>", 1_000), ("", 1_000), (own, 60_000)] {
            let mut state = TokenState::new();
            assert_eq!(state.decide(at(0)), Decision::Fetch);
            let error = refusal_of(&app_grant(), status, body);
            // A redirect is never the service's.
            let cooldown = if status == 302 { 1_000 } else { cooldown };
            state.failed(Some(&error), at(0), Jitter::new(1.0));
            assert!(
                matches!(state.decide(at(cooldown - 1)), Decision::WaitUntil(_)),
                "{status} {body}"
            );
            assert_eq!(state.decide(at(cooldown)), Decision::Fetch, "{status} {body}");
        }
    }
    for body in ["<html>slow down</html>", "", own] {
        let mut state = TokenState::new();
        assert_eq!(state.decide(at(0)), Decision::Fetch);
        state.failed(Some(&refusal(429, body)), at(0), NO_JITTER());
        assert!(matches!(state.decide(at(59_999)), Decision::WaitUntil(_)), "{body}");
    }
}

#[test]
fn a_refused_app_token_causes_no_cooldown_for_a_users_token() {
    let mut state = TokenState::new();
    let unauthorized = refusal(401, r#"{"error":"unauthorized"}"#);
    assert_eq!(state.decide(at(0)), Decision::Fetch);
    state.failed(Some(&unauthorized), at(0), Jitter::new(1.0));
    assert_eq!(state.decide(at(0)), Decision::Fetch);
    // Refused again with another app token: then there is a backoff, but not for a minute.
    state.failed(Some(&unauthorized), at(1), Jitter::new(1.0));
    assert!(matches!(state.decide(at(1_000)), Decision::WaitUntil(_)));
    assert_eq!(state.decide(at(2_001)), Decision::Fetch);
}

#[test]
fn an_acquisition_may_send_what_the_limit_of_the_minute_leaves() {
    let mut state = TokenState::new();
    assert_eq!((state.decide(at(0)), state.max_requests(at(0))), (Decision::Fetch, 4));
    for millis in [0, 1_000, 2_000] {
        state.sent(at(millis));
    }
    state.failed(None, at(2_000), NO_JITTER());
    assert_eq!((state.decide(at(3_000)), state.max_requests(at(3_000))), (Decision::Fetch, 1));
}

#[test]
fn a_state_that_rested_forgets_neither_requests_nor_reports() {
    let mut state = TokenState::new();
    let mut removed = Vec::new();
    for millis in 0..3 {
        assert_eq!(state.decide(at(millis)), Decision::Fetch);
        state.sent(at(millis));
        let _ = succeed(&mut state, HOUR, millis);
        state = state.at_rest(at(millis)).map_or(state, TokenState::from);
        removed.push(state.invalidate(state.generation(), at(millis)));
    }
    assert_eq!(removed, [true, true, false], "two reports at once");
    let later = at(120_000);
    let rested = TokenState::from(state.at_rest(later).unwrap());
    assert_eq!(rested.generation(), state.generation());
    assert!(state.at_rest(at(2)).is_none(), "the reports count for a minute");
}

//! Reports that a token was refused: evidence, budgets, and no harm to other callers.

use std::time::Duration;

use easemob_token_core::{Decision, Jitter, Lifetime, Refusal, Report, TokenState, Uptime, UserId};

use crate::{Token, at};

const NO_JITTER: fn() -> Jitter = || Jitter::new(0.0);
const HOUR: Lifetime = Lifetime::Expires(Duration::from_secs(3_600));

/// A state with a token of generation 1, fetched at the origin.
fn with_token() -> TokenState {
    let mut state = TokenState::new();
    assert_eq!(state.decide(at(0)), Decision::Fetch);
    state.sent(at(0));
    renew(&mut state, 0);
    state
}

/// The acquisition in flight brings another token.
fn renew(state: &mut TokenState, millis: u64) {
    let token = Token::new("another", HOUR);
    let _ = state.succeeded(&token, false, at(millis), NO_JITTER());
}

fn sent(millis: u64) -> Uptime {
    at(millis).uptime
}

fn endpoint(millis: u64) -> Refusal {
    Refusal { sent: sent(millis), user: None }
}

fn grant(millis: u64, user: &str) -> Refusal {
    Refusal { sent: sent(millis), user: Some(UserId::new(user).unwrap()) }
}

#[test]
fn a_reported_token_stays_in_use_until_its_replacement_arrives() {
    let mut state = with_token();
    assert_eq!(state.report(1, &endpoint(10), at(10)), Report::Replace);
    assert_eq!(state.decide(at(10)), Decision::UseAndRefresh);
    // The reporter waits for it.
    assert_eq!(state.max_requests(at(10)), 3);
    for millis in 11..1_000 {
        assert_eq!(state.report(1, &endpoint(millis), at(millis)), Report::Replace);
        assert_eq!(state.decide(at(millis)), Decision::Use);
    }
    // A wrong report during an outage harms nobody.
    state.sent(at(999));
    state.failed(None, at(1_000), NO_JITTER());
    assert_eq!(state.decide(at(1_001)), Decision::Use);
    assert_eq!(state.decide(at(3_000)), Decision::UseAndRefresh);
    renew(&mut state, 3_000);
    assert_eq!(state.decide(at(3_001)), Decision::Use);
    assert_eq!(state.report(1, &endpoint(3_001), at(3_001)), Report::Outdated);
}

#[test]
fn a_token_that_is_refused_for_two_users_is_removed_at_once() {
    let mut state = with_token();
    state.accepted(1, sent(5));
    assert_eq!(state.report(1, &grant(10, "alice"), at(20)), Report::Replace);
    assert_eq!(state.report(1, &grant(11, "Alice"), at(21)), Report::Replace);
    assert_eq!(state.decide(at(21)), Decision::UseAndRefresh);
    assert_eq!(state.report(1, &grant(12, "bob"), at(22)), Report::Remove);
    assert_eq!(state.decide(at(22)), Decision::Join);
}

#[test]
fn a_token_is_never_removed_while_its_replacement_may_not_be_requested() {
    let mut state = with_token();
    state.accepted(1, sent(5));
    // The replacement failed, and nothing is sent during the cooldown.
    assert_eq!(state.report(1, &grant(10, "alice"), at(20)), Report::Replace);
    assert_eq!(state.decide(at(21)), Decision::UseAndRefresh);
    state.failed(None, at(21), NO_JITTER());
    assert_eq!(state.report(1, &grant(12, "bob"), at(22)), Report::Replace);
    assert_eq!(state.decide(at(22)), Decision::Use);
    // All requests of the minute are sent.
    let mut state = with_token();
    state.accepted(1, sent(5));
    for _ in 0..4 {
        state.sent(at(10));
    }
    let _ = state.report(1, &grant(10, "alice"), at(20));
    assert_eq!(state.report(1, &grant(11, "bob"), at(20)), Report::Replace);
    assert_eq!(state.decide(at(20)), Decision::Use);
}

#[test]
fn a_request_that_was_accepted_later_disproves_a_report() {
    let mut state = with_token();
    state.accepted(1, sent(15));
    assert_eq!(state.report(1, &endpoint(10), at(20)), Report::Disproved);
    assert_eq!(state.decide(at(20)), Decision::Use);
    // And it takes back a report whose replacement has not begun.
    assert_eq!(state.report(1, &grant(16, "alice"), at(21)), Report::Replace);
    state.accepted(1, sent(17));
    assert_eq!(state.decide(at(22)), Decision::Use);
    // One that was sent earlier does not.
    assert_eq!(state.report(1, &grant(18, "alice"), at(23)), Report::Replace);
    state.accepted(1, sent(18));
    assert_eq!(state.decide(at(24)), Decision::UseAndRefresh);
    // Nor one with another token.
    renew(&mut state, 25);
    state.accepted(1, sent(1_000));
    assert_eq!(state.report(2, &grant(26, "alice"), at(27)), Report::Ignored);
}

/// Times of the requests in five minutes in which the newest token is reported ten times a second.
fn requests_under_noise(mut refusal_of: impl FnMut(u64) -> Option<&'static str>) -> Vec<u64> {
    let mut state = with_token();
    let mut requests = Vec::new();
    for millis in (100..300_000).step_by(100) {
        let refusal = refusal_of(millis).map_or(endpoint(millis), |user| grant(millis, user));
        let _ = state.report(state.generation(), &refusal, at(millis));
        match state.decide(at(millis)) {
            Decision::Use => {}
            Decision::UseAndRefresh | Decision::Fetch => {
                state.sent(at(millis));
                requests.push(millis);
                renew(&mut state, millis);
            }
            other => panic!("a caller waits at {millis} ms: {other:?}"),
        }
    }
    requests
}

#[test]
fn one_user_that_is_always_refused_costs_two_requests_and_then_one_a_minute() {
    for user in [None, Some("alice")] {
        let requests = requests_under_noise(|_| user);
        for minute in 0..5 {
            let times = minute * 60_000..(minute + 1) * 60_000;
            let count = requests.iter().filter(|time| times.contains(*time)).count();
            assert!((1..=if minute == 0 { 2 } else { 1 }).contains(&count), "{requests:?}");
        }
    }
}

/// A whole burst may be in flight before the first response arrives.
#[test]
fn a_token_that_was_never_accepted_is_removed_while_the_budget_lasts() {
    let mut state = with_token();
    for (generation, expected) in [(1, Report::Remove), (2, Report::Ignored)] {
        let _ = state.report(generation, &grant(10, "alice"), at(20));
        assert_eq!(state.report(generation, &grant(11, "bob"), at(21)), expected);
        if state.decide(at(22)) != Decision::Use {
            renew(&mut state, 22);
        }
    }
}

/// The worst case: others are served in between, so that each token was accepted once.
#[test]
fn two_users_that_are_always_refused_fail_no_other_caller() {
    let mut state = with_token();
    let mut requests = Vec::new();
    for millis in (100..300_000).step_by(100) {
        let user = ["alice", "bob"][usize::try_from(millis / 100 % 2).unwrap()];
        state.accepted(state.generation(), sent(millis - 60));
        let _ = state.report(state.generation(), &grant(millis - 50, user), at(millis));
        let _ = state.report(state.generation(), &grant(millis - 50, "carol"), at(millis));
        match state.decide(at(millis)) {
            Decision::Use => {}
            Decision::UseAndRefresh | Decision::Fetch => {
                state.sent(at(millis));
                requests.push(millis);
                renew(&mut state, millis);
            }
            other => panic!("a caller waits at {millis} ms: {other:?}"),
        }
    }
    let worst = requests.iter().map(|start| {
        requests.iter().filter(|time| (*start..start + 60_000).contains(*time)).count()
    });
    assert!(worst.max().unwrap() <= 10, "{requests:?}");
}

#[test]
fn a_service_that_refuses_every_user_gets_two_requests_and_then_one_a_minute() {
    let users = ["alice", "bob", "carol"];
    let mut next = 0;
    let requests = requests_under_noise(|_| {
        next += 1;
        Some(users[next % 3])
    });
    assert_eq!(requests.len(), 6, "{requests:?}");
}

#[test]
fn a_token_revoked_twice_within_a_minute_is_replaced_each_time_within_ten_seconds() {
    let mut state = with_token();
    // Another endpoint always refuses, and its reports have used up the budget of one reporter.
    let mut millis = 1_000;
    for revoked_at in [5_000, 30_000] {
        while millis < revoked_at {
            let generation = state.generation();
            let _ = state.report(generation, &endpoint(millis), at(millis));
            if state.decide(at(millis)) == Decision::UseAndRefresh {
                state.sent(at(millis));
                renew(&mut state, millis);
            }
            state.accepted(state.generation(), sent(millis + 1));
            millis += 100;
        }
        // From now on every grant is refused, of one user after the other.
        let revoked = state.generation();
        assert!(revoked_at > 5_000 || revoked > 1, "the other reports have replaced the first one");
        let mut user = 0;
        while state.generation() == revoked {
            user += 1;
            let name = format!("user-{user}");
            let _ = state.report(revoked, &grant(millis, &name), at(millis));
            if matches!(state.decide(at(millis)), Decision::UseAndRefresh | Decision::Fetch) {
                state.sent(at(millis));
                renew(&mut state, millis);
            }
            millis += 100;
        }
        assert!(millis - revoked_at < 10_000, "{millis}");
    }
}

#[test]
fn the_same_token_once_more_is_used_and_requested_once_a_minute() {
    let mut state = with_token();
    let (mut requests, mut unusable) = (0, 0);
    for millis in (1_000..121_000).step_by(50) {
        let users = ["alice", "bob", "carol"];
        let user = users[usize::try_from(millis / 50 % 3).unwrap()];
        let _ = state.report(state.generation(), &grant(millis, user), at(millis));
        match state.decide(at(millis)) {
            Decision::Use => {}
            Decision::UseAndRefresh | Decision::Fetch => {
                state.sent(at(millis));
                requests += 1;
                let token = Token::new("same", HOUR);
                let _ = state.succeeded(&token, true, at(millis), NO_JITTER());
            }
            Decision::Join | Decision::WaitUntil(_) => unusable += 1,
        }
    }
    assert_eq!(unusable, 0);
    assert!((2..=4).contains(&requests), "{requests}");
}

#[test]
fn a_thousand_invalidations_count_once_and_an_old_one_not_at_all() {
    let mut state = with_token();
    let gone = (0..1_000).filter(|_| state.invalidate(1, at(1))).count();
    assert_eq!((gone, state.decide(at(1))), (1, Decision::Fetch));
    renew(&mut state, 2);
    assert!(!state.invalidate(1, at(3)));
    assert_eq!(state.decide(at(3)), Decision::Use);
}

#[test]
fn invalidating_each_new_token_costs_two_requests_and_then_one_a_minute() {
    let mut state = with_token();
    let mut requests = Vec::new();
    for millis in (100..300_000).step_by(100) {
        state.invalidate(state.generation(), at(millis));
        match state.decide(at(millis)) {
            Decision::Use => {}
            Decision::Fetch => {
                state.sent(at(millis));
                requests.push(millis);
                renew(&mut state, millis);
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(requests.len(), 6, "{requests:?}");
}

//! The machines of an acquisition and of a kept token, against simulated time and small models.

use std::time::{Duration, SystemTime};

use easemob_token_core::{
    Decision, Flow, FlowLimits, Freshness, Jitter, Lifetime, Moment, NextStep, ResponseError, Slot,
    TtlUnits,
};
use proptest::prelude::*;

use crate::{endpoint, inherit_grant, received_at, response};

fn at(millis: u64) -> Moment {
    let uptime = Duration::from_millis(millis);
    Moment { wall: SystemTime::UNIX_EPOCH + uptime, uptime }
}

fn refusal(status: u16, body: &str) -> ResponseError {
    endpoint(TtlUnits::STANDARD)
        .parse(&inherit_grant(), response(status, body.as_bytes()), received_at())
        .unwrap_err()
}

const NO_JITTER: fn() -> Jitter = || Jitter::new(0.0);
const HOUR: Lifetime = Lifetime::Expires(Duration::from_secs(3_600));

#[test]
fn a_flow_sends_at_most_three_requests_at_least_a_second_apart() {
    let mut flow = Flow::new(FlowLimits::default(), Duration::ZERO);
    let mut now = Duration::ZERO;
    let mut requests = 1;
    while let NextStep::SendAt(time) = flow.after_transport_failure(true, now, NO_JITTER()) {
        assert!(time >= now + Duration::from_secs(1));
        (now, requests) = (time, requests + 1);
    }
    assert_eq!((requests, flow.attempts()), (3, 3));
}

#[test]
fn a_flow_repeats_what_may_help_and_nothing_else() {
    let step = |error: &ResponseError| {
        Flow::new(FlowLimits::default(), Duration::ZERO).after_response(
            error,
            Duration::ZERO,
            NO_JITTER(),
        )
    };
    let second = Duration::from_secs(1);
    let json = |error: &str| format!(r#"{{"error":"{error}"}}"#);
    assert_eq!(step(&refusal(503, "")), NextStep::SendAt(second));
    assert_eq!(step(&refusal(200, "<html>")), NextStep::SendAt(second));
    let conflict = json("concurrent_operation_error");
    assert_eq!(step(&refusal(409, &conflict)), NextStep::SendAt(second));
    assert_eq!(step(&refusal(401, &json("unauthorized"))), NextStep::SendWithNewAppTokenAt(second));
    assert_eq!(step(&refusal(401, "<html>")), NextStep::GiveUp);
    // A minute does not fit into the budget of twenty seconds.
    assert_eq!(step(&refusal(429, "")), NextStep::GiveUp);
    assert_eq!(step(&refusal(429, &json("resource_limited"))), NextStep::GiveUp);
    assert_eq!(step(&refusal(400, &json("invalid_grant"))), NextStep::GiveUp);
    assert_eq!(step(&refusal(200, "{}")), NextStep::GiveUp);
    assert_eq!(step(&refusal(302, "")), NextStep::GiveUp);
}

#[test]
fn a_torn_body_and_a_401_are_each_answered_once() {
    for (status, body) in [(200, "<html>"), (401, r#"{"error":"unauthorized"}"#)] {
        let mut flow = Flow::new(FlowLimits::default(), Duration::ZERO);
        let error = refusal(status, body);
        assert_ne!(flow.after_response(&error, Duration::ZERO, NO_JITTER()), NextStep::GiveUp);
        let now = Duration::from_secs(2);
        assert_eq!(flow.after_response(&error, now, NO_JITTER()), NextStep::GiveUp);
    }
}

#[test]
fn nothing_is_begun_after_the_budget() {
    let mut flow = Flow::new(FlowLimits::default(), Duration::from_secs(100));
    assert_eq!(flow.remaining(Duration::from_secs(105)), Duration::from_secs(15));
    let late = Duration::from_secs(119);
    assert_eq!(flow.after_transport_failure(true, late, NO_JITTER()), NextStep::GiveUp);
}

#[test]
fn one_caller_fetches_and_the_others_join() {
    let mut slot = Slot::new();
    assert_eq!(slot.decide(at(0)), Decision::Fetch);
    for _ in 0..10_000 {
        assert_eq!(slot.decide(at(1)), Decision::Join);
    }
    assert_eq!(slot.succeeded(HOUR, at(2), NO_JITTER()), 1);
    assert_eq!(slot.decide(at(3)), Decision::Use);
}

#[test]
fn a_failed_refresh_leaves_the_good_token_in_use() {
    let mut slot = Slot::new();
    assert_eq!(slot.decide(at(0)), Decision::Fetch);
    slot.succeeded(HOUR, at(0), NO_JITTER());
    let due = at(2_700_000);
    assert_eq!(slot.decide(due), Decision::UseAndRefresh);
    assert_eq!(slot.decide(due), Decision::Use);
    slot.failed(None, due, NO_JITTER());
    assert_eq!(slot.decide(due), Decision::Use);
    assert_eq!(slot.decide(at(2_701_000)), Decision::UseAndRefresh);
}

#[test]
fn refused_credentials_rest_for_a_minute_and_not_for_good() {
    let mut slot = Slot::new();
    assert_eq!(slot.decide(at(0)), Decision::Fetch);
    let error = refusal(400, r#"{"error":"invalid_grant","error_description":"client_id"}"#);
    slot.failed(Some(&error), at(0), NO_JITTER());
    assert_eq!(slot.decide(at(59_999)), Decision::WaitUntil(Duration::from_secs(60)));
    assert_eq!(slot.decide(at(60_000)), Decision::Fetch);
}

#[test]
fn what_is_wrong_with_one_user_may_be_mended_soon_and_is_not_remembered_long() {
    for (status, body) in [
        (404, r#"{"error":"entity_not_found","error_description":"User null not found"}"#),
        (400, r#"{"error":"invalid_grant","error_description":"user not activated"}"#),
        (409, r#"{"error":"concurrent_operation_error"}"#),
    ] {
        let mut slot = Slot::new();
        assert_eq!(slot.decide(at(0)), Decision::Fetch);
        slot.failed(Some(&refusal(status, body)), at(0), Jitter::new(1.0));
        assert_eq!(slot.decide(at(1_000)), Decision::Fetch, "{status}");
    }
}

#[test]
fn a_thousand_reports_of_one_401_are_one_refresh_and_an_old_one_is_none() {
    let mut slot = Slot::new();
    assert_eq!(slot.decide(at(0)), Decision::Fetch);
    let first = slot.succeeded(HOUR, at(0), NO_JITTER());
    let news = (0..1_000).filter(|_| slot.invalidate(first)).count();
    assert_eq!((news, slot.decide(at(1))), (1, Decision::Fetch));
    slot.succeeded(HOUR, at(2), NO_JITTER());
    assert!(!slot.invalidate(first));
    assert_eq!(slot.decide(at(3)), Decision::Use);
}

#[test]
fn a_service_that_always_refuses_its_own_tokens_is_asked_at_most_ten_times_a_minute() {
    let mut slot = Slot::new();
    let mut sent = Vec::new();
    for millis in (0..300_000).step_by(100) {
        if slot.decide(at(millis)) == Decision::Fetch {
            slot.sent(at(millis));
            sent.push(millis);
            let generation = slot.succeeded(HOUR, at(millis), NO_JITTER());
            assert!(slot.invalidate(generation));
        }
    }
    let worst = sent
        .iter()
        .map(|start| sent.iter().filter(|time| (*start..start + 60_000).contains(*time)).count());
    assert!(worst.max().unwrap() <= 10 && sent.len() >= 30, "{}", sent.len());
}

#[test]
fn a_day_without_the_service_fails_no_call_while_a_token_is_usable() {
    for jitter in [0.0, 0.5, 1.0].map(Jitter::new) {
        let mut slot = Slot::new();
        let week = Lifetime::Expires(Duration::from_secs(7 * 86_400));
        assert_eq!(slot.decide(at(0)), Decision::Fetch);
        slot.succeeded(week, at(0), NO_JITTER());
        let (start, mut requests) = (500_000_000, 0);
        for second in 0..86_400 {
            let now = at(start + second * 1_000);
            match slot.decide(now) {
                Decision::Use => {}
                Decision::UseAndRefresh => {
                    assert_eq!(slot.allowance(now), 1);
                    requests += 1;
                    slot.sent(now);
                    slot.failed(None, now, jitter);
                }
                other => panic!("{other:?} at {second} s"),
            }
        }
        assert!((1_400..=1_450).contains(&requests), "{requests}");
    }
}

/// The service is away from the start, each request hangs for some time, and then it is back.
fn seconds_of_errors_after_recovery(slot: &mut Slot, away: u64, hangs: u64, jitter: f64) -> u64 {
    let (mut sent, mut ends) = (Vec::new(), None);
    for second in 0..1_000 {
        let now = at(second * 1_000);
        if ends.is_some_and(|end| second >= end) {
            slot.failed(None, now, Jitter::new(jitter));
            ends = None;
        }
        match slot.decide(now) {
            Decision::Use => {}
            Decision::UseAndRefresh | Decision::Fetch => {
                slot.sent(now);
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
                let slot = &mut Slot::new();
                let seconds = seconds_of_errors_after_recovery(slot, away, hangs, jitter);
                assert!(seconds <= 10, "{seconds} s: {away} {hangs} {jitter}");
            }
        }
    }
}

#[test]
fn a_token_that_ends_in_the_middle_of_a_long_rest_shortens_the_rest() {
    let mut slot = Slot::new();
    assert_eq!(slot.decide(at(0)), Decision::Fetch);
    slot.succeeded(HOUR, at(0), NO_JITTER());
    // Usable for 3 540 s; it fails until the pause is a minute.
    let mut now = 2_700_000;
    while now < 3_535_000 {
        if slot.decide(at(now)) == Decision::UseAndRefresh {
            slot.sent(at(now));
            slot.failed(None, at(now), Jitter::new(1.0));
        }
        now += 1_000;
    }
    // The last failure is less than a minute old, and more than ten seconds.
    assert_eq!(slot.decide(at(3_545_000)), Decision::Fetch);
}

#[test]
fn a_refresh_that_brings_no_lifetime_leaves_the_good_token_in_use() {
    let mut slot = Slot::new();
    assert_eq!(slot.decide(at(0)), Decision::Fetch);
    let first = slot.succeeded(HOUR, at(0), NO_JITTER());
    let due = 2_700_000;
    assert_eq!(slot.decide(at(due)), Decision::UseAndRefresh);
    assert_eq!(slot.succeeded(Lifetime::Unknown, at(due), NO_JITTER()), first + 1);
    assert_eq!(slot.decide(at(due + 59_999)), Decision::Use);
    assert_eq!(slot.decide(at(due + 60_000)), Decision::UseAndRefresh);
    // It can still be refused, by its own number.
    assert!(slot.invalidate(first));
    // Without a good one, a token of unknown lifetime is fetched for each caller.
    slot.succeeded(Lifetime::Unknown, at(due + 61_000), NO_JITTER());
    assert_eq!(slot.decide(at(due + 61_000)), Decision::Fetch);
}

#[test]
fn an_acquisition_may_send_what_the_minute_has_room_for() {
    let mut slot = Slot::new();
    assert_eq!((slot.decide(at(0)), slot.allowance(at(0))), (Decision::Fetch, 4));
    for millis in [0, 1_000, 2_000] {
        slot.sent(at(millis));
    }
    slot.failed(None, at(2_000), NO_JITTER());
    assert_eq!((slot.decide(at(3_000)), slot.allowance(at(3_000))), (Decision::Fetch, 1));
}

/// What happens to a slot.
#[derive(Clone, Copy, Debug)]
enum Event {
    Ask,
    Succeed { life: u64, jitter: f64 },
    Fail { jitter: f64 },
    Refuse,
    Invalidate { age: u64 },
    Pass { millis: u64 },
    SetClock { seconds: u64 },
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => Just(Event::Ask),
        2 => (1..10_000_u64, 0.0..1.0).prop_map(|(life, jitter)| Event::Succeed { life, jitter }),
        2 => (0.0..1.0).prop_map(|jitter| Event::Fail { jitter }),
        1 => Just(Event::Refuse),
        1 => (0..3_u64).prop_map(|age| Event::Invalidate { age }),
        3 => (0..2_000_000_u64).prop_map(|millis| Event::Pass { millis }),
        1 => (0..5_000_000_u64).prop_map(|seconds| Event::SetClock { seconds }),
    ]
}

proptest! {
    /// Against a model that keeps only: is one under way, what is kept, how many successes.
    #[test]
    fn a_slot_behaves_like_its_model(events in prop::collection::vec(event(), 1..200)) {
        let (mut slot, mut now) = (Slot::new(), at(0));
        let (mut under_way, mut kept, mut successes) = (false, None::<Freshness>, 0);
        let refused = refusal(400, r#"{"error":"invalid_grant"}"#);
        for event in events {
            match event {
                Event::Ask => {
                    let usable = kept.is_some_and(|kept| kept.is_usable(now));
                    match slot.decide(now) {
                        Decision::Use => prop_assert!(usable),
                        Decision::UseAndRefresh => {
                            prop_assert!(usable && !under_way && kept.unwrap().is_due(now));
                            under_way = true;
                        }
                        Decision::Fetch => {
                            prop_assert!(!usable && !under_way);
                            under_way = true;
                        }
                        Decision::Join => prop_assert!(!usable && under_way),
                        Decision::WaitUntil(time) => {
                            prop_assert!(!usable && !under_way && time > now.uptime);
                            prop_assert!(time <= now.uptime + Duration::from_secs(60));
                        }
                    }
                }
                Event::Succeed { life, jitter } if under_way => {
                    let (life, jitter) = (Duration::from_secs(life), Jitter::new(jitter));
                    let generation = slot.succeeded(Lifetime::Expires(life), now, jitter);
                    successes += 1;
                    prop_assert_eq!(generation, successes, "generations only grow, by one");
                    kept = Freshness::new(Lifetime::Expires(life), now, jitter);
                    under_way = false;
                }
                Event::Fail { jitter } if under_way => {
                    slot.failed(None, now, Jitter::new(jitter));
                    under_way = false;
                }
                Event::Refuse if under_way => {
                    slot.failed(Some(&refused), now, Jitter::new(0.0));
                    under_way = false;
                }
                // The end of an acquisition that nobody started does not happen.
                Event::Succeed { .. } | Event::Fail { .. } | Event::Refuse => {}
                Event::Invalidate { age } => {
                    let generation = successes.saturating_sub(age);
                    let news = slot.invalidate(generation);
                    prop_assert_eq!(news, generation == successes && kept.is_some());
                    if news {
                        kept = None;
                    }
                }
                Event::Pass { millis } => {
                    let time = Duration::from_millis(millis);
                    now = Moment { wall: now.wall + time, uptime: now.uptime + time };
                }
                Event::SetClock { seconds } => {
                    now.wall = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
                }
            }
            prop_assert_eq!((slot.is_under_way(), slot.generation()), (under_way, successes));
        }
    }

    #[test]
    fn a_flow_ends_within_its_budget_whatever_happens(
        outcomes in prop::collection::vec((0..5_usize, 0.0..1.0, 0..12_000_u64), 1..20),
        attempts in 1..6_u32,
    ) {
        let limits = FlowLimits { attempts, ..FlowLimits::default() };
        let mut flow = Flow::new(limits, Duration::ZERO);
        let errors = [refusal(503, ""), refusal(200, "x"), refusal(401, ""), refusal(400, "")];
        let mut now = Duration::ZERO;
        let mut requests = 1;
        for (kind, jitter, took) in outcomes {
            let sent = now;
            now += Duration::from_millis(took);
            let step = match errors.get(kind) {
                Some(error) => flow.after_response(error, now, Jitter::new(jitter)),
                None => flow.after_transport_failure(true, now, Jitter::new(jitter)),
            };
            match step {
                NextStep::SendAt(time) | NextStep::SendWithNewAppTokenAt(time) => {
                    prop_assert!(time >= sent + limits.gap && time < limits.budget);
                    (now, requests) = (time, requests + 1);
                }
                NextStep::GiveUp => break,
            }
        }
        prop_assert!(requests <= attempts.max(1));
        prop_assert_eq!(requests, flow.attempts());
    }
}

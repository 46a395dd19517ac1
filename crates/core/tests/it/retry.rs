//! Retry rules of one acquisition.

use std::time::Duration;

use easemob_token_core::{Jitter, NextStep, ResponseError, Retry, RetryLimits, Uptime};
use proptest::prelude::*;

use crate::{at, refusal};

const NO_JITTER: fn() -> Jitter = || Jitter::new(0.0);
const UNAUTHORIZED: &str = r#"{"error":"unauthorized"}"#;

#[test]
fn an_acquisition_sends_at_most_three_requests_at_least_a_second_apart() {
    let mut retry = Retry::new(RetryLimits::default(), Uptime::ORIGIN);
    let mut now = Uptime::ORIGIN;
    let mut requests = 1;
    while let NextStep::SendAt(time) = retry.after_transport_failure(true, now, NO_JITTER()) {
        assert!(time >= now.after(Duration::from_secs(1)));
        (now, requests) = (time, requests + 1);
    }
    assert_eq!((requests, retry.attempts()), (3, 3));
}

#[test]
fn a_request_is_repeated_only_if_that_may_help() {
    let step = |error: &ResponseError| {
        Retry::new(RetryLimits::default(), Uptime::ORIGIN).after_response(
            error,
            Uptime::ORIGIN,
            NO_JITTER(),
        )
    };
    let second = at(1_000).uptime;
    let json = |error: &str| format!(r#"{{"error":"{error}"}}"#);
    assert_eq!(step(&refusal(503, "")), NextStep::SendAt(second));
    assert_eq!(step(&refusal(200, "<html>")), NextStep::SendAt(second));
    let conflict = json("concurrent_operation_error");
    assert_eq!(step(&refusal(409, &conflict)), NextStep::SendAt(second));
    assert_eq!(step(&refusal(401, &json("unauthorized"))), NextStep::SendWithNewAppTokenAt(second));
    // A page of a gateway is not about the app token.
    assert_eq!(step(&refusal(401, "<html>")), NextStep::GiveUp);
    // A minute does not fit into the deadline of twenty seconds.
    assert_eq!(step(&refusal(429, "")), NextStep::GiveUp);
    assert_eq!(step(&refusal(429, &json("resource_limited"))), NextStep::GiveUp);
    assert_eq!(step(&refusal(400, &json("invalid_grant"))), NextStep::GiveUp);
    assert_eq!(step(&refusal(200, "{}")), NextStep::GiveUp);
    assert_eq!(step(&refusal(302, "")), NextStep::GiveUp);
}

#[test]
fn a_torn_body_and_a_401_are_each_retried_once() {
    for (status, body) in [(200, "<html>"), (401, r#"{"error":"unauthorized"}"#)] {
        let mut retry = Retry::new(RetryLimits::default(), Uptime::ORIGIN);
        let error = refusal(status, body);
        assert_ne!(retry.after_response(&error, Uptime::ORIGIN, NO_JITTER()), NextStep::GiveUp);
        let now = at(2_000).uptime;
        assert_eq!(retry.after_response(&error, now, NO_JITTER()), NextStep::GiveUp);
    }
}

#[test]
fn nothing_is_started_after_the_deadline() {
    let mut retry = Retry::new(RetryLimits::default(), at(100_000).uptime);
    assert_eq!(retry.end(), at(120_000).uptime);
    let late = at(119_000).uptime;
    assert_eq!(retry.after_transport_failure(true, late, NO_JITTER()), NextStep::GiveUp);
}

proptest! {
    #[test]
    fn an_acquisition_ends_within_its_deadline_whatever_happens(
        outcomes in prop::collection::vec((0..5_usize, 0.0..1.0, 0..12_000_u64), 1..20),
        attempts in 1..6_u32,
    ) {
        let limits = RetryLimits { max_attempts: attempts, ..RetryLimits::default() };
        let mut retry = Retry::new(limits, Uptime::ORIGIN);
        let errors = [refusal(503, ""), refusal(200, "x"), refusal(401, UNAUTHORIZED), refusal(400, "")];
        let mut now = Uptime::ORIGIN;
        let mut requests = 1;
        for (kind, jitter, took) in outcomes {
            let sent = now;
            now = now.after(Duration::from_millis(took));
            let step = match errors.get(kind) {
                Some(error) => retry.after_response(error, now, Jitter::new(jitter)),
                None => retry.after_transport_failure(true, now, Jitter::new(jitter)),
            };
            match step {
                NextStep::SendAt(time) | NextStep::SendWithNewAppTokenAt(time) => {
                    prop_assert!(time >= sent.after(limits.min_interval) && time < retry.end());
                    (now, requests) = (time, requests + 1);
                }
                NextStep::GiveUp => break,
            }
        }
        prop_assert!(requests <= attempts.max(1));
        prop_assert_eq!(requests, retry.attempts());
    }
}

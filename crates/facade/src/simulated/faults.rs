//! Faults of the table during a refresh, and how long failures are remembered.

use std::sync::Arc;
use std::time::Duration;

use easemob_token_transport::{TransportError, TransportErrorKind};

use super::service::{Fault, UNAUTHORIZED, failure, limited, refusal};
use super::world::{busiest_minute, world, world_with};
use crate::ErrorKind;

/// Rows 1 to 40 as results of the transport, with names; a service that never responds is below.
fn faults() -> Vec<(String, Arc<Fault>)> {
    use TransportErrorKind::{Connect, Internal, Interrupted, Timeout, Tls, TooLarge, Unsupported};
    let mut faults: Vec<(String, Arc<Fault>)> = Vec::new();
    for kind in [Connect, Tls, Timeout, Interrupted, TooLarge, Unsupported, Internal] {
        faults.push((format!("{kind:?}"), failure(kind)));
    }
    faults.push(("panic".to_owned(), Arc::new(|| panic!("a defect of the transport"))));
    for status in [
        201, 204, 300, 302, 307, 400, 401, 403, 404, 405, 408, 409, 413, 415, 429, 451, 500, 502,
        503, 504, 599, 600, 999,
    ] {
        for body in ["", "<html>", r#"{"error":"some_error"}"#] {
            faults.push((format!("{status} {body}"), refusal(status, body)));
        }
    }
    for (status, body) in [
        (400, r#"{"error":"invalid_grant","error_description":"client_id does not match"}"#),
        (404, r#"{"error":"organization_application_not_found"}"#),
        (409, r#"{"error":"concurrent_operation_error"}"#),
        (429, r#"{"error":"resource_limited"}"#),
        (429, r#"{"error":"reach_limit"}"#),
        (200, ""),
        (200, "<html>"),
        (200, "{\"access_token\":\"half"),
        (200, "[]"),
        (200, "{}"),
        (200, r#"{"access_token":null,"expires_in":60}"#),
        (200, r#"{"access_token":"","expires_in":60}"#),
        (200, r#"{"access_token":7,"expires_in":60}"#),
        (200, r#"{"access_token":"a b","expires_in":60}"#),
        (200, r#"{"access_token":"a","expires_in":"soon"}"#),
        (200, r#"{"access_token":"a","access_token":"b","expires_in":60}"#),
        // Tokens of unknown lifetime.
        (200, r#"{"access_token":"a"}"#),
        (200, r#"{"access_token":"a","expires_in":0}"#),
        (200, r#"{"access_token":"a","expires_in":-1}"#),
    ] {
        faults.push((format!("{status} {body}"), refusal(status, body)));
    }
    for pause in ["1", "7", "99999", "-5", "Sun, 06 Nov 2044 08:49:37 GMT", "rubbish"] {
        faults.push((format!("429, {pause}"), limited(Some(pause))));
    }
    faults
}

#[test]
fn a_failure_that_may_be_retried_once_is_retried_once() {
    use TransportErrorKind::Interrupted;
    let once = || Err(TransportError::new(Interrupted).retry_once());
    for (fault, requests) in [(Arc::new(once) as Arc<Fault>, 2), (failure(Interrupted), 3)] {
        let world = world(1_000);
        world.fault(Some(fault));
        let error = world.token().unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::Interrupted, requests));
    }
}

#[test]
fn rows_1_to_40_do_not_delay_a_usable_token_and_send_few_requests() {
    for (name, fault) in faults() {
        let world = world(1_000);
        assert_eq!(world.token().unwrap(), "1");
        world.pass(860);
        world.fault(Some(fault));
        // Until the margin before its end, no caller waits.
        for _ in 0..79 {
            let before = world.now();
            assert_eq!(world.token().unwrap(), "1", "{name}");
            assert_eq!(world.now(), before, "{name}");
            world.pass(1);
        }
        // At least 1, 2, 4, 8 … seconds apart.
        assert!((2..=20).contains(&world.received().len()), "{name}: {}", world.received().len());
        assert!(busiest_minute(&world.app_token_requests()) <= 10, "{name}");
        // After the fault, the next request brings a new token.
        world.fault(None);
        world.pass(3_600);
        assert_ne!(world.token().unwrap(), "1", "{name}");
    }
}

/// A transport that does not respond while the token lives.
#[test]
fn row_17_a_refresh_without_a_response_does_not_delay_a_usable_token() {
    let world = world(1_000);
    assert_eq!(world.token().unwrap(), "1");
    world.pass(860);
    world.set(|settings| settings.silent = true);
    for _ in 0..79 {
        assert_eq!(world.token().unwrap(), "1");
        world.pass(1);
    }
    let received = world.received().len();
    assert!((2..=9).contains(&received), "{received}");
}

#[test]
fn retries_are_as_far_apart_as_is_set_and_then_up_to_twice_as_far() {
    for millis in [100, 1_000, 3_000] {
        let interval = Duration::from_millis(millis);
        let world = world_with(1_000, |builder| builder.min_retry_interval(interval));
        world.fault(Some(refusal(503, "")));
        world.token().unwrap_err();
        let times = world.app_token_requests();
        let [first, second, third] = times[..] else { panic!("{times:?}") };
        assert_eq!(second.since(first), interval);
        let later = third.since(second);
        assert!(later >= interval && later <= interval * 2, "{later:?}");
    }
}

/// The seconds after a failure in which nothing is sent, though a caller asks each second.
fn remembered(fault: Arc<Fault>, kind: ErrorKind) -> u64 {
    let world = world(1_000);
    world.fault(Some(fault));
    assert_eq!(world.token().unwrap_err().kind(), kind);
    let sent = world.received().len();
    for seconds in 0.. {
        let error = world.token().unwrap_err();
        assert_eq!(error.kind(), kind);
        if world.received().len() > sent {
            return seconds;
        }
        world.pass(1);
    }
    unreachable!("a failure is not remembered for ever")
}

#[test]
fn row_36_refused_credentials_and_a_missing_application_are_remembered_for_a_minute() {
    let credentials = r#"{"error":"invalid_grant","error_description":"client_secret"}"#;
    let application = r#"{"error":"organization_application_not_found"}"#;
    for (fault, kind) in [
        (refusal(400, credentials), ErrorKind::InvalidClient),
        (refusal(401, UNAUTHORIZED), ErrorKind::InvalidClient),
        (refusal(200, credentials), ErrorKind::InvalidClient),
        (refusal(404, application), ErrorKind::ApplicationNotFound),
        (refusal(403, r#"{"error":"forbidden_op"}"#), ErrorKind::Rejected),
        (refusal(429, r#"{"error":"resource_limited"}"#), ErrorKind::QuotaExceeded),
    ] {
        let seconds = remembered(fault, kind);
        assert!((59..=60).contains(&seconds), "{kind}: {seconds}");
    }
}

#[test]
fn row_38_a_rate_limit_is_obeyed_between_a_second_and_an_hour_and_is_a_minute_without() {
    for (fault, least) in [
        (limited(Some("25")), 25),
        (limited(Some("3600")), 3_600),
        (limited(Some("99999999999999999999999")), 3_600),
        (limited(Some("Sun, 06 Nov 2044 08:49:37 GMT")), 3_600),
        (limited(None), 60),
        (limited(Some("-5")), 60),
        (limited(Some("rubbish")), 60),
    ] {
        let seconds = remembered(fault, ErrorKind::RateLimited);
        assert!((least - 1..=least).contains(&seconds), "{least}: {seconds}");
    }
}

#[test]
fn a_page_of_a_gateway_is_remembered_for_ten_seconds_at_most() {
    for (status, kind) in [
        (302, ErrorKind::Redirected),
        (401, ErrorKind::Unauthorized),
        (403, ErrorKind::Rejected),
        (404, ErrorKind::Rejected),
    ] {
        for body in ["", "<html>forbidden</html>", r#"{"message":"forbidden"}"#] {
            let seconds = remembered(refusal(status, body), kind);
            assert!(seconds <= 10, "{status} {body}: {seconds}");
        }
    }
}

#[test]
fn row_46_errors_of_a_cached_user_token_end_with_those_of_the_app_token() {
    for _ in 0..20 {
        let world = world(1_000);
        world.away(true);
        for _ in 0..120 {
            world.token().unwrap_err();
            world.user_token("c").unwrap_err();
            world.pass(1);
        }
        world.away(false);
        let recovered = world.now();
        while world.user_token("c").is_err() {
            let _ = world.token();
            world.pass(1);
        }
        let time = world.now().since(recovered);
        assert!(time <= Duration::from_millis(11_500), "{time:?}");
    }
}

#[test]
fn row_36_a_user_adds_nothing_to_the_time_for_which_refused_credentials_are_remembered() {
    let credentials = r#"{"error":"invalid_grant","error_description":"client_secret"}"#;
    let world = world(1_000);
    world.fault(Some(refusal(400, credentials)));
    world.token().unwrap_err();
    world.fault(None);
    // Just before the minute is over, a user token gets the remembered error.
    world.pass(58);
    let error = world.user_token("c").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidClient);
    world.pass(4);
    world.user_token("c").unwrap();
    assert_eq!(world.received().len(), 3);
}

//! What the service refuses: typed, asked once, and remembered (rows 36 to 38 of the fault table).
//!
//! For how long it is remembered is shown in simulated time, in `cache/tests.rs`.

use std::sync::Arc;
use std::time::Duration;

use easemob_token::transport::Transport;
use easemob_token::{Client, Error, ErrorKind};
use easemob_token_emulator::{Emulator, Fault, Refusal};

use crate::end_to_end::client_of;
use crate::herd::callers;

/// What so many callers at once get, and one more after them: errors alone.
async fn failures(client: &Client, number: usize) -> Vec<Error> {
    let mut failures = Vec::new();
    for result in callers(client, number).join_all().await {
        failures.push(result.unwrap_err());
    }
    failures.push(client.app_token().await.unwrap_err());
    failures
}

async fn row_36_refused_credentials_cost_one_request_for_a_hundred_callers(
    transport: impl Transport,
) {
    let transport = Arc::new(transport);
    for (refusal, kind, status) in [
        (Refusal::ClientIdMismatch, ErrorKind::InvalidClient, 400),
        (Refusal::ClientSecretMismatch, ErrorKind::InvalidClient, 400),
        (Refusal::AppTokenInvalid, ErrorKind::Unauthorized, 401),
        (Refusal::AppTokenForeign, ErrorKind::Unauthorized, 401),
    ] {
        let emulator = Emulator::start().await.unwrap();
        emulator.inject(Fault::refusal(refusal).always()).unwrap();
        let client = client_of(&emulator, Arc::clone(&transport)).build().unwrap();
        for error in failures(&client, 100).await {
            assert_eq!((error.kind(), error.status()), (kind, Some(status)), "{error}");
            assert_eq!((error.attempts(), error.is_retryable()), (1, false), "{error}");
        }
        assert_eq!(emulator.request_count(), 1, "{kind}");
    }
}

async fn row_37_other_refusals_and_statuses_without_a_meaning_are_sent_once(
    transport: impl Transport,
) {
    let unknown_app = Refusal::ApplicationNotFound("easemob-demo/testapp".to_owned());
    let error = |status| Fault::error(status, "some_error", Some("in words of its own"));
    let mut cases = vec![
        (Fault::refusal(unknown_app), 404, ErrorKind::ApplicationNotFound),
        (Fault::refusal(Refusal::UserNotFound), 404, ErrorKind::UserNotFound),
        (Fault::refusal(Refusal::RequestEntityTooLarge), 413, ErrorKind::Rejected),
        (Fault::refusal(Refusal::UnsupportedMediaType), 415, ErrorKind::Rejected),
    ];
    for status in [400, 402, 403, 404, 405, 406, 410, 413, 415, 418, 421, 422, 451, 499] {
        cases.push((error(status), status, ErrorKind::Rejected));
        cases.push((Fault::gateway(status), status, ErrorKind::Rejected));
    }
    for status in [201, 204, 206, 299, 600, 700, 999] {
        cases.push((Fault::response(status, [], "{}"), status, ErrorKind::MalformedResponse));
    }
    let transport = Arc::new(transport);
    let emulator = Emulator::start().await.unwrap();
    for (fault, status, kind) in cases {
        let before = emulator.request_count();
        emulator.inject(fault).unwrap();
        let client = client_of(&emulator, Arc::clone(&transport)).build().unwrap();
        for error in failures(&client, 3).await {
            assert_eq!((error.kind(), error.status()), (kind, Some(status)), "{error}");
            assert_eq!((error.attempts(), error.is_retryable()), (1, false), "{error}");
        }
        assert_eq!(emulator.request_count(), before + 1, "{status}");
    }
}

async fn row_38_a_rate_limit_tells_how_long_to_wait_and_a_used_up_quota_does_not(
    transport: impl Transport,
) {
    let limited = |value: Option<&str>| {
        let fault = Fault::rate_limited(None);
        value.map_or(fault.clone(), |value| fault.header("retry-after", value))
    };
    let (kind, quota) = (ErrorKind::RateLimited, ErrorKind::QuotaExceeded);
    let cases = [
        (limited(Some("7")), kind, Some(7)),
        (limited(Some("0")), kind, Some(1)),
        (limited(Some("Sun, 06 Nov 2044 08:49:37 GMT")), kind, Some(3600)),
        (limited(Some("Sun, 06 Nov 1994 08:49:37 GMT")), kind, Some(1)),
        (limited(Some("99999999999999999999999999")), kind, Some(3600)),
        (limited(None), kind, None),
        (limited(Some("-5")), kind, None),
        (limited(Some("1.5")), kind, None),
        (limited(Some("in a while")), kind, None),
        (Fault::gateway(429), kind, None),
        (Fault::quota_exceeded(), quota, None),
    ];
    let transport = Arc::new(transport);
    let emulator = Emulator::start().await.unwrap();
    for (fault, kind, seconds) in cases {
        let before = emulator.request_count();
        emulator.inject(fault.clone()).unwrap();
        // So short a time that no pause fits into it.
        let client = client_of(&emulator, Arc::clone(&transport))
            .acquisition_deadline(Duration::from_secs(1));
        for error in failures(&client.build().unwrap(), 20).await {
            assert_eq!(error.kind(), kind, "{fault:?}: {error}");
            let pause = error.retry_after();
            assert_eq!(pause, seconds.map(Duration::from_secs), "{fault:?}: {error}");
            assert_eq!(error.attempts(), 1);
            assert_eq!(error.is_retryable(), kind != quota);
        }
        assert_eq!(emulator.request_count(), before + 1, "{fault:?}");
    }
}

async fn row_38_a_pause_that_fits_into_the_acquisition_is_kept_and_one_that_does_not_ends_it(
    transport: impl Transport,
) {
    let transport = Arc::new(transport);
    let emulator = Emulator::start().await.unwrap();
    emulator.inject(Fault::rate_limited(Some(Duration::from_secs(2)))).unwrap();
    let client = client_of(&emulator, Arc::clone(&transport)).build().unwrap();
    client.app_token().await.unwrap();
    let [first, second] = &emulator.requests()[..] else { panic!("two requests") };
    let pause = second.received_at().duration_since(first.received_at()).unwrap();
    assert!(pause >= Duration::from_secs(2), "{pause:?}");

    for seconds in [20, 3600] {
        let emulator = Emulator::start().await.unwrap();
        emulator.inject(Fault::rate_limited(Some(Duration::from_secs(seconds)))).unwrap();
        let client = client_of(&emulator, Arc::clone(&transport)).build().unwrap();
        let error = client.app_token().await.unwrap_err();
        assert_eq!(error.retry_after(), Some(Duration::from_secs(seconds)));
        assert_eq!(emulator.request_count(), 1);
    }
}

over_each_transport!(
    row_36_refused_credentials_cost_one_request_for_a_hundred_callers,
    row_37_other_refusals_and_statuses_without_a_meaning_are_sent_once,
    row_38_a_rate_limit_tells_how_long_to_wait_and_a_used_up_quota_does_not,
    row_38_a_pause_that_fits_into_the_acquisition_is_kept_and_one_that_does_not_ends_it,
);

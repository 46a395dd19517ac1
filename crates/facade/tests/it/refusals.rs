//! Refusals by the service: one request for all callers, `Retry-After` obeyed (rows 36 and 38 of
//! the fault table).

use std::sync::Arc;
use std::time::Duration;

use easemob_token::transport::Transport;
use easemob_token::{Client, Error, ErrorKind};
use easemob_token_emulator::{Emulator, Fault, Refusal};

use crate::end_to_end::client_of;
use crate::many_callers::callers;

/// Errors of this many callers at once, and of one more after them.
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
        (Refusal::AppTokenInvalid, ErrorKind::InvalidClient, 401),
        (Refusal::AppTokenForeign, ErrorKind::InvalidClient, 401),
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

async fn row_38_a_pause_is_obeyed_if_it_ends_before_the_deadline(transport: impl Transport) {
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
    row_38_a_pause_is_obeyed_if_it_ends_before_the_deadline,
);

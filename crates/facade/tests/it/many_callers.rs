//! Many callers share one acquisition: rows 41, 42 and 44 of the fault table.

use std::time::{Duration, Instant};

use easemob_token::transport::Transport;
use easemob_token::{Client, Error, ErrorKind};
use easemob_token_emulator::{BodyKind, Emulator, Fault};
use tokio::task::JoinSet;

use crate::driving::yield_to_tasks;
use crate::end_to_end::client_of;

const CALLERS: usize = 10_000;

/// Spawns callers of the app token.
pub(crate) fn callers(client: &Client, number: usize) -> JoinSet<Result<String, Error>> {
    let mut callers = JoinSet::new();
    for _ in 0..number {
        let client = client.clone();
        callers.spawn(async move {
            client.app_token().await.map(|token| token.access_token().expose().to_owned())
        });
    }
    callers
}

async fn row_41_ten_thousand_cold_callers_are_served_by_one_request(transport: impl Transport) {
    let transport = std::sync::Arc::new(transport);
    for _ in 0..3 {
        let emulator = Emulator::start().await.unwrap();
        let client = client_of(&emulator, std::sync::Arc::clone(&transport)).build().unwrap();
        let hold = emulator.hold();
        let callers = callers(&client, CALLERS);
        emulator.wait_for_requests(1).await;
        yield_to_tasks().await;
        hold.release();
        let tokens: Vec<_> = callers.join_all().await;
        assert_eq!(tokens.len(), CALLERS);
        let first = tokens[0].as_ref().unwrap();
        assert!(tokens.iter().all(|token| token.as_ref().unwrap() == first));
        assert_eq!(emulator.request_count(), 1);
    }
}

async fn row_42_ten_thousand_callers_of_a_failing_service_get_one_error_of_one_acquisition(
    transport: impl Transport,
) {
    let emulator = Emulator::start().await.unwrap();
    emulator.inject(Fault::server_error(503, BodyKind::Html).always()).unwrap();
    let client = client_of(&emulator, transport).build().unwrap();
    let failures = callers(&client, CALLERS).join_all().await;
    assert_eq!(failures.len(), CALLERS);
    let first = failures[0].as_ref().unwrap_err().to_string();
    for failure in &failures {
        let error = failure.as_ref().unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::ServerError, 3));
        assert_eq!(error.to_string(), first);
    }
    assert_eq!(emulator.request_count(), 3);
}

async fn row_44_only_callers_whose_deadline_is_shorter_than_the_response_time_out(
    transport: impl Transport,
) {
    let emulator = Emulator::start().await.unwrap();
    let client = client_of(&emulator, transport).build().unwrap();
    let hold = emulator.hold();
    let call = |deadline| {
        let client = client.clone();
        tokio::time::timeout(deadline, async move { client.app_token().await })
    };
    let (mut short, mut long) = (JoinSet::new(), JoinSet::new());
    let start = Instant::now();
    for milliseconds in 0..100 {
        // The first caller of all, who starts the acquisition, is one of the short ones.
        short.spawn(call(Duration::from_millis(milliseconds)));
        long.spawn(call(Duration::from_secs(60)));
    }
    // The response comes when all of them have timed out.
    for outcome in short.join_all().await {
        assert!(outcome.is_err(), "a deadline passed before the response");
    }
    assert!(start.elapsed() < Duration::from_secs(30), "they waited for the response");
    emulator.wait_for_requests(1).await;
    hold.release();
    for outcome in long.join_all().await {
        outcome.expect("in time").unwrap();
    }
    assert_eq!(emulator.request_count(), 1);
}

over_each_transport!(
    row_41_ten_thousand_cold_callers_are_served_by_one_request,
    row_42_ten_thousand_callers_of_a_failing_service_get_one_error_of_one_acquisition,
    row_44_only_callers_whose_deadline_is_shorter_than_the_response_time_out,
);

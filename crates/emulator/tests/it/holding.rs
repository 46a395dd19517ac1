//! Responses that are held back until many requests have arrived.

use std::sync::Arc;
use std::time::Duration;

use easemob_token_emulator::Emulator;
use tokio::time::timeout;

use crate::client::{client_credentials, post};

#[tokio::test]
async fn many_requests_are_held_and_released_together() {
    let emulator = Arc::new(Emulator::builder().no_request_limit().start().await.unwrap());
    let hold = emulator.hold();
    let callers: Vec<_> = (0..50)
        .map(|_| {
            let emulator = Arc::clone(&emulator);
            tokio::spawn(async move { post(&emulator, &client_credentials()).await.status })
        })
        .collect();
    emulator.wait_for_requests(50).await;
    assert_eq!(emulator.request_count(), 50);
    assert!(emulator.requests().iter().all(|request| request.outcome().is_none()));
    hold.release();
    for caller in callers {
        assert_eq!(caller.await.unwrap(), 200);
    }
}

#[tokio::test]
async fn several_holds_end_with_the_last_even_when_dropped() {
    let emulator = Emulator::start().await.unwrap();
    let (first, second) = (emulator.hold(), emulator.hold());
    drop(first);
    let body = client_credentials();
    let mut caller = std::pin::pin!(post(&emulator, &body));
    assert!(timeout(Duration::from_millis(100), &mut caller).await.is_err(), "still held");
    drop(second);
    assert_eq!(caller.await.status, 200);
}

#[tokio::test]
async fn waiting_for_received_requests_returns_at_once() {
    let emulator = Emulator::start().await.unwrap();
    emulator.wait_for_requests(0).await;
    post(&emulator, &client_credentials()).await;
    emulator.wait_for_requests(1).await;
    assert!(timeout(Duration::from_millis(50), emulator.wait_for_requests(2)).await.is_err());
}

#[tokio::test]
async fn shutdown_closes_held_connections() {
    let emulator = Emulator::start().await.unwrap();
    let hold = emulator.hold();
    let body = client_credentials();
    let caller = async {
        let request = crate::client::request("POST", "/", &[], body.to_string().as_bytes());
        crate::client::raw(&emulator, &request).await
    };
    let stop = async {
        emulator.wait_for_requests(1).await;
        emulator.shutdown().await;
    };
    let (reply, ()) = tokio::join!(caller, stop);
    assert!(reply.is_none(), "the connection was closed");
    drop(hold);
}

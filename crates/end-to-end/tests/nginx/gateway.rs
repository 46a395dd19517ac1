//! nginx as a gateway: it forwards every grant, and responds itself if the service does not.

use easemob_token::{Client, ClientBuilder, ErrorKind};
use easemob_token_emulator::{DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, Emulator};
use easemob_token_end_to_end::Adapter;

use crate::calls::{Calls, Ended, assert_sent_once};
use crate::nginx::{Nginx, Settings};

crate::over_both_adapters!(
    every_grant_passes,
    a_stopped_service_is_a_server_error_until_it_is_back,
    retries_outlast_a_short_outage,
    a_call_is_not_sent_again_if_the_service_stops_in_the_middle,
    pages_of_the_gateway_are_classified_by_status,
);

fn client(nginx: &Nginx, adapter: &Adapter) -> Client {
    builder(nginx, adapter).build().unwrap()
}

fn client_without_retries(nginx: &Nginx, adapter: &Adapter) -> Client {
    builder(nginx, adapter).max_attempts(1).build().unwrap()
}

fn builder(nginx: &Nginx, adapter: &Adapter) -> ClientBuilder {
    Client::builder(nginx.base_url(), "easemob-demo#testapp")
        .client_credentials(DEMO_CLIENT_ID, DEMO_CLIENT_SECRET)
        .transport(adapter.trusting(nginx.roots()))
}

async fn every_grant_passes(adapter: &Adapter) {
    let emulator = Emulator::start().await.unwrap();
    let nginx = Nginx::start(emulator.address(), Settings::default());
    let client = client(&nginx, adapter);
    let app = client.app_token().await.unwrap();
    assert!(app.access_token().expose().starts_with("YWMt"));
    let alice = client.user_token("Alice").auto_create_user(true).await.unwrap();
    assert_eq!(alice.user().unwrap().username(), Some("alice"));
    let c = client.user_token_by_password("C", "1").await.unwrap();
    assert_eq!(c.user().unwrap().username(), Some("c"));
    let wrong = client.user_token_by_password("C", "wrong").await.unwrap_err();
    assert_eq!(wrong.kind(), ErrorKind::InvalidPassword);
}

async fn a_stopped_service_is_a_server_error_until_it_is_back(adapter: &Adapter) {
    let emulator = Emulator::start().await.unwrap();
    let address = emulator.address();
    let nginx = Nginx::start(address, Settings::default());
    let client = client_without_retries(&nginx, adapter);
    client.user_token_by_password("c", "1").await.unwrap();
    emulator.shutdown().await;
    for _ in 0..2 {
        let error = client.user_token_by_password("c", "1").await.unwrap_err();
        assert_eq!((error.kind(), error.status()), (ErrorKind::ServerError, Some(502)));
        assert!(error.is_retryable());
        let back = Emulator::builder().listen(address.to_string()).start().await.unwrap();
        client.user_token_by_password("c", "1").await.unwrap();
        assert_eq!(back.request_count(), 1);
        back.shutdown().await;
    }
}

async fn retries_outlast_a_short_outage(adapter: &Adapter) {
    let emulator = Emulator::start().await.unwrap();
    let address = emulator.address();
    let nginx = Nginx::start(address, Settings::default());
    let client = client(&nginx, adapter);
    emulator.shutdown().await;
    let call = tokio::spawn(async move { client.user_token_by_password("c", "1").await });
    // The first request failed because of the outage.
    tokio::task::block_in_place(|| nginx.logged(1));
    let back = Emulator::builder().listen(address.to_string()).start().await.unwrap();
    call.await.unwrap().unwrap();
    assert_eq!(back.request_count(), 1);
}

async fn a_call_is_not_sent_again_if_the_service_stops_in_the_middle(adapter: &Adapter) {
    let emulator = Emulator::start().await.unwrap();
    let nginx = Nginx::start(emulator.address(), Settings::default());
    let calls = Calls::through(&nginx, &emulator, adapter).await;
    calls.call_successfully().await;
    let hold = emulator.hold();
    let arrived = emulator.request_count() + 1;
    let ((number, ended), back) = tokio::join!(calls.call(), async {
        emulator.wait_for_requests(arrived).await;
        emulator.shutdown().await;
        // Immediately, so that a second request would arrive.
        Emulator::builder().listen(emulator.address().to_string()).start().await.unwrap()
    });
    drop(hold);
    let page = Ended::Refused { status: 502, content_type: "text/html".to_owned() };
    assert_eq!((number, ended), (1, page));
    assert_eq!(back.request_count(), 0, "the call was sent again");
    assert_sent_once(&[0], &nginx.all_logged(), &emulator);
}

async fn pages_of_the_gateway_are_classified_by_status(adapter: &Adapter) {
    let emulator = Emulator::start().await.unwrap();
    let settings = Settings { body_limit: "16", read_timeout: "100ms", ..Settings::default() };
    let strict = Nginx::start(emulator.address(), settings);
    let error = client_without_retries(&strict, adapter).app_token().await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::Rejected, Some(413)));
    assert!(!error.is_retryable());
    assert_eq!(emulator.request_count(), 0);

    let slow = Nginx::start(emulator.address(), Settings { body_limit: "64k", ..settings });
    let hold = emulator.hold();
    let error = client_without_retries(&slow, adapter).app_token().await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::ServerError, Some(504)));
    assert!(error.is_retryable());
    drop(hold);

    // The page itself.
    let calls = Calls::through(&strict, &emulator, adapter).await;
    let (_, ended) = calls.call().await;
    let page = Ended::Refused { status: 413, content_type: "text/html".to_owned() };
    assert_eq!(ended, page);
}

//! nginx in the middle: it passes every grant on, and answers by itself where the service does not.

use easemob_token::{Client, ClientBuilder, ErrorKind};
use easemob_token_emulator::{DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, Emulator};

use crate::adapters::Adapter;
use crate::calls::{Calls, Ended, assert_sent_once};
use crate::nginx::{Nginx, Settings};

crate::over_both_adapters!(
    every_grant_passes,
    a_stopped_service_is_a_server_error_until_it_is_back,
    an_outage_is_over_before_the_repeats_are,
    a_service_that_stops_in_the_middle_is_not_asked_again,
    the_pages_of_the_gateway_are_told_by_their_status,
);

fn client(nginx: &Nginx, adapter: &Adapter) -> Client {
    builder(nginx, adapter).build().unwrap()
}

/// One that tells how a single request ended.
fn client_without_repeats(nginx: &Nginx, adapter: &Adapter) -> Client {
    builder(nginx, adapter).max_attempts(1).build().unwrap()
}

fn builder(nginx: &Nginx, adapter: &Adapter) -> ClientBuilder {
    Client::builder()
        .base_url(nginx.base_url())
        .app_key("easemob-demo#testapp")
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
    let client = client_without_repeats(&nginx, adapter);
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

async fn an_outage_is_over_before_the_repeats_are(adapter: &Adapter) {
    let emulator = Emulator::start().await.unwrap();
    let address = emulator.address();
    let nginx = Nginx::start(address, Settings::default());
    let client = client(&nginx, adapter);
    emulator.shutdown().await;
    let call = tokio::spawn(async move { client.user_token_by_password("c", "1").await });
    // The first request has met the outage.
    tokio::task::block_in_place(|| nginx.logged(1));
    let back = Emulator::builder().listen(address.to_string()).start().await.unwrap();
    call.await.unwrap().unwrap();
    assert_eq!(back.request_count(), 1);
}

async fn a_service_that_stops_in_the_middle_is_not_asked_again(adapter: &Adapter) {
    let emulator = Emulator::start().await.unwrap();
    let nginx = Nginx::start(emulator.address(), Settings::default());
    let calls = Calls::through(&nginx, &emulator, adapter).await;
    calls.call_well().await;
    let hold = emulator.hold();
    let arrived = emulator.request_count() + 1;
    let ((number, ended), back) = tokio::join!(calls.call(), async {
        emulator.wait_for_requests(arrived).await;
        emulator.shutdown().await;
        // At once, so that whoever asks again has somebody to ask.
        Emulator::builder().listen(emulator.address().to_string()).start().await.unwrap()
    });
    drop(hold);
    let page = Ended::Refused { status: 502, content_type: "text/html".to_owned() };
    assert_eq!((number, ended), (1, page));
    assert_eq!(back.request_count(), 0, "the call was sent again");
    assert_sent_once(&[0], &nginx.all_logged(), &emulator);
}

async fn the_pages_of_the_gateway_are_told_by_their_status(adapter: &Adapter) {
    let emulator = Emulator::start().await.unwrap();
    let settings = Settings { body_limit: "16", read_timeout: "100ms", ..Settings::default() };
    let strict = Nginx::start(emulator.address(), settings);
    let error = client_without_repeats(&strict, adapter).app_token().await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::Rejected, Some(413)));
    assert!(!error.is_retryable());
    assert_eq!(emulator.request_count(), 0);

    let slow = Nginx::start(emulator.address(), Settings { body_limit: "64k", ..settings });
    let hold = emulator.hold();
    let error = client_without_repeats(&slow, adapter).app_token().await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::ServerError, Some(504)));
    assert!(error.is_retryable());
    drop(hold);

    // What the pages are, for whoever reads them.
    let calls = Calls::through(&strict, &emulator, adapter).await;
    let (_, ended) = calls.call().await;
    let page = Ended::Refused { status: 413, content_type: "text/html".to_owned() };
    assert_eq!(ended, page);
}

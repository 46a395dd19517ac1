//! Grants and errors against the emulator, over every transport compiled in.

use std::time::Duration;

use easemob_token::transport::Transport;
use easemob_token::{Client, ClientBuilder, ErrorKind, Lifetime};
use easemob_token_emulator::{
    DEMO_APP_KEY, DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, Emulator, Fault, ReceivedRequest,
};
use easemob_token_transport_testkit::ClosedPort;

pub(crate) fn client_of(emulator: &Emulator, transport: impl Transport) -> ClientBuilder {
    Client::builder(emulator.base_url(), emulator.app_key())
        .client_credentials(DEMO_CLIENT_ID, DEMO_CLIENT_SECRET)
        .transport(transport)
        // On a machine that is busy with other tests, only the deadline ends a call.
        .request_timeout(Duration::from_secs(60))
}

/// Every `User-Agent` of a request.
fn agents_of(request: &ReceivedRequest) -> Vec<&str> {
    let agents = request.headers().filter(|(name, _)| name.eq_ignore_ascii_case("user-agent"));
    agents.map(|(_, value)| std::str::from_utf8(value).unwrap()).collect()
}

async fn every_grant(transport: impl Transport) {
    let emulator = Emulator::start().await.unwrap();
    let client = client_of(&emulator, transport).user_agent("my-app/1.0 (x)").build().unwrap();

    let app = client.app_token().await.unwrap();
    assert!(app.access_token().expose().starts_with("YWMt"));
    assert_eq!(app.lifetime(), Lifetime::Expires(Duration::from_secs(5_184_000)));
    assert!(app.application().is_some());

    let alice = client.user_token("Alice").auto_create_user(true).await.unwrap();
    assert_eq!(alice.user().unwrap().username(), Some("alice"));
    assert_eq!(alice.user().unwrap().activated(), Some(true));

    let c = client.user_token_by_password("C", "1").ttl(Duration::from_secs(1_024_000));
    let c = c.await.unwrap();
    assert_eq!(c.lifetime().duration(), Some(Duration::from_secs(1_024_000)));
    assert_eq!(c.user().unwrap().username(), Some("c"));

    // One request for the app token, which alice's carries too, one for alice, one for c.
    let requests = emulator.requests();
    assert_eq!(requests.len(), 3);
    for request in &requests {
        assert_eq!((request.method(), request.path()), ("POST", "/easemob-demo/testapp/token"));
        assert_eq!(request.header("content-type"), Some("application/json"));
        assert_eq!(request.header("accept"), Some("application/json"));
        assert_eq!(agents_of(request), ["my-app/1.0 (x)"]);
        assert_eq!(request.header("accept-encoding"), None);
        assert_eq!(request.header("expect"), None);
    }
    assert!(requests[2].header("authorization").is_none());
}

async fn refusals_are_typed(transport: impl Transport) {
    let emulator = Emulator::start().await.unwrap();
    let client = client_of(&emulator, transport).max_attempts(1).build().unwrap();
    let kind = |error: easemob_token::Error| error.kind();

    let wrong = client.user_token_by_password("c", "wrong").await.unwrap_err();
    assert_eq!((wrong.kind(), wrong.attempts()), (ErrorKind::InvalidPassword, 1));
    let nobody = client.user_token("nobody").await.map_err(kind).unwrap_err();
    assert_eq!(nobody, ErrorKind::UserNotFound);
    let illegal = client.user_token("not legal!").auto_create_user(true).await.map_err(kind);
    assert_eq!(illegal.unwrap_err(), ErrorKind::InvalidUsername);
    emulator.ban("c").unwrap();
    let banned = client.user_token_by_password("c", "1").await.map_err(kind).unwrap_err();
    assert_eq!(banned, ErrorKind::UserDeactivated);

    let cases = [
        (Fault::quota_exceeded(), ErrorKind::QuotaExceeded, false),
        (Fault::rate_limited(Some(Duration::from_secs(7))), ErrorKind::RateLimited, true),
        (Fault::gateway(502), ErrorKind::ServerError, true),
        (Fault::conflict(), ErrorKind::Conflict, true),
        (Fault::redirect("http://127.0.0.1:1/"), ErrorKind::Redirected, false),
        (Fault::gateway(200), ErrorKind::MalformedResponse, true),
        (
            Fault::error(200, "invalid_grant", Some("invalid password")),
            ErrorKind::InvalidPassword,
            false,
        ),
        (Fault::close(), ErrorKind::Interrupted, true),
    ];
    for (fault, kind, retryable) in cases {
        let before = emulator.request_count();
        emulator.inject(fault).unwrap();
        let error = client.user_token_by_password("d", "1").await.unwrap_err();
        assert_eq!((error.kind(), error.is_retryable()), (kind, retryable), "{error}");
        assert_eq!(emulator.request_count(), before + 1, "{kind}: sent once");
    }
    let default = concat!("easemob-token/", env!("CARGO_PKG_VERSION"));
    assert!(emulator.requests().iter().all(|request| agents_of(request) == [default]));
}

async fn a_silent_service_ends_in_a_timeout(transport: impl Transport) {
    let emulator = Emulator::start().await.unwrap();
    emulator.inject(Fault::hang()).unwrap();
    let client = client_of(&emulator, transport).request_timeout(Duration::from_millis(200));
    let error = client.max_attempts(1).build().unwrap().app_token().await.unwrap_err();
    assert!(error.is_timeout(), "{error}");
    assert_eq!(emulator.request_count(), 1);
}

async fn a_closed_port_is_a_connect_error(transport: impl Transport) {
    let port = ClosedPort::new();
    let client = Client::builder(format!("http://{}", port.address()), DEMO_APP_KEY)
        .client_credentials(DEMO_CLIENT_ID, DEMO_CLIENT_SECRET)
        .transport(transport);
    let client = client.max_attempts(1).build().unwrap();
    let error = client.app_token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect, "{error}");
}

over_each_transport!(
    every_grant,
    refusals_are_typed,
    a_silent_service_ends_in_a_timeout,
    a_closed_port_is_a_connect_error,
);

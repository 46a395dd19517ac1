//! The login server against the emulator: no network, no account, no sleeping.

#![expect(clippy::unwrap_used, reason = "the setup of a test may panic like the test itself")]

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use axum::response::Response;
use easemob_token::Client;
use easemob_token::hyper::HyperTransport;
use easemob_token_axum_login_example::accounts::Accounts;
use easemob_token_axum_login_example::metrics::Metrics;
use easemob_token_axum_login_example::{Server, routes};
use easemob_token_emulator::{DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, Emulator, Fault, Grant};
use serde_json::{Value, json};
use tower::ServiceExt;

const PASSWORD: &str = "correct horse battery staple";

/// The server, with a client of the emulator.
async fn server() -> (Emulator, Server) {
    let emulator = Emulator::start().await.unwrap();
    let metrics = Arc::new(Metrics::new());
    let tokens = Client::builder(emulator.base_url(), emulator.app_key())
        .client_credentials(DEMO_CLIENT_ID, DEMO_CLIENT_SECRET)
        .transport(HyperTransport::new())
        .cache_user_tokens(1000)
        // Retries without long pauses, so that the tests are quick.
        .min_retry_interval(Duration::from_millis(100))
        .acquisition_deadline(Duration::from_secs(5))
        .observer(metrics.observer())
        .build()
        .unwrap();
    let mut accounts = Accounts::default();
    accounts.insert("alice", PASSWORD).unwrap();
    (emulator, Server { tokens, accounts: Arc::new(accounts), metrics })
}

async fn log_in(server: &Server, user_id: &str, password: &str) -> Response {
    let body = json!({ "user_id": user_id, "password": password }).to_string();
    let request = Request::post("/login")
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body))
        .unwrap();
    routes(server.clone()).oneshot(request).await.unwrap()
}

async fn json(response: Response) -> Value {
    let body = to_bytes(response.into_body(), 64 * 1024).await.unwrap();
    serde_json::from_slice(&body).unwrap()
}

#[tokio::test]
async fn the_first_login_creates_the_user() {
    let (emulator, server) = server().await;
    let response = log_in(&server, "Alice", PASSWORD).await;
    assert_eq!(response.status(), StatusCode::OK);
    let logged_in = json(response).await;
    assert!(logged_in["access_token"].as_str().unwrap().starts_with("YWMt"));
    assert!(logged_in["expires_in"].as_u64().unwrap() > 0);
    // One request for the app token, one for the user token; the next login takes the cached one.
    assert_eq!(log_in(&server, "alice", PASSWORD).await.status(), StatusCode::OK);
    assert_eq!(emulator.request_count(), 2);
    assert!(server.metrics.encode().contains("easemob_token_requests_total{grant=\"inherit\"} 1"));
}

#[tokio::test]
async fn a_wrong_password_reaches_no_service() {
    let (emulator, server) = server().await;
    for (user_id, password) in [("alice", "wrong"), ("bob", PASSWORD), ("", "")] {
        let response = log_in(&server, user_id, password).await;
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{user_id}");
    }
    assert_eq!(emulator.request_count(), 0);
}

#[tokio::test]
async fn a_banned_user_gets_no_token() {
    let (emulator, server) = server().await;
    emulator.add_user_without_password("alice").unwrap();
    emulator.ban("alice").unwrap();
    assert_eq!(log_in(&server, "alice", PASSWORD).await.status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn an_outage_is_passed_on_with_the_time_to_wait() {
    let (emulator, server) = server().await;
    server.tokens.app_token().await.unwrap();
    let refused = Fault::rate_limited(Some(Duration::from_secs(7))).on(Grant::Inherit);
    emulator.inject(refused).unwrap();
    let response = log_in(&server, "alice", PASSWORD).await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(response.headers()[header::RETRY_AFTER], "7");
    emulator.inject(Fault::close().always()).unwrap();
    let response = log_in(&server, "alice", PASSWORD).await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn a_revoked_app_token_is_replaced_without_a_failed_login() {
    let (emulator, server) = server().await;
    server.tokens.app_token().await.unwrap();
    emulator.revoke_app_tokens();
    assert_eq!(log_in(&server, "alice", PASSWORD).await.status(), StatusCode::OK);
    // The app token, the refused request, the new app token, the same request again.
    assert_eq!(emulator.request_count(), 4);
}

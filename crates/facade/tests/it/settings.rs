//! A setting that is missing or wrong is named before anything is sent.

use std::time::Duration;

use easemob_token::{Client, ClientBuilder, Ttl, TtlUnits};

use crate::memory::{Memory, answer};

fn good() -> ClientBuilder {
    Client::builder()
        .base_url("https://a1.easemob.com")
        .app_key("org#app")
        .client_credentials("id", "secret")
        .transport(Memory::default())
}

fn problem(builder: ClientBuilder) -> String {
    builder.build().expect_err("a wrong setting").to_string()
}

#[test]
fn each_required_setting_is_asked_for_by_name() {
    let empty = Client::builder();
    assert_eq!(problem(empty.clone()), "base_url: missing; for instance https://a1.easemob.com");
    let url = empty.base_url("https://a1.easemob.com");
    assert_eq!(problem(url.clone()), "app_key: missing; for instance org#app");
    let key = url.app_key("org#app");
    assert!(problem(key).starts_with("transport: missing"));
}

#[test]
fn each_wrong_setting_is_named() {
    assert!(problem(good().base_url("https://a1.easemob.com@evil.com")).starts_with("base_url: "));
    assert!(problem(good().base_url("https://a1.easemob.com:99999")).contains("the port"));
    assert!(problem(good().app_key("org/app")).starts_with("app_key: has no #"));
    assert!(problem(good().app_key("a#b#c")).contains("more than one #"));
    assert!(problem(good().client_credentials("", "s")).contains("client ID"));
    assert!(problem(good().client_credentials("id", "")).contains("client secret"));
    assert!(problem(good().app_token_ttl(Duration::from_millis(5))).starts_with("app_token_ttl: "));
    assert!(problem(good().request_timeout(Duration::ZERO)).starts_with("request_timeout: "));
    assert!(problem(good().max_attempts(0)).starts_with("max_attempts: "));
    let bare = Client::builder().base_url("https://x").app_key("o#a").transport(Memory::default());
    assert!(problem(bare.authorize_password()).starts_with("client_credentials: missing"));
}

#[test]
fn a_ttl_too_short_for_seconds_is_fine_in_milliseconds() {
    let short = good().app_token_ttl(Ttl::For(Duration::from_millis(5)));
    assert!(short.ttl_units(TtlUnits::VIP5).build().is_ok());
}

#[tokio::test]
async fn plain_http_is_for_loopback_or_by_name() {
    assert!(problem(good().base_url("http://a1.easemob.com")).contains("plain http://"));
    assert!(good().base_url("http://127.0.0.1:8080").build().is_ok());

    let memory = Memory::answering([answer(200, r#"{"access_token":"t","expires_in":60}"#)]);
    let client = good()
        .base_url("http://im.internal")
        .allow_plain_http()
        .request_timeout(Duration::from_secs(3))
        .max_response_bytes(1024)
        .transport(memory.clone())
        .build()
        .unwrap();
    client.app_token().await.unwrap();
    let sent = &memory.sent()[0];
    assert!(sent.plain_http_allowed);
    assert_eq!((sent.timeout, sent.max_response_bytes), (Duration::from_secs(3), 1024));
}

#[test]
fn nothing_that_prints_shows_a_secret() {
    let builder =
        good().base_url("https://u:MARK@x").app_key("MARK").client_credentials("id", "MARK-secret");
    let client = good().client_credentials("id", "MARK-secret").build().unwrap();
    let request = client.user_token_by_password("c", "MARK-password");
    let text = format!("{builder:?} {client:?} {request:?} {:?}", client.user_token("c"));
    assert!(!text.contains("MARK"), "{text}");
    assert!(!problem(builder).contains("MARK"));
}

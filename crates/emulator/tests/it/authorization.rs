//! The app token that `inherit` must carry: checked for real.

use std::time::Duration;

use easemob_token_emulator::{Emulator, Grant};
use serde_json::json;

use crate::client::{
    PATH, Reply, app_token, client_credentials, inherit, password, post, post_bearing, post_to,
    with,
};

const INVALID: (u16, &str, &str) = (401, "unauthorized", "Unable to authenticate (OAuth)");
const EXPIRED: (u16, &str, &str) =
    (401, "unauthorized", "Unable to authenticate due to expired access token");
const CORRUPT: (u16, &str, &str) =
    (401, "auth_bad_access_token", "Unable to authenticate due to corrupt access token");
const FOREIGN: (u16, &str, &str) = (401, "auth_bad_access_token", "Unable to authenticate");

#[track_caller]
fn assert_error(reply: &Reply, (status, error, description): (u16, &str, &str)) {
    assert_eq!(reply.error(), (status, error.to_owned(), Some(description.to_owned())));
}

async fn inherit_bearing(emulator: &Emulator, token: &str) -> Reply {
    post_bearing(emulator, token, &inherit("c", false)).await
}

#[tokio::test]
async fn absent_counts_as_expired() {
    let emulator = Emulator::start().await.unwrap();
    assert_error(&post(&emulator, &inherit("c", false)).await, EXPIRED);
}

#[tokio::test]
async fn an_app_token_serves_until_its_end() {
    let emulator = Emulator::start().await.unwrap();
    let token = post(&emulator, &with(client_credentials(), "ttl", json!(100))).await.token();
    assert_eq!(inherit_bearing(&emulator, &token).await.status, 200);
    emulator.advance(Duration::from_secs(90));
    assert_eq!(inherit_bearing(&emulator, &token).await.status, 200);
    emulator.advance(Duration::from_secs(10));
    assert_error(&inherit_bearing(&emulator, &token).await, EXPIRED);
    emulator.turn_back(Duration::from_secs(60));
    assert_eq!(inherit_bearing(&emulator, &token).await.status, 200);
}

#[tokio::test]
async fn a_permanent_app_token_outlives_a_century() {
    let emulator = Emulator::start().await.unwrap();
    let token = post(&emulator, &with(client_credentials(), "ttl", json!(0))).await.token();
    emulator.advance(Duration::from_secs(200 * 365 * 86_400));
    assert_eq!(inherit_bearing(&emulator, &token).await.status, 200);
}

#[tokio::test]
async fn rubbish_is_invalid() {
    let emulator = Emulator::start().await.unwrap();
    let token = app_token(&emulator).await;
    for rubbish in ["", "x", "YWMt", &token[..129], "ZHQtYWJj", "null"] {
        assert_error(&inherit_bearing(&emulator, rubbish).await, INVALID);
    }
    for field in [token.as_str(), &format!("Basic {token}")] {
        let headers = [("Authorization", field)];
        assert_error(&post_to(&emulator, PATH, &headers, &inherit("c", false)).await, INVALID);
    }
}

#[tokio::test]
async fn a_user_token_is_corrupt() {
    let emulator = Emulator::start().await.unwrap();
    let token = post(&emulator, &password("c", "1")).await.token();
    assert_error(&inherit_bearing(&emulator, &token).await, CORRUPT);
    emulator.revoke_app_tokens();
    assert_error(&inherit_bearing(&emulator, &token).await, CORRUPT);
    let token = post(&emulator, &password("c", "1")).await.token();
    assert_error(&inherit_bearing(&emulator, &token).await, CORRUPT);
}

#[tokio::test]
async fn a_token_of_another_app_is_corrupt() {
    let emulator =
        Emulator::builder().further_app("other", "app", "id", "secret").start().await.unwrap();
    let body =
        json!({"grant_type": "client_credentials", "client_id": "id", "client_secret": "secret"});
    let token = post_to(&emulator, "/other/app/token", &[], &body).await.token();
    assert_error(&inherit_bearing(&emulator, &token).await, CORRUPT);
    let headers = [("authorization", &*format!("bearer {token}"))];
    let at_home = post_to(&emulator, "/other/app/token", &headers, &inherit("u", true)).await;
    assert_eq!(at_home.status, 200);
}

#[tokio::test]
async fn a_token_of_another_system_is_foreign() {
    let (emulator, other) = (Emulator::start().await.unwrap(), Emulator::start().await.unwrap());
    let token = app_token(&other).await;
    assert_error(&inherit_bearing(&emulator, &token).await, FOREIGN);
    // The documentation's own sample of an app token.
    let sample = "YWMte3bGuOukEeiTkNP4grL7iwAAAAAAAAAAAAAAAAAAAAGL4CTw6XgR6LaXXVmNX4QCAgMAAAFnKdc-\
                  ZgBPGgBFTrLhhyK8woMEI005emtrLJFJV6aoxsZSioSIZkr5kw";
    assert_error(&inherit_bearing(&emulator, sample).await, FOREIGN);
}

#[tokio::test]
async fn revoking_ends_app_tokens_issued_before_and_no_others() {
    let emulator = Emulator::start().await.unwrap();
    let old = app_token(&emulator).await;
    emulator.revoke_app_tokens();
    assert_error(&inherit_bearing(&emulator, &old).await, INVALID);
    let new = app_token(&emulator).await;
    assert_eq!(inherit_bearing(&emulator, &new).await.status, 200);
    emulator.revoke_app_tokens();
    assert_error(&inherit_bearing(&emulator, &old).await, INVALID);
    assert_error(&inherit_bearing(&emulator, &new).await, INVALID);
}

#[tokio::test]
async fn the_password_grant_asks_for_no_app_token_unless_told_to() {
    let emulator = Emulator::start().await.unwrap();
    assert_eq!(post_bearing(&emulator, "rubbish", &password("c", "1")).await.status, 200);

    let emulator = Emulator::builder().password_needs_app_token(true).start().await.unwrap();
    assert_error(&post(&emulator, &password("c", "1")).await, EXPIRED);
    assert_error(&post_bearing(&emulator, "rubbish", &password("c", "1")).await, INVALID);
    let token = app_token(&emulator).await;
    assert_eq!(post_bearing(&emulator, &token, &password("c", "1")).await.status, 200);
    assert_eq!(
        emulator.requests().iter().filter(|r| r.grant() == Some(Grant::Password)).count(),
        3
    );
}

//! The app token of `inherit`: every way in which it can be invalid.

use std::time::Duration;

use easemob_token_emulator::{Emulator, Grant};
use serde_json::json;

use crate::client::{
    PATH, Reply, app_token, client_credentials, inherit, password, post, post_bearing, post_to,
    start_with_app_token, with,
};

const INVALID: &str = "401 unauthorized: Unable to authenticate (OAuth)";
const EXPIRED: &str = "401 unauthorized: Unable to authenticate due to expired access token";
const CORRUPT: &str =
    "401 auth_bad_access_token: Unable to authenticate due to corrupt access token";
const FOREIGN: &str = "401 auth_bad_access_token: Unable to authenticate";

async fn inherit_bearing(emulator: &Emulator, token: &str) -> Reply {
    post_bearing(emulator, token, &inherit("c", false)).await
}

#[tokio::test]
async fn an_absent_token_counts_as_expired() {
    let emulator = Emulator::start().await.unwrap();
    assert_eq!(post(&emulator, &inherit("c", false)).await.error(), EXPIRED);
}

#[tokio::test]
async fn an_app_token_is_valid_until_it_expires() {
    let emulator = Emulator::start().await.unwrap();
    let token = post(&emulator, &with(client_credentials(), "ttl", json!(100))).await.token();
    assert_eq!(inherit_bearing(&emulator, &token).await.status, 200);
    emulator.advance(Duration::from_secs(90));
    assert_eq!(inherit_bearing(&emulator, &token).await.status, 200);
    emulator.advance(Duration::from_secs(10));
    assert_eq!(inherit_bearing(&emulator, &token).await.error(), EXPIRED);
    emulator.turn_back(Duration::from_secs(60));
    assert_eq!(inherit_bearing(&emulator, &token).await.status, 200);
}

#[tokio::test]
async fn a_permanent_app_token_is_valid_after_a_century() {
    let emulator = Emulator::start().await.unwrap();
    let token = post(&emulator, &with(client_credentials(), "ttl", json!(0))).await.token();
    emulator.advance(Duration::from_secs(200 * 365 * 86_400));
    assert_eq!(inherit_bearing(&emulator, &token).await.status, 200);
}

#[tokio::test]
async fn a_malformed_token_is_invalid() {
    let (emulator, token) = start_with_app_token().await;
    for rubbish in ["", "x", "YWMt", &token[..129], "ZHQtYWJj", "null"] {
        assert_eq!(inherit_bearing(&emulator, rubbish).await.error(), INVALID);
    }
    for field in [token.as_str(), &format!("Basic {token}")] {
        let headers = [("Authorization", field)];
        assert_eq!(post_to(&emulator, PATH, &headers, &inherit("c", false)).await.error(), INVALID);
    }
}

#[tokio::test]
async fn a_user_token_is_corrupt() {
    let emulator = Emulator::start().await.unwrap();
    let token = post(&emulator, &password("c", "1")).await.token();
    assert_eq!(inherit_bearing(&emulator, &token).await.error(), CORRUPT);
    emulator.revoke_app_tokens();
    assert_eq!(inherit_bearing(&emulator, &token).await.error(), CORRUPT);
    let token = post(&emulator, &password("c", "1")).await.token();
    assert_eq!(inherit_bearing(&emulator, &token).await.error(), CORRUPT);
}

#[tokio::test]
async fn a_token_of_another_app_is_corrupt() {
    let emulator =
        Emulator::builder().further_app("other", "app", "id", "secret").start().await.unwrap();
    let body =
        json!({"grant_type": "client_credentials", "client_id": "id", "client_secret": "secret"});
    let token = post_to(&emulator, "/other/app/token", &[], &body).await.token();
    assert_eq!(inherit_bearing(&emulator, &token).await.error(), CORRUPT);
    let headers = [("authorization", &*format!("bearer {token}"))];
    let own = post_to(&emulator, "/other/app/token", &headers, &inherit("u", true)).await;
    assert_eq!(own.status, 200);
}

#[tokio::test]
async fn a_token_of_another_system_is_foreign() {
    let (emulator, other) = (Emulator::start().await.unwrap(), Emulator::start().await.unwrap());
    let token = app_token(&other).await;
    assert_eq!(inherit_bearing(&emulator, &token).await.error(), FOREIGN);
    // The sample of an app token in the documentation.
    let sample = "YWMte3bGuOukEeiTkNP4grL7iwAAAAAAAAAAAAAAAAAAAAGL4CTw6XgR6LaXXVmNX4QCAgMAAAFnKdc-\
                  ZgBPGgBFTrLhhyK8woMEI005emtrLJFJV6aoxsZSioSIZkr5kw";
    assert_eq!(inherit_bearing(&emulator, sample).await.error(), FOREIGN);
}

#[tokio::test]
async fn revoking_app_tokens_ends_earlier_ones_only() {
    let (emulator, old) = start_with_app_token().await;
    emulator.revoke_app_tokens();
    assert_eq!(inherit_bearing(&emulator, &old).await.error(), INVALID);
    let new = app_token(&emulator).await;
    assert_eq!(inherit_bearing(&emulator, &new).await.status, 200);
    emulator.revoke_app_tokens();
    assert_eq!(inherit_bearing(&emulator, &old).await.error(), INVALID);
    assert_eq!(inherit_bearing(&emulator, &new).await.error(), INVALID);
}

#[tokio::test]
async fn the_password_grant_needs_an_app_token_only_if_set() {
    let emulator = Emulator::start().await.unwrap();
    assert_eq!(post_bearing(&emulator, "rubbish", &password("c", "1")).await.status, 200);

    let emulator = Emulator::builder().password_needs_app_token(true).start().await.unwrap();
    assert_eq!(post(&emulator, &password("c", "1")).await.error(), EXPIRED);
    assert_eq!(post_bearing(&emulator, "rubbish", &password("c", "1")).await.error(), INVALID);
    let token = app_token(&emulator).await;
    assert_eq!(post_bearing(&emulator, &token, &password("c", "1")).await.status, 200);
    assert_eq!(
        emulator.requests().iter().filter(|r| r.grant() == Some(Grant::Password)).count(),
        3
    );
}

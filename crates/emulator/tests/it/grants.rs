//! Valid requests of the three grants.

use easemob_token_emulator::{BannedAs, DEMO_APPLICATION_ID, Emulator};
use serde_json::{Value, json};

use crate::client::{
    JSON, PATH, app_token, client_credentials, inherit, password, post, post_bearing, raw, request,
    start_with_app_token,
};

fn names(object: &Value) -> Vec<&str> {
    object.as_object().expect("an object").keys().map(String::as_str).collect()
}

fn assert_user(user: &Value, username: &str) {
    assert_eq!(
        names(user),
        ["uuid", "type", "created", "modified", "username", "activated"],
        "exactly the documented members, in their order"
    );
    assert_eq!(user["username"], username);
    assert_eq!(user["type"], "user");
    assert_eq!(user["activated"], true);
    assert_eq!(user["uuid"].as_str().map(str::len), Some(36));
    assert!(user["created"].as_u64() > Some(1_600_000_000_000), "milliseconds");
    assert!(user["modified"].as_u64() >= user["created"].as_u64());
}

#[tokio::test]
async fn the_sample_request_of_the_password_page_gets_the_shape_of_its_sample() {
    let emulator = Emulator::start().await.unwrap();
    // As printed there, line breaks and all: `ttl` is a string and the user ID a capital.
    let request_body = "{\n\"grant_type\": \"password\",\n\"username\": \"C\",\n\"password\": \"1\",\n\
                \"ttl\": \"1024000\"\n}";
    let headers = [JSON, ("Accept", "application/json")];
    let reply =
        raw(&emulator, &request("POST", PATH, &headers, request_body.as_bytes())).await.unwrap();

    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("content-type"), Some("application/json"));
    let body = reply.json();
    assert_eq!(names(&body), ["access_token", "expires_in", "user"]);
    assert_eq!(body["expires_in"], 1_024_000);
    let token = body["access_token"].as_str().unwrap();
    assert!(token.starts_with("YWMt") && token.len() == 130, "{token}");
    assert_user(&body["user"], "c");
}

#[tokio::test]
async fn client_credentials_gives_an_app_token() {
    let emulator = Emulator::start().await.unwrap();
    let reply = post(&emulator, &client_credentials()).await;
    let body = reply.json();
    assert_eq!(names(&body), ["access_token", "expires_in", "application"]);
    assert_eq!(body["application"], DEMO_APPLICATION_ID);
    assert_eq!(body["expires_in"], 5_184_000, "the console's 60 days, in seconds");
}

#[tokio::test]
async fn inherit_serves_users_with_and_without_a_password() {
    let emulator = Emulator::builder()
        .user("with", "secret")
        .user_without_password("Without")
        .start()
        .await
        .unwrap();
    let token = app_token(&emulator).await;
    for user in ["with", "WITHOUT"] {
        let body = post_bearing(&emulator, &token, &inherit(user, false)).await.json();
        assert_eq!(names(&body), ["access_token", "expires_in", "user"]);
        assert_user(&body["user"], &user.to_lowercase());
    }
    let with_password = post(&emulator, &password("without", "")).await;
    assert_eq!(with_password.error(), "400 invalid_grant: invalid username or password");
}

#[tokio::test]
async fn auto_create_user_creates_a_user_once_and_only_when_true() {
    let (emulator, token) = start_with_app_token().await;
    for body in [inherit("new", false), json!({"grant_type": "inherit", "username": "new"})] {
        assert_eq!(post_bearing(&emulator, &token, &body).await.status, 404);
    }
    let first = post_bearing(&emulator, &token, &inherit("New.1_x-y", true)).await.json();
    assert_user(&first["user"], "new.1_x-y");
    let again = post_bearing(&emulator, &token, &inherit("new.1_X-Y", true)).await.json();
    assert_eq!(first["user"], again["user"]);
    assert_ne!(first["access_token"], again["access_token"]);
}

#[tokio::test]
async fn a_refused_ttl_creates_no_user() {
    let (emulator, token) = start_with_app_token().await;
    let body = json!({"grant_type": "inherit", "username": "n", "autoCreateUser": true, "ttl": -1});
    assert_eq!(post_bearing(&emulator, &token, &body).await.status, 400);
    assert_eq!(post_bearing(&emulator, &token, &inherit("n", false)).await.status, 404);
}

#[tokio::test]
async fn users_can_be_added_banned_and_unbanned_while_it_runs() {
    let emulator = Emulator::start().await.unwrap();
    emulator.add_user("Dora", "pass").unwrap();
    assert_user(&post(&emulator, &password("dora", "pass")).await.json()["user"], "dora");

    emulator.ban("DORA").unwrap();
    let refused = post(&emulator, &password("dora", "pass")).await;
    assert_eq!(refused.error(), "400 invalid_grant: user not activated");
    emulator.unban("dora").unwrap();
    assert_eq!(post(&emulator, &password("dora", "pass")).await.status, 200);

    assert!(emulator.ban("nobody").is_err());
    assert!(emulator.add_user("not legal", "x").is_err());
    assert!(emulator.add_user("x", &"y".repeat(65)).is_err());
}

#[tokio::test]
async fn a_ban_can_be_shown_in_activated_instead() {
    let emulator = Emulator::builder().banned_as(BannedAs::NotActivated).start().await.unwrap();
    emulator.ban("c").unwrap();
    let body = post(&emulator, &password("c", "1")).await.json();
    assert_eq!(body["user"]["activated"], false);
}

#[tokio::test]
async fn another_app_key_replaces_the_demo_one() {
    let emulator = Emulator::builder()
        .app_key("1122", "My.App")
        .client("id", "secret")
        .user("u", "p")
        .start()
        .await
        .unwrap();
    assert_eq!(emulator.app_key(), "1122#My.App");
    assert_eq!(emulator.token_url(), format!("{}/1122/My.App/token", emulator.base_url()));
    let post = |path, body| {
        let emulator = &emulator;
        async move { crate::client::post_to(emulator, path, &[], &body).await }
    };
    assert_eq!(post("/1122/My.App/token", password("u", "p")).await.status, 200);
    assert_eq!(post("/1122/My.App/token", password("c", "1")).await.status, 404);
    assert_eq!(post("/1122/My.App/token", client_credentials()).await.status, 400);
    assert_eq!(post("/1122/my.app/token", password("u", "p")).await.status, 404, "case-sensitive");
    assert_eq!(post(PATH, client_credentials()).await.status, 404);
}

//! Every row of the documented error table: caused by a request if possible, and scripted.

use std::time::Duration;

use easemob_token_emulator::{Emulator, Fault, Grant, Refusal, UnknownUserAs};
use serde_json::json;

use crate::client::{
    JSON, PATH, Reply, app_token, client_credentials, inherit, password, post, post_bearing,
    post_to, raw, request, start_with_app_token, with, without,
};

const NOT_ALLOWED: &str = "405 web_application: Method Not Allowed";

async fn send(emulator: &Emulator, headers: &[(&str, &str)], body: &[u8]) -> Reply {
    raw(emulator, &request("POST", PATH, headers, body)).await.expect("an answer")
}

#[tokio::test]
async fn missing_and_wrong_app_credentials_are_400_and_not_401() {
    let emulator = Emulator::start().await.unwrap();
    for (name, missing) in [
        ("client_id", "client_id must be provided."),
        ("client_secret", "client_secret must be provided"),
    ] {
        let reply = post(&emulator, &without(client_credentials(), name)).await;
        assert_eq!(reply.error(), format!("400 illegal_argument: {missing}"));
        let reply = post(&emulator, &with(client_credentials(), name, json!("YXA6x"))).await;
        assert_eq!(reply.error(), format!("400 invalid_grant: {name} does not match"));
    }
}

#[tokio::test]
async fn wrong_password_banned_and_unknown_users() {
    let emulator = Emulator::start().await.unwrap();
    let reply = post(&emulator, &password("c", "2")).await;
    assert_eq!(reply.error(), "400 invalid_grant: invalid password");
    emulator.add_user_without_password("silent").unwrap();
    let reply = post(&emulator, &password("silent", "x")).await;
    assert_eq!(reply.error(), "400 invalid_grant: invalid username or password");

    let reply = post(&emulator, &password("nobody", "1")).await;
    assert_eq!(reply.error(), "404 invalid_grant: user not found");
    let token = app_token(&emulator).await;
    let reply = post_bearing(&emulator, &token, &inherit("nobody", false)).await;
    assert_eq!(reply.error(), "404 entity_not_found: User null not found");

    emulator.ban("c").unwrap();
    let reply = post(&emulator, &password("c", "1")).await;
    assert_eq!(reply.error(), "400 invalid_grant: user not activated");
    let reply = post_bearing(&emulator, &token, &inherit("c", true)).await;
    assert_eq!(reply.error(), "400 invalid_grant: user not activated");
    // A wrong password for a banned account does not reveal the ban.
    let reply = post(&emulator, &password("c", "2")).await;
    assert_eq!(reply.error(), "400 invalid_grant: invalid password");
}

#[tokio::test]
async fn the_response_to_an_unknown_user_can_be_set_for_each_grant() {
    let emulator = Emulator::builder()
        .unknown_user_as(Grant::Password, UnknownUserAs::InvalidUsernameOrPassword)
        .unknown_user_as(Grant::Inherit, UnknownUserAs::UserNotFound)
        .start()
        .await
        .unwrap();
    let reply = post(&emulator, &password("nobody", "1")).await;
    assert_eq!(reply.error(), "400 invalid_grant: invalid username or password");
    let token = app_token(&emulator).await;
    let reply = post_bearing(&emulator, &token, &inherit("nobody", false)).await;
    assert_eq!(reply.error(), "404 invalid_grant: user not found");
}

#[tokio::test]
async fn invalid_user_ids_are_refused_on_creation() {
    let (emulator, token) = start_with_app_token().await;
    for (name, description) in [
        ("a b", "username [a b] is not legal"),
        ("", "username [] is not legal"),
        ("é", "username [é] is not legal"),
        (&"a".repeat(65), "USERNAME_TOO_LONG"),
    ] {
        let reply = post_bearing(&emulator, &token, &inherit(name, true)).await;
        assert_eq!(reply.error(), format!("400 illegal_argument: {description}"));
    }
    let longest = "A".repeat(64);
    assert_eq!(post_bearing(&emulator, &token, &inherit(&longest, true)).await.status, 200);
}

#[tokio::test]
async fn bodies_other_than_a_json_object_are_refused() {
    let emulator = Emulator::start().await.unwrap();
    for body in ["", "{", "grant_type=password", "[]", "\"x\"", "{\"a\":1} x"] {
        let error = send(&emulator, &[JSON], body.as_bytes()).await.error();
        assert!(error.starts_with("400 json_parse: Unexpected character "), "{body}: {error}");
    }
}

#[tokio::test]
async fn only_the_documented_form_is_taken_if_strict() {
    assert_strict(&Emulator::builder().strict(true).start().await.unwrap()).await;
    let emulator = Emulator::start().await.unwrap();
    let settings = emulator.control("PATCH", "/settings", &json!({ "strict": true })).unwrap();
    assert_eq!(settings["strict"], true);
    assert_strict(&emulator).await;
}

async fn assert_strict(emulator: &Emulator) {
    let body = password("c", "1").to_string();
    for headers in [&[][..], &[("Content-Type", "application/x-www-form-urlencoded")]] {
        let reply = send(emulator, headers, body.as_bytes()).await;
        assert_eq!(reply.error(), "415 web_application: Unsupported Media Type");
    }
    let headers = [("Content-Type", "application/json; charset=utf-8")];
    assert_eq!(send(emulator, &headers, body.as_bytes()).await.status, 200);
    let basic = [JSON, ("Authorization", "Basic aWQ6c2VjcmV0")];
    let app = client_credentials().to_string();
    assert_eq!(send(emulator, &basic, app.as_bytes()).await.status, 200, "not read");
    let reply = raw(emulator, &request("GET", PATH, &[], b"")).await.unwrap();
    assert_eq!((&*reply.error(), reply.header("allow")), (NOT_ALLOWED, Some("POST")));
    let users = "/easemob-demo/testapp/users";
    let bearer = format!("Bearer {}", app_token(emulator).await);
    let headers = [("Authorization", bearer.as_str())];
    let reply = raw(emulator, &request("POST", users, &headers, b"{}")).await.unwrap();
    assert_eq!(reply.error(), "415 web_application: Unsupported Media Type");
}

#[tokio::test]
async fn bodies_over_the_limit_get_a_page_of_the_gateway() {
    let emulator = Emulator::builder().body_limit(1000).start().await.unwrap();
    let padded = |length: usize| {
        let body = password("c", "1").to_string();
        body.clone() + &" ".repeat(length - body.len())
    };
    assert_eq!(send(&emulator, &[JSON], padded(1000).as_bytes()).await.status, 200);
    let reply = send(&emulator, &[JSON], padded(1001).as_bytes()).await;
    assert_eq!(reply.status, 413);
    assert_eq!(reply.header("content-type"), Some("text/html"));
    assert!(reply.text().contains("<title>413 Request Entity Too Large</title>"));
    assert_eq!(emulator.requests()[1].body().len(), 1000, "stored up to the limit");
}

#[tokio::test]
async fn unknown_organizations_and_applications_are_refused() {
    let emulator = Emulator::start().await.unwrap();
    for path in ["/easemob-demo/nowhere/token", "/nowhere/testapp/token"] {
        let reply = post_to(&emulator, path, &[], &client_credentials()).await;
        let name = path.trim_start_matches('/').trim_end_matches("/token");
        let error = "404 organization_application_not_found: Could not find application for";
        assert_eq!(reply.error(), format!("{error} {name} from URI: {name}/token"));
    }
}

#[tokio::test]
async fn other_paths_and_methods_are_refused_as_json() {
    let emulator = Emulator::start().await.unwrap();
    for path in ["/", "/token", "/easemob-demo/testapp/chatgroups", "//testapp/token"] {
        let reply = post_to(&emulator, path, &[], &client_credentials()).await;
        assert_eq!(reply.error(), "404 service_resource_not_found: Service resource not found");
    }
    for (method, path, allowed) in [
        ("PUT", "token", "GET, POST"),
        ("DELETE", "users", "GET, POST"),
        ("POST", "users/c", "GET, PUT, DELETE"),
        ("POST", "users/c/password", "PUT"),
        ("GET", "users/c/deactivate", "POST"),
    ] {
        let path = format!("/easemob-demo/testapp/{path}");
        let reply = raw(&emulator, &request(method, &path, &[], b"{}")).await.unwrap();
        assert_eq!(
            (&*reply.error(), reply.header("allow")),
            (NOT_ALLOWED, Some(allowed)),
            "{path}"
        );
    }
}

#[tokio::test]
async fn two_creations_at_one_time_conflict() {
    let (emulator, token) = start_with_app_token().await;
    let hold = emulator.hold();
    let body = inherit("twin", true);
    let release = async {
        emulator.wait_for_requests(3).await;
        hold.release();
    };
    let (first, second, ()) = tokio::join!(
        post_bearing(&emulator, &token, &body),
        post_bearing(&emulator, &token, &body),
        release
    );
    let (winner, loser) = if first.status == 200 { (first, second) } else { (second, first) };
    assert_eq!(winner.status, 200);
    assert_eq!(loser.error(), "409 concurrent_operation_error: concurrency create app user failed");
    assert_eq!(post_bearing(&emulator, &token, &body).await.status, 200, "trying again helps");
}

#[tokio::test]
async fn the_window_of_conflicting_creations_can_be_set() {
    let window = Duration::from_secs(1);
    let emulator = Emulator::builder().creation_window(window).start().await.unwrap();
    let token = app_token(&emulator).await;
    let body = inherit("twin", true);
    assert_eq!(post_bearing(&emulator, &token, &body).await.status, 200);
    assert_eq!(post_bearing(&emulator, &token, &body).await.status, 409);
    assert_eq!(post_bearing(&emulator, &token, &inherit("twin", false)).await.status, 200);
    assert_eq!(post_bearing(&emulator, &token, &inherit("c", true)).await.status, 200);
    emulator.advance(window);
    assert_eq!(post_bearing(&emulator, &token, &body).await.status, 200);
}

#[tokio::test]
async fn the_request_limit_counts_all_grants_of_an_app_and_recovers() {
    let emulator = Emulator::builder()
        .request_limit(3)
        .further_app("other", "app", "id", "secret")
        .start()
        .await
        .unwrap();
    assert_eq!(post(&emulator, &client_credentials()).await.status, 200);
    assert_eq!(post(&emulator, &password("c", "wrong")).await.status, 400, "refusals count");
    assert_eq!(post(&emulator, &password("c", "1")).await.status, 200);
    let reply = post(&emulator, &password("c", "1")).await;
    assert_eq!(reply.error(), "429 reach_limit: This request has reached api limit");
    assert_eq!(reply.header("retry-after"), None, "undocumented");
    let other = post_to(&emulator, "/other/app/token", &[], &json!({})).await;
    assert_eq!(other.status, 400, "another App Key has a limit of its own");
    emulator.advance(Duration::from_secs(1));
    assert_eq!(post(&emulator, &password("c", "1")).await.status, 200);
}

#[tokio::test]
async fn incomplete_requests_are_refused() {
    let (emulator, token) = start_with_app_token().await;
    for body in [
        json!({}),
        json!({"grant_type": "Password"}),
        json!({"grant_type": 1}),
        without(password("c", "1"), "username"),
        without(password("c", "1"), "password"),
        with(password("c", "1"), "password", json!(1)),
        without(inherit("c", false), "username"),
        with(inherit("c", false), "autoCreateUser", json!("true")),
    ] {
        let error = post_bearing(&emulator, &token, &body).await.error();
        assert!(error.starts_with("400 illegal_argument: "), "{body}: {error}");
    }
    for ttl in [json!(-1), json!(""), json!("x"), json!(1.5), json!([])] {
        let error = post(&emulator, &with(password("c", "1"), "ttl", ttl)).await.error();
        assert_eq!(error, "400 illegal_argument: ttl must be a number >= 0");
    }
}

#[tokio::test]
async fn every_row_can_be_scripted() {
    let rows = [
        (Refusal::ClientIdMissing, "400 illegal_argument: client_id must be provided."),
        (Refusal::ClientSecretMissing, "400 illegal_argument: client_secret must be provided"),
        (Refusal::ClientIdMismatch, "400 invalid_grant: client_id does not match"),
        (Refusal::ClientSecretMismatch, "400 invalid_grant: client_secret does not match"),
        (Refusal::InvalidPassword, "400 invalid_grant: invalid password"),
        (Refusal::InvalidUsernameOrPassword, "400 invalid_grant: invalid username or password"),
        (Refusal::UserNotActivated, "400 invalid_grant: user not activated"),
        (Refusal::UsernameNotLegal("x".into()), "400 illegal_argument: username [x] is not legal"),
        (Refusal::UsernameTooLong, "400 illegal_argument: USERNAME_TOO_LONG"),
        (Refusal::JsonParse("here".into()), "400 json_parse: Unexpected character here"),
        (Refusal::AppTokenInvalid, "401 unauthorized: Unable to authenticate (OAuth)"),
        (
            Refusal::AppTokenExpired,
            "401 unauthorized: Unable to authenticate due to expired access token",
        ),
        (
            Refusal::AppTokenCorrupt,
            "401 auth_bad_access_token: Unable to authenticate due to corrupt access token",
        ),
        (Refusal::AppTokenForeign, "401 auth_bad_access_token: Unable to authenticate"),
        (Refusal::UserNotFound, "404 invalid_grant: user not found"),
        (Refusal::UserEntityNotFound, "404 entity_not_found: User null not found"),
        (
            Refusal::ApplicationNotFound("a/b".into()),
            "404 organization_application_not_found: Could not find application for a/b",
        ),
        (
            Refusal::ConcurrentCreation,
            "409 concurrent_operation_error: concurrency create app user failed",
        ),
        (Refusal::UnsupportedMediaType, "415 web_application: Unsupported Media Type"),
        (
            Refusal::QuotaExceeded,
            "429 resource_limited: You have exceeded the limit of the community edition,\
             Please upgrade to the enterprise edition",
        ),
        (
            Refusal::ServiceResourceNotFound,
            "404 service_resource_not_found: Service resource not found",
        ),
        (
            Refusal::UserExists("x".into()),
            "400 duplicate_unique_property_exists: Application null Entity user requires that \
             property named username be unique, value of x exists",
        ),
        (
            Refusal::UserPropertyMissing,
            "400 required_property_not_found: Entity user requires a property named username",
        ),
        (Refusal::MethodNotAllowed, NOT_ALLOWED),
        (Refusal::RateLimited, "429 reach_limit: This request has reached api limit"),
        (Refusal::RequestEntityTooLarge, "413 Request Entity Too Large"),
    ];
    let emulator = Emulator::start().await.unwrap();
    for (refusal, expected) in rows {
        emulator.inject(Fault::refusal(refusal)).unwrap();
        assert_eq!(post(&emulator, &client_credentials()).await.error(), expected);
    }
}

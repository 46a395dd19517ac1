//! Users over HTTP: each call, its refusals, and the app token that it needs.

use easemob_token_emulator::Emulator;
use serde_json::{Value, json};

use crate::client::{Reply, app_token, password, post, raw, request, start_with_app_token};

const INVALID: &str = "401 unauthorized: Unable to authenticate (OAuth)";
const NOT_FOUND: &str = "404 service_resource_not_found: Service resource not found";

/// A call below `/{org}/{app}`, without a `Content-Type` as in the documented samples.
async fn call(emulator: &Emulator, token: &str, method: &str, path: &str, body: &Value) -> Reply {
    let path = format!("/easemob-demo/testapp/{path}");
    let text = if body.is_null() { String::new() } else { body.to_string() };
    let headers = [("Authorization", &*format!("Bearer {token}"))];
    raw(emulator, &request(method, &path, &headers, text.as_bytes())).await.unwrap()
}

fn names(users: &Value) -> Vec<&str> {
    users.as_array().unwrap().iter().map(|it| it["username"].as_str().unwrap()).collect()
}

async fn list(emulator: &Emulator, token: &str, query: &str) -> Value {
    call(emulator, token, "GET", &format!("users{query}"), &Value::Null).await.json()
}

#[tokio::test]
async fn users_are_listed_in_the_order_of_creation_page_by_page() {
    let (emulator, token) = start_with_app_token().await;
    for user in ["zoe", "alice", "bob", "dora"] {
        emulator.add_user_without_password(user).unwrap();
    }
    emulator.ban("alice").unwrap();
    let whole = list(&emulator, &token, "").await;
    assert_eq!((&whole["action"], &whole["count"]), (&"get".into(), &5.into()));
    assert_eq!(names(&whole["entities"]), ["c", "zoe", "alice", "bob", "dora"]);
    assert_eq!(whole["entities"][2]["activated"], false);
    assert_eq!(whole.get("cursor"), None);
    let (mut query, mut pages) = ("?limit=2".to_owned(), Vec::new());
    loop {
        let page = list(&emulator, &token, &query).await;
        pages.push(names(&page["entities"]).join(" "));
        let Some(cursor) = page["cursor"].as_str() else { break };
        query = format!("?cursor={cursor}&limit=2");
    }
    assert_eq!(pages, ["c zoe", "alice bob", "dora"]);
    for query in ["?limit=0", "?limit=1001", "?limit=x", "?limit=", "?cursor=x", "?cursor=eA"] {
        assert!(list(&emulator, &token, query).await["error"] == "illegal_argument", "{query}");
    }
}

#[tokio::test]
async fn registered_users_have_the_documented_envelope_and_get_tokens() {
    let (emulator, token) = start_with_app_token().await;
    let one = json!({ "username": "User1", "password": "123", "nickname": "testuser" });
    let reply = call(&emulator, &token, "POST", "users", &one).await;
    let body = reply.json();
    let members: Vec<_> = body.as_object().unwrap().keys().map(String::as_str).collect();
    let expected = ["action", "application", "path", "uri", "entities", "timestamp", "duration"];
    assert_eq!(members, [&expected[..], &["organization", "applicationName"]].concat());
    let fixed = |name: &str| body[name].as_str().unwrap().to_owned();
    assert_eq!((fixed("action"), fixed("path")), ("post".into(), "/users".into()));
    assert_eq!(fixed("uri"), "http://localhost:80/easemob-demo/testapp/users");
    assert_eq!(
        (fixed("organization"), fixed("applicationName")),
        ("easemob-demo".into(), "testapp".into())
    );
    assert_eq!(names(&body["entities"]), ["user1"]);
    assert_eq!(post(&emulator, &password("user1", "123")).await.status, 200);

    let several = json!([
        { "username": "user2", "password": "2" },
        { "username": "USER1", "password": "9" },
        { "username": "user2", "password": "9" },
    ]);
    let body = call(&emulator, &token, "POST", "users", &several).await.json();
    assert_eq!(names(&body["entities"]), ["user2"]);
    assert_eq!(names(&body["data"]), ["user1", "user2"]);
    assert_eq!(body["data"][0]["registerUserFailReason"], "the user1 already exists");
    assert_eq!(post(&emulator, &password("user1", "9")).await.status, 400, "unchanged");
    assert_eq!(post(&emulator, &password("user2", "2")).await.status, 200);
}

#[tokio::test]
async fn registrations_that_break_a_rule_register_nobody() {
    let (emulator, token) = start_with_app_token().await;
    let user = |name: &str| json!({ "username": name, "password": "1" });
    let list_of = |length: usize| (0..length).map(|it| user(&format!("u{it}"))).collect::<Value>();
    let no_name = "400 illegal_argument: Entity user requires a property named username";
    let no_password = "400 illegal_argument: password or pin must provided";
    let exists = "400 duplicate_unique_property_exists: Application null Entity user requires that \
                  property named username be unique, value of c exists";
    for (body, error) in [
        (user("C"), exists),
        (user("a b"), "400 illegal_argument: username [a b] is not legal"),
        (user(&"a".repeat(65)), "400 illegal_argument: USERNAME_TOO_LONG"),
        (user(""), no_name),
        (json!({}), no_name),
        (json!([user("fine"), 5]), no_name),
        (json!([user("fine"), { "username": "x" }]), no_password),
        (json!({ "username": "x", "password": "" }), no_password),
        (
            json!({ "username": "x", "password": "é".repeat(65) }),
            "400 illegal_argument: password must be at most 64 characters",
        ),
        (list_of(61), "400 illegal_argument: at most 60 users can be registered at once"),
        (Value::Null, "415 web_application: Unsupported Media Type"),
    ] {
        assert_eq!(call(&emulator, &token, "POST", "users", &body).await.error(), error, "{body}");
    }
    assert_eq!(names(&list(&emulator, &token, "?limit=1000").await["entities"]), ["c"]);
    let most = call(&emulator, &token, "POST", "users", &list_of(60)).await.json();
    assert_eq!((most["entities"].as_array().unwrap().len(), &most["data"]), (60, &json!([])));
}

#[tokio::test]
async fn one_user_is_read_banned_changed_and_deleted() {
    let (emulator, token) = start_with_app_token().await;
    let call = async |method: &str, path: &str, body: Value| {
        call(&emulator, &token, method, path, &body).await
    };
    let login = async |secret: &str| post(&emulator, &password("c", secret)).await;
    let body = call("GET", "users/%43", Value::Null).await.json();
    assert_eq!(
        (&body["count"], &body["uri"]),
        (&1.into(), &"http://localhost:80/easemob-demo/testapp/users/c".into())
    );
    assert_eq!(names(&body["entities"]), ["c"]);

    emulator.advance(std::time::Duration::from_secs(60));
    let body = call("POST", "users/c/deactivate", Value::Null).await.json();
    let times = (&body["entities"][0]["modified"], &body["entities"][0]["created"]);
    assert!(times.0.as_u64() >= times.1.as_u64().map(|it| it + 60_000), "{times:?}");
    assert_eq!(
        (&body["action"], &body["entities"][0]["activated"]),
        (&"Deactivate user".into(), &false.into())
    );
    assert_eq!(login("1").await.error(), "400 invalid_grant: user not activated");
    let body = call("POST", "users/c/activate", json!({})).await.json();
    assert_eq!(
        (&body["action"], &body["entities"][0]["activated"]),
        (&"activate user".into(), &true.into())
    );

    let body = call("PUT", "users/C/password", json!({ "newpassword": "2" })).await.json();
    assert_eq!(body["action"], "set user password");
    assert_eq!((login("1").await.status, login("2").await.status), (400, 200));
    let refused = call("PUT", "users/c/password", json!({ "password": "3" })).await;
    assert_eq!(refused.error(), "400 illegal_argument: newpassword is required");

    assert_eq!(names(&call("DELETE", "users/c", Value::Null).await.json()["entities"]), ["c"]);
    assert_eq!(login("2").await.error(), "404 invalid_grant: user not found");
    for (method, path) in [
        ("GET", "users/c"),
        ("DELETE", "users/c"),
        ("POST", "users/c/activate"),
        ("POST", "users/c/deactivate"),
        ("GET", "users/c/contacts"),
    ] {
        assert_eq!(call(method, path, Value::Null).await.error(), NOT_FOUND, "{method} {path}");
    }
    let unknown = call("PUT", "users/c/password", json!({ "newpassword": "3" })).await.error();
    assert!(unknown.starts_with("400 required_property_not_found: Entity user"), "{unknown}");
}

#[tokio::test]
async fn every_call_needs_a_live_app_token_of_the_app() {
    let (emulator, token) = start_with_app_token().await;
    emulator.revoke_app_tokens();
    let user_token = post(&emulator, &password("c", "1")).await.token();
    let corrupt = "401 auth_bad_access_token: Unable to authenticate due to corrupt access token";
    for (method, path) in [
        ("GET", "users"),
        ("POST", "users"),
        ("GET", "users/c"),
        ("DELETE", "users/c"),
        ("PUT", "users/c/password"),
        ("POST", "users/c/activate"),
        ("POST", "users/c/deactivate"),
    ] {
        for (token, error) in [(&*token, INVALID), ("rubbish", INVALID), (&user_token, corrupt)] {
            let reply = call(&emulator, token, method, path, &Value::Null).await;
            assert_eq!(reply.error(), error, "{method} {path}");
        }
    }
    let live = app_token(&emulator).await;
    assert_eq!(list(&emulator, &live, "").await["entities"][0]["activated"], true);
    let headers = [("Authorization", &*format!("Bearer {live}"))];
    let elsewhere = raw(&emulator, &request("GET", "/other/testapp/users", &headers, b"")).await;
    let error = "404 organization_application_not_found: Could not find application for other/testapp \
                 from URI: other/testapp/users";
    assert_eq!(elsewhere.unwrap().error(), error);
}

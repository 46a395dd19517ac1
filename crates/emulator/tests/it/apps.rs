//! Apps on demand, seeds, stubs, and whether a token is accepted.

use std::sync::Arc;
use std::time::Duration;

use easemob_token_emulator::{Emulator, Stub};
use serde_json::{Value, json};

use crate::client::{
    app_token, bearing, client_credentials, get_bearing, inherit, password, post, post_to, raw,
    request, start_with_app_token, with,
};

/// A call of the control plane over HTTP.
async fn control(emulator: &Emulator, method: &str, path: &str, body: &Value) -> Value {
    let text = if body.is_null() { String::new() } else { body.to_string() };
    let path = format!("/__emulator{path}");
    let reply = raw(emulator, &request(method, &path, &[], text.as_bytes())).await.unwrap();
    assert_eq!(reply.status, 200, "{method} {path}: {}", reply.text());
    reply.json()
}

/// What a test of an application does: it sees the first user, and what it changed itself.
async fn whole_test(emulator: &Emulator, number: usize) {
    let (app, key) = (format!("/org/app-{number}"), format!("org#app-{number}"));
    let path = format!("{app}/token");
    let tell = async |path: &str, mut body: Value| {
        body["app_key"] = key.as_str().into();
        control(emulator, "POST", path, &body).await
    };
    let query = format!("?app_key=org%23app-{number}");
    let status = async |body: &Value| post_to(emulator, &path, &[], body).await.status;
    let token = async || post_to(emulator, &path, &[], &client_credentials()).await.token();
    let call = async |token: &str, method: &str, below: &str, body: &str| {
        bearing(emulator, token, method, &format!("{app}{below}"), body).await
    };
    let first = token().await;
    let user = r#"{"username":"mine","password":"2"}"#;
    assert_eq!(call(&first, "POST", "/users", user).await.status, 200);
    assert_eq!(status(&password("c", "1")).await, 200);
    assert_eq!(call(&first, "POST", "/users/c/deactivate", "").await.status, 200);
    assert_eq!(status(&password("c", "1")).await, 400);
    assert_eq!(call(&first, "GET", "/users", "").await.json()["count"], 2);

    // The clock: the token of this app alone expires.
    let before = control(emulator, "GET", &format!("/clock{query}"), &Value::Null).await;
    let after = tell("/clock/advance", json!({ "by": "61d" })).await;
    let ahead = after["now_ms"].as_u64().unwrap() - before["now_ms"].as_u64().unwrap();
    assert!((5_270_400_000..5_270_500_000).contains(&ahead), "{ahead}");
    let expired = call(&first, "GET", "/users", "").await;
    assert!(expired.error().ends_with("due to expired access token"));
    let shown = expired.json()["timestamp"].as_u64();
    assert!(shown >= after["now_ms"].as_u64(), "{shown:?}: also in errors");

    // Settings, faults and stubs.
    let limit = json!({ "app_key": key, "request_limit": 100, "default_ttl": number + 10 });
    control(emulator, "PATCH", "/settings", &limit).await;
    let second = post_to(emulator, &path, &[], &client_credentials()).await;
    assert_eq!(second.json()["expires_in"], number + 10);
    let pending = tell("/faults", json!({ "kind": "server_error", "status": 502 })).await;
    assert_eq!(pending["pending_faults"], 1);
    assert_eq!(status(&password("mine", "2")).await, 502);
    tell("/stubs", json!({ "path": "/chatgroups", "body": [number] })).await;
    assert_eq!(call(&second.token(), "GET", "/chatgroups", "").await.json(), json!([number]));

    // A hold, and the journal.
    tell("/hold", json!({})).await;
    let counted = format!("/requests/count{query}");
    let arrived = control(emulator, "GET", &counted, &Value::Null).await["count"].as_u64();
    let release = async {
        tell("/requests/wait", json!({ "count": arrived.map(|it| it + 1) })).await;
        tell("/release", json!({})).await;
    };
    let held = password("mine", "2");
    tokio::join!(status(&held), release);
    tell("/tokens/revoke", json!({})).await;
    assert_eq!(call(&second.token(), "GET", "/users", "").await.status, 401);
    let elsewhere = get_bearing(emulator, &token().await, "/org/elsewhere/users").await;
    assert!(elsewhere.error().ends_with("due to corrupt access token"));

    // Its reset ends all of that, for it alone.
    tell("/reset", json!({})).await;
    assert_eq!(status(&password("c", "1")).await, 200);
    assert_eq!(control(emulator, "GET", &counted, &Value::Null).await["count"], 1);
    let fresh = post_to(emulator, &path, &[], &client_credentials()).await;
    assert_eq!(fresh.json()["expires_in"], 5_184_000);
    assert_eq!(call(&fresh.token(), "GET", "/users", "").await.json()["count"], 1);
    assert_eq!(call(&fresh.token(), "GET", "/chatgroups", "").await.status, 404);
    let now = control(emulator, "GET", &format!("/clock{query}"), &Value::Null).await;
    assert!(now["now_ms"].as_u64() < after["now_ms"].as_u64());
}

const TESTS: usize = 200;

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_tests_at_once_share_no_state() {
    let builder = Emulator::builder().control().apps_on_demand(true).keep_requests(20_000);
    let emulator = Arc::new(builder.start().await.unwrap());
    let tests: Vec<_> = (0..TESTS)
        .map(|number| {
            let emulator = Arc::clone(&emulator);
            tokio::spawn(async move { whole_test(&emulator, number).await })
        })
        .collect();
    for test in tests {
        test.await.unwrap();
    }
    assert_eq!(post(&emulator, &password("c", "1")).await.status, 200, "the first is as it was");
    assert_eq!(post(&emulator, &client_credentials()).await.json()["expires_in"], 5_184_000);
    let apps = control(&emulator, "GET", "/apps", &Value::Null).await;
    assert_eq!(apps["apps"].as_array().unwrap().len(), TESTS + 2);
}

#[tokio::test]
async fn an_unknown_app_is_made_only_if_set_and_only_with_a_legal_name() {
    let emulator = Emulator::start().await.unwrap();
    let status = async |path: &str| post_to(&emulator, path, &[], &password("c", "1")).await.status;
    assert_eq!(status("/a/b/token").await, 404);
    emulator.control("PATCH", "/settings", &json!({ "apps_on_demand": true })).unwrap();
    assert_eq!(status("/a/b/token").await, 200);
    for path in ["/a/b%20c/token", "/a/%2e%2e/token", "/a//token", "/%00/b/token"] {
        assert_eq!(status(path).await, 404, "{path}");
    }
    let old = post_to(&emulator, "/a/b/token", &[], &client_credentials()).await.token();
    emulator.reset();
    assert_eq!(status("/a/b/token").await, 404, "reset restores the settings too");
    emulator.control("PATCH", "/settings", &json!({ "apps_on_demand": true })).unwrap();
    assert_eq!(get_bearing(&emulator, &old, "/a/b/users").await.status, 401);
    let fresh = post_to(&emulator, "/a/b/token", &[], &client_credentials()).await.token();
    assert_eq!(get_bearing(&emulator, &fresh, "/a/b/users").await.status, 200);
    emulator.control("POST", "/users", &json!({ "app_key": "new#one", "username": "x" })).unwrap();
}

#[tokio::test]
async fn a_seed_gives_the_same_keys_and_ids_after_a_restart() {
    let start = async |seed: u64| {
        Emulator::builder().seed(seed).app_key("o", "a").apps_on_demand(true).start().await.unwrap()
    };
    let (first, second, other) = (start(7).await, start(7).await, start(8).await);
    for (path, key) in [("/o/a", "o#a"), ("/o/demand", "o#demand")] {
        let token_path = format!("{path}/token");
        let app = post_to(&first, &token_path, &[], &client_credentials()).await;
        let user = post_to(&first, &token_path, &[], &password("c", "1")).await;
        let again = post_to(&second, &token_path, &[], &client_credentials()).await;
        let user_again = post_to(&second, &token_path, &[], &password("c", "1")).await;
        assert_eq!(app.json()["application"], again.json()["application"], "{key}");
        assert_eq!(user.json()["user"]["uuid"], user_again.json()["user"]["uuid"], "{key}");
        assert_ne!(user.json()["user"]["uuid"], app.json()["application"]);
        for token in [app.token(), user.token()] {
            assert!(second.accepts(&token), "{key}");
            assert!(!other.accepts(&token), "{key}");
        }
        let made = post_to(
            &second,
            &token_path,
            &[("Authorization", &format!("Bearer {}", app.token()))],
            &inherit("n", true),
        )
        .await;
        assert_eq!(made.status, 200);
    }
    let name = |emulator: &Emulator| emulator.control("POST", "/apps", &json!({})).unwrap();
    assert_eq!(name(&first), name(&second));
    assert_ne!(name(&first), name(&first));
    assert!(!Emulator::start().await.unwrap().accepts(&app_token_of(&first).await));
}

async fn app_token_of(emulator: &Emulator) -> String {
    post_to(emulator, "/o/a/token", &[], &client_credentials()).await.token()
}

#[tokio::test]
async fn a_token_is_accepted_until_something_ends_it() {
    let (emulator, token) = start_with_app_token().await;
    let user = post(&emulator, &with(password("c", "1"), "ttl", json!(100))).await.token();
    assert!(emulator.accepts(&token) && emulator.accepts(&user));
    assert!(
        !emulator.accepts("") && !emulator.accepts(&token[..129]) && !emulator.accepts("\u{e9}")
    );
    let check = |token: &str| {
        emulator.control("POST", "/tokens/check", &json!({ "token": token })).unwrap()
    };
    assert_eq!(
        (&check(&user)["username"], &check(&token)["username"]),
        (&"c".into(), &Value::Null)
    );
    emulator.ban("c").unwrap();
    assert!(!emulator.accepts(&user));
    assert_eq!(check(&user)["error_description"], "user not activated");
    emulator.unban("c").unwrap();
    emulator.advance(Duration::from_secs(100));
    assert_eq!(
        check(&user)["error_description"],
        "Unable to authenticate due to expired access token"
    );
    assert!(emulator.accepts(&token));
    let permanent = post(&emulator, &with(password("c", "1"), "ttl", json!(0))).await.token();
    assert_eq!(check(&permanent)["expires_at_ms"], Value::Null);
    bearing(&emulator, &token, "DELETE", "/easemob-demo/testapp/users/c", "").await;
    assert!(!emulator.accepts(&permanent));
    emulator.revoke_app_tokens();
    assert!(!emulator.accepts(&token));
}

#[tokio::test]
async fn a_stub_answers_only_with_a_good_token() {
    let (emulator, token) = start_with_app_token().await;
    let user = post(&emulator, &password("c", "1")).await.token();
    let groups = "/easemob-demo/testapp/chatgroups";
    let at = async |token: &str, path: &str| get_bearing(&emulator, token, path).await;
    assert_eq!(at(&token, groups).await.status, 404);
    emulator.stub(Stub::new("GET", "/chatgroups", json!({ "data": [] }))).unwrap();
    emulator
        .stub(Stub::new("GET", "/chatgroups/*/users", json!([1])).status(202).take_user_tokens())
        .unwrap();
    emulator.stub(Stub::new("DELETE", "/users/c", json!(null)).status(204)).unwrap();
    assert_eq!(at(&token, groups).await.json(), json!({ "data": [] }));
    let members = format!("{groups}/5/users");
    for (bearer, path, status) in [
        (&*user, groups, 401),
        ("rubbish", groups, 401),
        (&*user, &members, 202),
        (&*token, &members, 202),
        ("rubbish", &members, 401),
        (&*token, &format!("{groups}/5"), 404),
        (&*token, "/easemob-demo/other/chatgroups", 404),
    ] {
        assert_eq!(at(bearer, path).await.status, status, "{path}");
    }
    let deleted = bearing(&emulator, &token, "DELETE", "/easemob-demo/testapp/users/c", "").await;
    assert_eq!((deleted.status, emulator.accepts(&user)), (204, true), "it comes before our own");
    emulator.ban("c").unwrap();
    assert_eq!(at(&user, &members).await.status, 401);
    emulator.revoke_app_tokens();
    assert_eq!(
        at(&token, groups).await.error(),
        "401 unauthorized: Unable to authenticate (OAuth)"
    );
    let absent = bearing(&emulator, "", "GET", groups, "").await;
    assert_eq!(absent.status, 401);
    for stub in [
        Stub::new("G T", "/x", json!(1)),
        Stub::new("GET", "x", json!(1)),
        Stub::new("GET", "/", json!(1)),
        Stub::new("GET", "/x?y", json!(1)),
        Stub::new("POST", "/token", json!(1)),
        Stub::new("GET", "/x", json!(1)).status(600),
        Stub::new("GET", "/x", json!(1)).status(199),
    ] {
        assert!(emulator.stub(stub.clone()).is_err(), "{stub:?}");
    }
    emulator.clear_stubs();
    let fresh = app_token(&emulator).await;
    assert_eq!(at(&fresh, groups).await.status, 404);
}

#[tokio::test]
async fn one_app_is_reset_alone_and_a_reset_restores_what_was_remembered() {
    let emulator = Emulator::builder().apps_on_demand(true).start().await.unwrap();
    let call = |path: &str, body: Value| emulator.control("POST", path, &body).unwrap();
    call("/users", json!({ "username": "kept" }));
    call("/faults", json!({ "kind": "server_error", "status": 503, "grant": "inherit" }));
    emulator.stub(Stub::new("GET", "/presence", json!(1))).unwrap();
    emulator.remember();
    let of_first = app_token(&emulator).await;
    let tokens = [
        post_to(&emulator, "/x/y/token", &[], &client_credentials()).await.token(),
        post_to(&emulator, "/x/z/token", &[], &client_credentials()).await.token(),
    ];
    for key in ["x#y", "x#z"] {
        call("/users", json!({ "app_key": key, "username": "late" }));
        call("/faults", json!({ "kind": "close", "app_key": key, "grant": "inherit" }));
    }
    call("/reset", json!({ "app_key": "x#y" }));
    let users = |key: &str| {
        let users = emulator.control("GET", "/users", &json!({ "app_key": key })).unwrap();
        users["users"].as_array().unwrap().len()
    };
    assert_eq!((users("x#y"), users("x#z"), emulator.pending_faults()), (2, 3, 2));
    assert_eq!((emulator.accepts(&tokens[0]), emulator.accepts(&tokens[1])), (false, true));
    assert_eq!(emulator.requests().len(), 2, "those of the other app stay");
    assert!(emulator.accepts(&of_first));
    emulator.reset();
    assert!(!emulator.accepts(&of_first), "a reset revokes app tokens");
    assert_eq!((users("easemob-demo#testapp"), emulator.pending_faults()), (2, 1));
    let token = app_token(&emulator).await;
    assert_eq!(get_bearing(&emulator, &token, "/easemob-demo/testapp/presence").await.status, 200);
    assert_eq!((users("x#z"), emulator.accepts(&tokens[1])), (2, false));
}

#[tokio::test]
async fn a_hold_of_one_app_holds_no_other() {
    let emulator = Emulator::builder().control().apps_on_demand(true).start().await.unwrap();
    let held = json!({ "app_key": "x#held" });
    emulator.control("POST", "/hold", &held).unwrap();
    let wanted = password("c", "1");
    let waiting = post_to(&emulator, "/x/held/token", &[], &wanted);
    let others = async {
        emulator.wait_for_requests(1).await;
        for path in ["/x/free/token", "/easemob/server.json", "/"] {
            assert!(post_to(&emulator, path, &[], &wanted).await.status > 0, "{path}");
        }
        assert_eq!(emulator.requests()[0].outcome(), None, "still held");
        let other = json!({ "app_key": "x#free" });
        emulator.control("POST", "/release", &other).unwrap();
        assert_eq!(emulator.requests()[0].outcome(), None, "another app's release");
        emulator.control("POST", "/release", &held).unwrap();
    };
    let both = async { tokio::join!(waiting, others).0 };
    let reply =
        tokio::time::timeout(Duration::from_secs(60), both).await.expect("no other is held");
    assert_eq!(reply.status, 200);
}

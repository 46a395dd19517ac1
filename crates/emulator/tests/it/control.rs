//! The control plane over HTTP: every call, and what is refused.

use std::time::Duration;

use easemob_token_emulator::{Emulator, StartErrorKind};
use serde_json::{Value, json};

use crate::client::{PATH, Reply, client_credentials, password, post, raw, raw_at, request};

async fn started() -> Emulator {
    Emulator::builder().control().start().await.unwrap()
}

async fn call(emulator: &Emulator, method: &str, path: &str, body: &Value) -> Reply {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let path = format!("/__emulator{path}");
    raw(emulator, &request(method, &path, &[], body.as_bytes())).await.unwrap()
}

async fn done(emulator: &Emulator, method: &str, path: &str, body: Value) -> Value {
    let reply = call(emulator, method, path, &body).await;
    assert_eq!(reply.status, 200, "{method} {path}: {}", reply.text());
    reply.json()
}

#[tokio::test]
async fn each_call_of_the_description_answers_its_example() {
    let emulator = started().await;
    let description = done(&emulator, "GET", "/openapi.json", Value::Null).await;
    let mut calls = 0;
    for (path, methods) in description["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let example = &operation["requestBody"]["content"]["application/json"]["example"];
            let path = path.strip_prefix("/__emulator").unwrap();
            done(&emulator, &method.to_uppercase(), path, example.clone()).await;
            calls += 1;
        }
    }
    assert!(calls > 25, "{calls}");
    emulator.shutdown_requested().await;
    assert_eq!(emulator.request_count(), 0, "its own calls are not recorded");
}

#[tokio::test]
async fn calls_change_what_the_service_answers() {
    let emulator = started().await;
    let status = async |body: Value| post(&emulator, &body).await.status;
    done(&emulator, "POST", "/users", json!({ "username": "Dora", "password": "2" })).await;
    assert_eq!(status(password("dora", "2")).await, 200);
    done(&emulator, "POST", "/users/ban", json!({ "username": "dora" })).await;
    assert_eq!(status(password("dora", "2")).await, 400);
    done(&emulator, "POST", "/users/unban", json!({ "username": "DORA" })).await;
    done(&emulator, "POST", "/faults", json!({ "kind": "server_error", "status": 503, "grant": "password", "username": "dora", "times": 2 })).await;
    for expected in [503, 503, 200] {
        assert_eq!(status(password("dora", "2")).await, expected);
    }
    done(&emulator, "PATCH", "/settings", json!({ "default_ttl": "90s", "request_limit": 1 }))
        .await;
    done(&emulator, "POST", "/clock/advance", json!({ "by": "2s" })).await;
    assert_eq!(post(&emulator, &client_credentials()).await.json()["expires_in"], 90);
    assert_eq!(status(client_credentials()).await, 429);

    let counted =
        done(&emulator, "GET", "/requests/count?grant=password&status=503", Value::Null).await;
    assert_eq!((&counted["count"], &counted["arrived"]), (&2.into(), &7.into()));
    let listed = done(&emulator, "GET", "/requests?limit=1", Value::Null).await;
    assert_eq!((&listed["count"], &listed["requests"][0]["status"]), (&7.into(), &429.into()));
    assert!(!listed.to_string().contains("secret\":\"YXA6V"), "{listed}");

    done(&emulator, "POST", "/reset", Value::Null).await;
    assert_eq!(status(password("dora", "2")).await, 404);
    assert_eq!(post(&emulator, &client_credentials()).await.json()["expires_in"], 5_184_000);
    assert_eq!(done(&emulator, "GET", "/requests/count", Value::Null).await["count"], 2);
}

#[tokio::test]
async fn requests_are_held_waited_for_and_released() {
    let emulator = started().await;
    done(&emulator, "POST", "/hold", Value::Null).await;
    let waiting = async {
        let wanted = json!({ "count": 1, "grant": "client_credentials", "timeout": "30s" });
        done(&emulator, "POST", "/requests/wait", wanted).await;
        done(&emulator, "POST", "/release", Value::Null).await;
    };
    let body = client_credentials();
    let (reply, ()) = tokio::join!(post(&emulator, &body), waiting);
    assert_eq!(reply.status, 200);
    let late =
        call(&emulator, "POST", "/requests/wait", &json!({ "count": 9, "timeout": "1ms" })).await;
    assert_eq!((late.status, &late.json()["error"]["code"]), (504, &"timed_out".into()));
}

/// Method, path, body, status, and a part of the message.
const WRONG: &[(&str, &str, &str, u16, &str)] = &[
    ("GET", "/nothing", r#"null"#, 404, "openapi.json"),
    ("PUT", "/users", r#"{}"#, 405, "use GET or POST"),
    ("DELETE", "/health", r#"null"#, 405, "use GET"),
    ("POST", "/users", r#"[1]"#, 400, "must be a JSON object"),
    ("POST", "/users", r#"{}"#, 400, "`username` is missing"),
    ("POST", "/users", r#"{ "username": "a b" }"#, 400, "[a-z0-9_.-]"),
    (
        "POST",
        "/users",
        r#"{ "username": "x", "pasword": "MARK" }"#,
        400,
        "allowed are app_key, username, password",
    ),
    ("POST", "/users", r#"{ "username": "x", "password": 5 }"#, 400, "`password` must be text"),
    (
        "POST",
        "/users",
        r#"{ "username": "x", "app_key": "MARK" }"#,
        400,
        "`app_key` must be org#app",
    ),
    ("POST", "/users", r#"{ "username": "x", "app_key": "a#b" }"#, 400, "POST /__emulator/apps"),
    ("POST", "/users/ban", r#"{ "username": "MARK" }"#, 400, "not registered"),
    ("POST", "/apps", r#"{ "app_key": "a#b/c" }"#, 400, "application name"),
    ("POST", "/clock/advance", r#"{ "by": "MARK" }"#, 400, "1h30m"),
    ("PATCH", "/settings", r#"{ "request_limit": 0 }"#, 400, "from 1 to 4294967295, or none"),
    (
        "PATCH",
        "/settings",
        r#"{ "default_ttl": "12h", "permanent_as": "MARK" }"#,
        400,
        "usergrid_max, zero",
    ),
    (
        "PATCH",
        "/settings",
        r#"{ "ttl_unit": { "request": "MARK" } }"#,
        400,
        "seconds, milliseconds",
    ),
    ("POST", "/faults", r#"{ "kind": "MARK" }"#, 400, "refusal, error"),
    (
        "POST",
        "/faults",
        r#"{ "kind": "refusal", "refusal": "close", "status": 5 }"#,
        400,
        "client_id_missing",
    ),
    ("POST", "/faults", r#"{ "kind": "error", "status": 99, "error": "x" }"#, 400, "200 to 999"),
    ("POST", "/faults", r#"{ "kind": "close", "times": 0 }"#, 400, "or always"),
    ("POST", "/faults", r#"{ "kind": "close", "probability": 1.5 }"#, 400, "from 0 to 1"),
    ("POST", "/faults", r#"{ "kind": "close", "headers": { "a": 1 } }"#, 400, "texts as values"),
    ("POST", "/requests/wait", r#"{ "count": 1, "timeout": "1d" }"#, 400, "at most 10m"),
    ("GET", "/requests?grant=MARK", r#"null"#, 400, "client_credentials, password, inherit"),
    ("GET", "/requests?limit=1&limit=2", r#"null"#, 400, "only once"),
];

#[tokio::test]
async fn a_wrong_call_is_told_what_is_allowed_and_changes_nothing() {
    let emulator = started().await;
    for (method, path, body, status, part) in WRONG {
        let body: Value = serde_json::from_str(body).unwrap();
        let reply = call(&emulator, method, path, &body).await;
        assert_eq!(reply.status, *status, "{method} {path} {body}: {}", reply.text());
        assert!(reply.text().contains(part), "{method} {path} {body}: {}", reply.text());
        assert!(!reply.text().contains("MARK"), "{}", reply.text());
        assert_eq!(reply.header("allow").is_some(), *status == 405);
        assert_eq!(reply.header("access-control-allow-origin"), None);
    }
    let broken =
        raw(&emulator, &request("POST", "/__emulator/users", &[], b"{\"MARK")).await.unwrap();
    assert!(broken.status == 400 && broken.text().contains("line 1"), "{}", broken.text());
    let large = vec![b' '; 1024 * 1024 + 1];
    assert_eq!(
        raw(&emulator, &request("POST", "/__emulator/reset", &[], &large)).await.unwrap().status,
        413
    );
    assert_eq!(emulator.pending_faults(), 0);
    let settings = done(&emulator, "GET", "/settings", Value::Null).await;
    assert_eq!(
        (&settings["default_ttl"], &settings["request_limit"]),
        (&5_184_000.0.into(), &300.into())
    );
}

/// A request to shut down with exactly these header fields.
fn call_of(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut text = "POST /__emulator/shutdown HTTP/1.1\r\nConnection: close\r\n".to_owned();
    fields.iter().for_each(|(name, value)| text += &format!("{name}: {value}\r\n"));
    format!("{text}\r\n").into_bytes()
}

#[tokio::test]
async fn no_page_of_a_browser_and_no_foreign_name_may_call() {
    let emulator = started().await;
    for fields in [
        &[("Host", "rebound.example")][..],
        &[("Host", "localhost"), ("Origin", "https://page.example")],
        &[("Host", "127.0.0.1"), ("Sec-Fetch-Site", "cross-site")],
    ] {
        let reply = raw(&emulator, &call_of(fields)).await.unwrap();
        assert_eq!((reply.status, &reply.json()["error"]["code"]), (403, &"forbidden".into()));
    }
    let asked = tokio::time::timeout(Duration::ZERO, emulator.shutdown_requested()).await;
    assert!(asked.is_err(), "none of them shuts it down");
    assert_eq!(raw(&emulator, &call_of(&[("Host", "[::1]:80")])).await.unwrap().status, 200);
}

#[tokio::test]
async fn the_control_plane_is_only_where_it_was_asked_for() {
    let health = b"GET /__emulator/health HTTP/1.1\r\nHost: any\r\nConnection: close\r\n\r\n";
    let plain = Emulator::start().await.unwrap();
    assert_eq!(plain.control_url(), None);
    assert_eq!(call(&plain, "POST", "/reset", &Value::Null).await.status, 404);
    assert_eq!(raw(&plain, health).await.unwrap().status, 200);

    let remote = Emulator::builder().listen("0.0.0.0:0").allow_remote();
    let error = remote.clone().control().start().await.unwrap_err();
    assert_eq!(error.kind(), StartErrorKind::InvalidSetting);
    let remote = remote.control_on("127.0.0.1:0").control_name("emulator").start().await.unwrap();
    assert_eq!(call(&remote, "POST", "/reset", &Value::Null).await.status, 404);
    let control = remote.control_url().unwrap();
    let address = control.strip_prefix("http://").and_then(|it| it.strip_suffix("/__emulator"));
    let address = address.unwrap().parse().unwrap();
    let at = async |bytes: &[u8]| raw_at(address, bytes).await.unwrap();
    assert_eq!(at(&call_of(&[("Host", "emulator:9000")])).await.status, 200);
    assert_eq!(at(&call_of(&[("Host", "other:9000")])).await.status, 403);
    assert_eq!(at(health).await.status, 200);
    let token = request("POST", PATH, &[], b"{}");
    assert!(at(&token).await.text().contains("only /__emulator/"));
    let error = Emulator::builder().control_on("0.0.0.0:0").start().await.unwrap_err();
    assert_eq!(error.kind(), StartErrorKind::NotLoopback);
}

#[tokio::test]
async fn apps_that_a_call_made_share_no_state() {
    let emulator = started().await;
    let mut apps = Vec::new();
    for _ in 0..20 {
        apps.push(done(&emulator, "POST", "/apps", Value::Null).await);
    }
    let token = async |app: &Value| {
        let path = format!("/{}/token", app["app_key"].as_str().unwrap().replace('#', "/"));
        let body = json!({
            "grant_type": "client_credentials",
            "client_id": app["client_id"],
            "client_secret": app["client_secret"],
        });
        crate::client::post_to(&emulator, &path, &[], &body).await.status
    };
    let key = &apps[3]["app_key"];
    let fault = json!({ "kind": "server_error", "status": 502, "times": "always", "app_key": key });
    done(&emulator, "POST", "/faults", fault).await;
    for (number, app) in apps.iter().enumerate() {
        assert_eq!(token(app).await, if number == 3 { 502 } else { 200 }, "{number}");
        let key = app["app_key"].as_str().unwrap().replace('#', "%23");
        let count = format!("/requests/count?app_key={key}");
        assert_eq!(done(&emulator, "GET", &count, Value::Null).await["count"], 1);
    }
    let encoded = key.as_str().unwrap().replace('#', "%23");
    done(&emulator, "DELETE", &format!("/requests?app_key={encoded}"), Value::Null).await;
    assert_eq!(done(&emulator, "GET", "/requests/count", Value::Null).await["count"], 19);
    done(&emulator, "DELETE", &format!("/faults?app_key={encoded}"), Value::Null).await;
    assert_eq!(token(&apps[3]).await, 200);
    let unknown = json!({ "app_key": "none#none", "client_id": "a", "client_secret": "b" });
    assert_eq!(token(&unknown).await, 404);
}

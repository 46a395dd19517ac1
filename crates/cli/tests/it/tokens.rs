//! `app`, `user`, `password`: a token on standard output, over every transport compiled in.

use easemob_token_emulator::{Emulator, Unit};

use crate::{TRANSPORTS, json, run, set_up, stderr, stdout};

#[tokio::test]
async fn app_prints_the_object_of_the_contract() {
    for transport in TRANSPORTS {
        let emulator = Emulator::start().await.unwrap();
        let words = ["app", "--format", "json", "--transport", transport, "--ttl", "12h"];
        let token = json(&run(set_up(&emulator, &words)).await);
        assert!(token["access_token"].as_str().unwrap().starts_with("YWMt"));
        assert_eq!(token["kind"], "app");
        assert_eq!(token["expires_in"], 43_200);
        assert_eq!(token["lifetime"], "expires");
        assert!(token["expires_at"].as_str().unwrap().ends_with('Z'));
        assert!(token["application"].is_string());
        assert!(token.get("user").is_none());
        assert_eq!(emulator.request_count(), 1);
    }
}

#[tokio::test]
async fn password_prints_seconds_whatever_the_unit_on_the_wire() {
    for transport in TRANSPORTS {
        for (unit, name, wire) in [
            (Unit::Seconds, "seconds", 1_024_000_u64),
            (Unit::Milliseconds, "milliseconds", 1_024_000_000),
        ] {
            let emulator = Emulator::builder().ttl_units(unit, unit).start().await.unwrap();
            let words = ["password", "--username", "C", "--ttl", "1024000", "--format", "json"];
            let mut command = set_up(&emulator, &words);
            command.env("EASEMOB_TTL_UNIT", name).env("EASEMOB_TRANSPORT", transport);
            let token = json(&run(command).await);
            assert_eq!((&token["kind"], &token["expires_in"]), (&"user".into(), &1_024_000.into()));
            let user = token["user"].as_object().unwrap();
            assert_eq!(user["username"], "c");
            assert_eq!((&user["type"], &user["activated"]), (&"user".into(), &true.into()));
            for time in ["created", "modified"] {
                assert!(user[time].as_str().unwrap().ends_with('Z'));
            }
            assert!(user["uuid"].is_string() && token.get("application").is_none());
            let [request] = &emulator.requests()[..] else { panic!("one request") };
            assert_eq!(request.json().unwrap()["ttl"], wire);
            assert_eq!(request.response_json().unwrap()["expires_in"], wire);
            assert!(request.header("authorization").is_none());
        }
    }
}

#[tokio::test]
async fn user_fetches_the_app_token_and_creates_when_asked() {
    for transport in TRANSPORTS {
        let emulator = Emulator::start().await.unwrap();
        let words = ["user", "--username", "Alice", "--create", "--transport", transport];
        let output = run(set_up(&emulator, &words)).await;
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let token = stdout(&output).strip_suffix('\n').unwrap();
        assert!(token.starts_with("YWMt") && !token.contains(char::is_whitespace));
        assert!(stderr(&output).starts_with("user token of alice, lives 60d, until "));
        let [_, user] = &emulator.requests()[..] else { panic!("two requests") };
        assert_eq!(user.json().unwrap()["autoCreateUser"], true);
        assert!(user.json().unwrap().get("ttl").is_none());
    }
}

#[tokio::test]
async fn a_permanent_token_has_no_end() {
    let emulator = Emulator::start().await.unwrap();
    let words = ["password", "--username", "c", "--ttl", "permanent", "--format", "json"];
    let token = json(&run(set_up(&emulator, &words)).await);
    assert_eq!(token["lifetime"], "permanent");
    assert!(token["expires_in"].is_null() && token["expires_at"].is_null());
    assert_eq!(emulator.requests()[0].json().unwrap()["ttl"], 0);
}

#[tokio::test]
async fn quiet_leaves_standard_error_empty_and_verbose_logs_without_secrets() {
    let emulator = Emulator::start().await.unwrap();
    let output = run(set_up(&emulator, &["app", "-q"])).await;
    assert!(output.stderr.is_empty() && !output.stdout.is_empty());
    let output = run(set_up(&emulator, &["user", "--username", "c", "-v"])).await;
    let log = stderr(&output);
    assert_eq!(log.matches("> POST http://").count(), 2, "{log}");
    assert!(log.contains("< 200 OK"), "{log}");
    assert!(!log.contains("YXA6V") && !log.contains("YWMt"), "{log}");
}

#[tokio::test]
async fn authorize_password_sends_the_app_token() {
    let emulator = Emulator::builder().password_needs_app_token(true).start().await.unwrap();
    let output = run(set_up(&emulator, &["password", "--username", "c"])).await;
    assert_eq!(output.status.code(), Some(3));
    let words = ["password", "--username", "c", "--authorize-password"];
    assert_eq!(run(set_up(&emulator, &words)).await.status.code(), Some(0));
}

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
        // Its facts are for people, and nobody reads standard error here.
        assert_eq!(stderr(&output), "");
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
async fn verbose_shows_what_is_sent_without_secrets_in_the_form_of_the_output() {
    let emulator = Emulator::start().await.unwrap();
    for (words, lines) in [(&["user", "c", "-v"][..], 4), (&["user", "c", "-vv"], 23)] {
        let output = run(set_up(&emulator, words)).await;
        let log = stderr(&output);
        assert_eq!(
            (log.lines().count(), log.matches("> POST http://").count()),
            (lines, 2),
            "{log}"
        );
        assert!(log.contains("< 200 OK"), "{log}");
        assert_eq!(log.contains(r#""client_secret":"YXA6…(31 chars)"}"#), lines > 4, "{log}");
        assert_eq!(log.contains("authorization: Bearer YWMt…(130 chars)"), lines > 4, "{log}");
        assert!(!log.contains("YXA6V") && !log.contains(&stdout(&output)[..9]), "{log}");
        let output = run(set_up(&emulator, &[words, &["--format", "json"]].concat())).await;
        let of = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap();
        let log: Vec<_> = stderr(&output).lines().map(of).collect();
        assert_eq!((log.len(), &log[0]["request"]["method"]), (4, &"POST".into()));
        assert_eq!(
            (&log[3]["response"]["number"], &log[3]["response"]["status"]),
            (&2.into(), &200.into())
        );
        assert_eq!(log[2]["request"]["headers"].is_object(), lines > 4);
        assert_eq!(log[2]["request"]["body"].is_string(), lines > 4);
    }
    assert!(run(set_up(&emulator, &["app", "-q", "-v"])).await.status.code() == Some(2));
}

/// A shell and a reader of `.env` files take the lines as they are.
#[tokio::test]
async fn the_forms_for_a_shell_and_for_a_header_have_the_token_of_every_command() {
    let emulator = Emulator::start().await.unwrap();
    for (words, begin) in [
        (&["app"][..], "YWMt"),
        (&["user", "c"], "YWMt"),
        (&["password", "--username", "c", "--ttl", "permanent"], "YWMt"),
        (&["dynamic", "--username", "c", "--ttl", "10m"], "ZHQt"),
    ] {
        let mut header = set_up(&emulator, words);
        header.env("EASEMOB_FORMAT", "header");
        let output = run(header).await;
        let token = stdout(&output).strip_prefix("Authorization: Bearer ").unwrap();
        assert!(token.starts_with(begin) && token.lines().count() == 1, "{token}");
        let output = run(set_up(&emulator, &[words, &["--format", "env"]].concat())).await;
        let mut shell = std::process::Command::new("/bin/sh");
        shell.args(["-c", ". /dev/stdin; echo \"$EASEMOB_TOKEN $EASEMOB_TOKEN_EXPIRES_AT\""]);
        let sourced = crate::run_with_input(shell, &output.stdout);
        let (token, end) = stdout(&sourced).trim_end_matches('\n').split_once(' ').unwrap();
        assert!(token.starts_with(begin), "{}", stdout(&output));
        assert!(stdout(&output).starts_with(&format!("EASEMOB_TOKEN={token}\n")));
        assert_eq!(end.ends_with('Z'), !words.contains(&"permanent"), "{end}");
    }
    for (words, known) in [
        (&["inspect", "x"][..], "inspect has no env; write text or json"),
        (&["emulator"], "emulator has no env; write text or json"),
        (&["version"], "version has no env; write text or json"),
        (&["doctor"], "doctor has no env; write text or json"),
    ] {
        // The variable is for every command; as an option it is no value at all.
        let mut command = set_up(&emulator, words);
        command.env("EASEMOB_FORMAT", "env");
        let output = run(command).await;
        assert_eq!(output.status.code(), Some(2), "{words:?}");
        let message = stderr(&output);
        assert!(message.contains(&format!("--format (EASEMOB_FORMAT): {known}")), "{message}");
    }
}

#[tokio::test]
async fn authorize_password_sends_the_app_token() {
    let emulator = Emulator::builder().password_needs_app_token(true).start().await.unwrap();
    let output = run(set_up(&emulator, &["password", "--username", "c"])).await;
    assert_eq!(output.status.code(), Some(3));
    let words = ["password", "--username", "c", "--authorize-password"];
    assert_eq!(run(set_up(&emulator, &words)).await.status.code(), Some(0));
}

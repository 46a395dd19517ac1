//! Exit codes and error output of the contract.

use std::time::Duration;

use easemob_token_emulator::{Emulator, Fault};
use easemob_token_transport_testkit::ClosedPort;

use crate::{TRANSPORTS, failure, run, set_up, stderr};

#[tokio::test]
async fn a_wrong_password_is_the_object_of_the_contract() {
    for transport in TRANSPORTS {
        let emulator = Emulator::start().await.unwrap();
        let words = ["password", "--username", "c", "--format", "json", "--transport", transport];
        let mut command = set_up(&emulator, &words);
        command.env("EASEMOB_PASSWORD", "wrong");
        let (code, error) = failure(&run(command).await);
        assert_eq!(code, 3);
        assert_eq!(error["kind"], "invalid_password");
        assert_eq!((&error["status"], &error["code"]), (&400.into(), &"invalid_grant".into()));
        assert!(error["message"].is_string() && error["description"].is_string());
        assert_eq!((&error["retryable"], &error["attempts"]), (&false.into(), &1.into()));
    }
}

#[tokio::test]
async fn each_kind_has_its_exit_code_and_its_remedy() {
    let emulator = Emulator::start().await.unwrap();
    let (html, again) = (b"<html></html>", "copy both from the console again");
    let client = Fault::error(400, "invalid_grant", Some("client_id does not match"));
    let app = Fault::error(404, "organization_application_not_found", None);
    let pause = Fault::rate_limited(Some(Duration::from_secs(7)));
    let cases = [
        (client, 3, "invalid_client", again),
        (app, 3, "application_not_found", "check the app key and the base URL"),
        (Fault::error(401, "unauthorized", None), 3, "invalid_client", again),
        (Fault::error(403, "forbidden", None), 3, "rejected", "403 forbidden"),
        (Fault::rate_limited(None), 4, "rate_limited", "try again after 60 s"),
        (pause, 4, "rate_limited", "try again after 7 s"),
        (Fault::quota_exceeded(), 4, "quota_exceeded", "change the plan"),
        (Fault::gateway(502), 5, "server_error", "try again later"),
        (Fault::conflict(), 5, "conflict", "try again after a second"),
        (Fault::close(), 5, "interrupted", "check the proxies and gateways"),
        (Fault::redirect("https://example.com/"), 6, "redirected", "check the base URL"),
        (Fault::response(200, [], html.to_vec()), 6, "malformed_response", "check the base URL"),
        (Fault::response(200, [], vec![b'x'; 70_000]), 6, "too_large", "check that the base URL"),
    ];
    for transport in TRANSPORTS {
        for (fault, code, kind, remedy) in cases.clone() {
            emulator.inject(fault).unwrap();
            let words =
                ["app", "--format", "json", "--transport", transport, "--max-attempts", "1"];
            let (exit, error) = failure(&run(set_up(&emulator, &words)).await);
            assert_eq!((exit, &error["kind"]), (code, &kind.into()), "{error}");
            let message = error["message"].as_str().unwrap();
            assert!(message.contains(remedy), "{message}");
            let pause = if remedy.contains(" 7 s") { 7.into() } else { serde_json::Value::Null };
            assert_eq!(error["retry_after"], pause);
        }
    }
}

#[tokio::test]
async fn a_refused_user_has_the_exit_code_and_the_remedy_of_its_kind() {
    let emulator = Emulator::builder()
        .password_needs_app_token(true)
        .tls(["localhost"])
        .start()
        .await
        .unwrap();
    let file = std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("failures.pem");
    std::fs::write(&file, emulator.ca_pem().unwrap()).unwrap();
    emulator.add_user("banned", "1").unwrap();
    emulator.ban("banned").unwrap();
    let roots = ["--ca-file", file.to_str().unwrap()];
    let authorized = [&roots[..], &["--authorize-password"]].concat();
    for (words, more, code, kind, remedy) in [
        (["user", "nobody"], &roots[..], 3, "user_not_found", "run user with --create"),
        (["user", "-é"], &[&roots[..], &["--create"]].concat(), 3, "invalid_username", "64 bytes"),
        (["password", "c"], &roots, 3, "unauthorized", "send one with --authorize-password"),
        (["password", "banned"], &authorized, 3, "user_deactivated", "with the REST API"),
        (["user", "c"], &[], 5, "tls", "--add-ca-file"),
    ] {
        let mut command = set_up(&emulator, &[words[0], "--format", "json"]);
        command.args(more).arg(format!("--username={}", words[1]));
        let (exit, error) = failure(&run(command).await);
        assert_eq!((exit, &error["kind"]), (code, &kind.into()), "{words:?}: {error}");
        assert!(error["message"].as_str().unwrap().contains(remedy), "{error}");
    }
}

#[tokio::test]
async fn a_passing_failure_is_retried_and_the_attempts_are_counted() {
    let emulator = Emulator::start().await.unwrap();
    emulator.inject(Fault::gateway(502)).unwrap();
    assert_eq!(run(set_up(&emulator, &["app"])).await.status.code(), Some(0));
    assert_eq!(emulator.request_count(), 2);

    let emulator = Emulator::start().await.unwrap();
    emulator.inject(Fault::gateway(502).always()).unwrap();
    let words = ["app", "--format", "json", "--max-attempts", "2"];
    let (code, error) = failure(&run(set_up(&emulator, &words)).await);
    assert_eq!((code, &error["attempts"], emulator.request_count()), (5, &2.into(), 2));
}

#[tokio::test]
async fn in_text_form_a_failure_is_one_line() {
    let emulator = Emulator::start().await.unwrap();
    emulator.inject(Fault::gateway(503)).unwrap();
    let output = run(set_up(&emulator, &["app", "--max-attempts", "1"])).await;
    assert_eq!(output.status.code(), Some(5));
    let text = stderr(&output);
    assert!(
        text.starts_with("easemob-token: server_error: the service has trouble (503"),
        "{text}"
    );
    assert!(text.ends_with('\n') && text.lines().count() == 1, "{text}");
}

#[tokio::test]
async fn a_closed_port_exits_5_with_connect() {
    let emulator = Emulator::start().await.unwrap();
    let port = ClosedPort::new();
    for transport in TRANSPORTS {
        let words = ["app", "--format", "json", "--transport", transport, "--max-attempts", "1"];
        let mut command = set_up(&emulator, &words);
        command.env("EASEMOB_BASE_URL", format!("http://{}", port.address()));
        let (code, error) = failure(&run(command).await);
        assert_eq!((code, &error["kind"]), (5, &"connect".into()), "{error}");
        assert_eq!((&error["retryable"], &error["status"]), (&true.into(), &().into()));
    }
}

#[tokio::test]
async fn timeout_and_deadline_end_in_timeout() {
    for (option, words) in [("--timeout", "200ms"), ("--deadline", "200ms")] {
        for transport in TRANSPORTS {
            let emulator = Emulator::start().await.unwrap();
            emulator.inject(Fault::hang()).unwrap();
            let words = ["app", "--format", "json", option, words, "--transport", transport];
            let words = [&words[..], &["--max-attempts", "1"]].concat();
            let start = std::time::Instant::now();
            let (code, error) = failure(&run(set_up(&emulator, &words)).await);
            assert_eq!((code, &error["kind"]), (5, &"timeout".into()), "{error}");
            assert_eq!(error["attempts"], 1);
            assert!(start.elapsed() < Duration::from_secs(8), "{option}");
        }
    }
}

#[tokio::test]
async fn plain_http_to_another_machine_exits_2_without_sending() {
    for transport in TRANSPORTS {
        let emulator = Emulator::start().await.unwrap();
        let url = ["--base-url", "http://example.com"];
        let words = [url[0], url[1], "app", "--format", "json", "--transport", transport];
        let (code, error) = failure(&run(set_up(&emulator, &words)).await);
        assert_eq!((code, &error["kind"]), (2, &"invalid_input".into()));
        assert!(error["message"].as_str().unwrap().contains("--allow-http"), "{error}");
        assert_eq!((&error["attempts"], emulator.request_count()), (&0.into(), 0));
    }
}

#[tokio::test]
async fn a_missing_or_wrong_setting_is_named_and_exits_2() {
    let emulator = Emulator::start().await.unwrap();
    for (unset, named) in [
        ("EASEMOB_BASE_URL", "--base-url"),
        ("EASEMOB_APP_KEY", "--app-key"),
        ("EASEMOB_CLIENT_ID", "--client-id"),
        ("EASEMOB_CLIENT_SECRET", "EASEMOB_CLIENT_SECRET"),
    ] {
        let mut command = set_up(&emulator, &["app"]);
        command.env_remove(unset);
        let output = run(command).await;
        assert_eq!(output.status.code(), Some(2), "{unset}");
        assert!(stderr(&output).contains(named), "{unset}: {}", stderr(&output));
    }
    for words in [
        ["app", "--app-key", "org/app"],
        ["app", "--base-url", "https://a@b"],
        ["app", "--ttl", "0"],
        ["app", "--ttl-unit", "minutes"],
        ["app", "--timeout", "0"],
        ["app", "--max-attempts", "0"],
        ["app", "--transport", "carrier-pigeon"],
        ["app", "--proxy", "ftp://x"],
        ["app", "--ca-file", "/does/not/exist"],
        ["user", "--username", ""],
        ["app", "--no-such-option", "x"],
    ] {
        let output = run(set_up(&emulator, &words)).await;
        assert_eq!(output.status.code(), Some(2), "{words:?}: {}", stderr(&output));
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{words:?}");
    }
    assert_eq!(emulator.request_count(), 0);
}

#[cfg(not(all(feature = "hyper", feature = "isahc")))]
#[tokio::test]
async fn a_transport_that_is_not_compiled_in_names_its_feature() {
    let missing = if cfg!(feature = "hyper") { "isahc" } else { "hyper" };
    let emulator = Emulator::start().await.unwrap();
    let output = run(set_up(&emulator, &["app", "--transport", missing])).await;
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains(&format!("--features {missing}")), "{}", stderr(&output));
}

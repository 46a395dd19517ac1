//! Exit codes and error output of the contract.

use std::time::Duration;

use easemob_token_emulator::{Emulator, Fault};

use crate::{TRANSPORTS, command, failure, run, set_up, stderr};

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
async fn each_kind_has_its_exit_code() {
    let emulator = Emulator::start().await.unwrap();
    let html = b"<html></html>";
    let cases = [
        (Fault::error(400, "invalid_grant", Some("client_id does not match")), 3, "invalid_client"),
        (Fault::error(404, "organization_application_not_found", None), 3, "application_not_found"),
        (Fault::error(401, "unauthorized", None), 3, "invalid_client"),
        (Fault::error(403, "forbidden", None), 3, "rejected"),
        (Fault::rate_limited(None), 4, "rate_limited"),
        (Fault::quota_exceeded(), 4, "quota_exceeded"),
        (Fault::gateway(502), 5, "server_error"),
        (Fault::conflict(), 5, "conflict"),
        (Fault::close(), 5, "interrupted"),
        (Fault::redirect("https://example.com/"), 6, "redirected"),
        (Fault::response(200, [], html.to_vec()), 6, "malformed_response"),
        (Fault::response(200, [], vec![b'x'; 70_000]), 6, "too_large"),
    ];
    for transport in TRANSPORTS {
        for (fault, code, kind) in cases.clone() {
            emulator.inject(fault).unwrap();
            let words =
                ["app", "--format", "json", "--transport", transport, "--max-attempts", "1"];
            let (exit, error) = failure(&run(set_up(&emulator, &words)).await);
            assert_eq!((exit, &error["kind"]), (code, &kind.into()), "{error}");
        }
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
    let line = stderr(&output);
    assert!(
        line.starts_with("easemob-token: server_error: the service has trouble (503: "),
        "{line}"
    );
    assert_eq!(line.lines().count(), 1, "{line}");
}

#[tokio::test]
async fn a_closed_port_exits_5_with_connect() {
    for transport in TRANSPORTS {
        let emulator = Emulator::start().await.unwrap();
        emulator.shutdown().await;
        let words = ["app", "--format", "json", "--transport", transport, "--max-attempts", "1"];
        let (code, error) = failure(&run(set_up(&emulator, &words)).await);
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

#[tokio::test]
async fn an_error_in_the_arguments_is_json_with_format_json() {
    let output = run(command(&["app", "--no-such-option", "--format=json"])).await;
    let (code, error) = failure(&output);
    assert_eq!((code, &error["kind"]), (2, &"invalid_input".into()));
    assert!(error["message"].as_str().unwrap().contains("--no-such-option"));
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

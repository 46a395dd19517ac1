//! Settings from the environment: empty, trimmed, wrong, missing, and a proxy that is not used.

use easemob_token_emulator::Emulator;

use crate::{TRANSPORTS, command, failure, json, run, set_up, stderr, stdout};

/// Each variable with its option.
const VARIABLES: [(&str, &str); 14] = [
    ("EASEMOB_BASE_URL", "--base-url"),
    ("EASEMOB_APP_KEY", "--app-key"),
    ("EASEMOB_TTL", "--ttl"),
    ("EASEMOB_TTL_UNIT", "--ttl-unit"),
    ("EASEMOB_TRANSPORT", "--transport"),
    ("EASEMOB_TIMEOUT", "--timeout"),
    ("EASEMOB_DEADLINE", "--deadline"),
    ("EASEMOB_MAX_ATTEMPTS", "--max-attempts"),
    ("EASEMOB_PROXY", "--proxy"),
    ("EASEMOB_ALLOW_HTTP", "--allow-http"),
    ("EASEMOB_AUTHORIZE_PASSWORD", "--authorize-password"),
    ("EASEMOB_FORMAT", "--format"),
    ("EASEMOB_CLIENT_SECRET_FILE", "--client-secret-file"),
    ("EASEMOB_PASSWORD_FILE", "--password-file"),
];

#[tokio::test]
async fn an_empty_variable_counts_as_unset() {
    let emulator = Emulator::start().await.unwrap();
    for empty in ["", " ", "\r", "\u{feff}\r\n"] {
        let mut app = set_up(&emulator, &["app"]);
        for (variable, _) in &VARIABLES[2..] {
            app.env(variable, empty);
        }
        app.env("EASEMOB_CA_FILE", empty).env("EASEMOB_ORG_NAME", empty);
        let output = run(app).await;
        assert!(stdout(&output).starts_with("YWMt"), "{empty:?}: {}", stderr(&output));
    }
}

#[tokio::test]
async fn white_space_and_byte_order_marks_at_the_ends_are_no_part_of_a_value() {
    let emulator = Emulator::start().await.unwrap();
    let app_key = emulator.app_key();
    let (org, app) = app_key.split_once('#').unwrap();
    let mut user = set_up(&emulator, &["user", "--username", "c"]);
    for (name, value) in [
        ("EASEMOB_BASE_URL", &*emulator.base_url()),
        ("EASEMOB_APP_KEY", ""),
        ("EASEMOB_ORG_NAME", org),
        ("EASEMOB_APP_NAME", app),
        ("EASEMOB_CLIENT_ID", easemob_token_emulator::DEMO_CLIENT_ID),
        ("EASEMOB_CLIENT_SECRET", easemob_token_emulator::DEMO_CLIENT_SECRET),
        ("EASEMOB_TTL", "1h"),
        ("EASEMOB_TTL_UNIT", "seconds"),
        ("EASEMOB_MAX_ATTEMPTS", "1"),
        ("EASEMOB_ALLOW_HTTP", "TRUE"),
        ("EASEMOB_FORMAT", "json"),
    ] {
        user.env(name, format!("\u{feff} {value}\u{a0}\r\n"));
    }
    // An argument wins.
    user.args(["--ttl", " 12h\r"]);
    user.env("EASEMOB_USER_AGENT", "\u{feff}my-app/1.0 (test)\r");
    assert_eq!(json(&run(user).await)["expires_in"], 43_200);
    assert_eq!(emulator.requests()[1].header("user-agent"), Some("my-app/1.0 (test)"));
    let output = run(set_up(&emulator, &["app", "--user-agent", "MARK\u{200b}x"])).await;
    assert_eq!(output.status.code(), Some(2));
    let errors = stderr(&output);
    assert!(errors.contains("--user-agent") && errors.contains("U+200B"), "{errors}");
    assert!(!errors.contains("MARK"), "{errors}");
}

#[test]
fn a_wrong_variable_is_named_with_its_option_and_its_value_is_not_shown() {
    let with_all = |words: &[&str]| {
        let mut command = command(words);
        command.env("EASEMOB_CLIENT_SECRET", "x").env("EASEMOB_PASSWORD", "x");
        command.envs(VARIABLES.map(|(variable, _)| (variable, "MARK-secret")));
        command.output().unwrap()
    };
    // What does not act on a command is not looked at.
    let dynamic = with_all(&["dynamic", "alice"]);
    assert!(!stderr(&dynamic).contains("--proxy ("), "{}", stderr(&dynamic));
    let output = with_all(&["password", "alice", "--client-id", "id"]);
    assert_eq!(output.status.code(), Some(2));
    let errors = stderr(&output);
    for (variable, option) in VARIABLES {
        assert!(errors.contains(&format!("{option} ({variable}): ")), "{option}: {errors}");
    }
    assert!(!errors.contains("MARK") && errors.lines().count() == 1, "{errors}");
    let help =
        command(&["password", "--help"]).env("EASEMOB_CLIENT_ID", "MARK-id").output().unwrap();
    for (variable, _) in VARIABLES {
        assert!(stdout(&help).contains(variable), "{variable}");
    }
    assert!(!stdout(&help).contains("MARK"));
}

#[test]
fn all_missing_settings_are_told_at_once_with_lines_to_fill_in() {
    for (words, variables) in [
        (&["app"][..], &["BASE_URL", "APP_KEY", "CLIENT_ID", "CLIENT_SECRET"][..]),
        (&["user", "--username", "c"], &["BASE_URL", "APP_KEY", "CLIENT_ID", "CLIENT_SECRET"]),
        (&["dynamic", "--username", "c"], &["APP_KEY", "CLIENT_ID", "CLIENT_SECRET"]),
        (&["password", "--username", "c"], &["BASE_URL", "APP_KEY", "PASSWORD"]),
        (
            &["password", "--username", "c", "--authorize-password"],
            &["BASE_URL", "APP_KEY", "PASSWORD", "CLIENT_ID", "CLIENT_SECRET"],
        ),
    ] {
        let mut command = command(words);
        let (code, error) = failure(&command.env("EASEMOB_FORMAT", "json").output().unwrap());
        let message = error["message"].as_str().unwrap();
        let exports: Vec<_> = message
            .lines()
            .filter_map(|line| line.strip_prefix("export EASEMOB_")?.split_once("='"))
            .map(|(variable, _)| variable)
            .collect();
        assert_eq!((code, &exports[..]), (2, variables), "{message}");
    }
}

#[test]
fn a_failed_connection_tells_of_a_proxy_that_is_not_used() {
    const SET: &str = "is set but not used; if the network needs this proxy, add --proxy env";
    let run = |url: &str, more: &[&str], variables: &[(&str, &str)]| {
        let words = [&["app", "--max-attempts", "1", "--base-url", url], more].concat();
        let mut command = command(&words);
        command.env("EASEMOB_APP_KEY", "org#app").env("EASEMOB_CLIENT_ID", "id");
        command.env("EASEMOB_CLIENT_SECRET", "x").envs(variables.iter().copied());
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(5), "{}", stderr(&output));
        assert!(!stderr(&output).contains("MARK"), "{}", stderr(&output));
        stderr(&output).to_owned()
    };
    // Nothing listens on port 1, and this address is not among those of the loopback interface.
    let elsewhere = "https://0.0.0.0:1";
    let proxy = "http://user:MARK@127.0.0.1:1";
    for transport in TRANSPORTS {
        let over = ["--transport", transport];
        for variable in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
            let errors = run(elsewhere, &over, &[(variable, proxy)]);
            assert!(errors.contains(&format!("; {variable} {SET}")), "{errors}");
        }
        let all = ("ALL_PROXY", proxy);
        for (url, more, variables) in [
            ("https://127.0.0.1:1", &over[..], &[all][..]),
            (elsewhere, &over, &[("HTTPS_PROXY", "")]),
            (elsewhere, &over, &[all, ("NO_PROXY", "*")]),
            (elsewhere, &["--proxy", "env", over[0], over[1]], &[all]),
            (elsewhere, &["--proxy", "http://127.0.0.1:1", over[0], over[1]], &[all]),
        ] {
            assert!(!run(url, more, variables).contains("not used"), "{variables:?}");
        }
    }
}

//! Secrets from files, standard input and the environment; never in the output.

use std::path::PathBuf;

use easemob_token_emulator::{DEMO_CLIENT_SECRET, Emulator};
use tokio::task::spawn_blocking;

use crate::{TRANSPORTS, run, run_with_input, set_up, stderr, stdout};

/// Writes a file for one test.
fn file(name: &str, text: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, text).unwrap();
    path
}

#[tokio::test]
async fn secrets_come_from_files_and_win_over_the_environment() {
    let emulator = Emulator::start().await.unwrap();
    let secret = file("client-secret", &format!("{DEMO_CLIENT_SECRET}\n"));
    let password = file("password", "1\r\n");
    let mut app = set_up(&emulator, &["app", "--client-secret-file"]);
    app.arg(secret).env("EASEMOB_CLIENT_SECRET", "wrong");
    let output = run(app).await;
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let mut user = set_up(&emulator, &["password", "--username", "c", "--password-file"]);
    user.arg(password).env("EASEMOB_PASSWORD", "wrong");
    assert_eq!(run(user).await.status.code(), Some(0));
}

#[tokio::test]
async fn a_dash_is_standard_input_for_one_secret() {
    let emulator = Emulator::start().await.unwrap();
    let words = ["password", "--username", "c", "--password-file", "-"];
    let mut command = set_up(&emulator, &words);
    command.env_remove("EASEMOB_PASSWORD");
    let output = spawn_blocking(move || run_with_input(command, b"1\n")).await.unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));

    let both = ["password", "--username", "c", "--authorize-password"];
    let files = ["--password-file", "-", "--client-secret-file", "-"];
    let command = set_up(&emulator, &[&both[..], &files].concat());
    let output = spawn_blocking(move || run_with_input(command, b"1\n")).await.unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("cannot both"), "{}", stderr(&output));
}

#[tokio::test]
async fn without_a_terminal_a_missing_password_is_an_error() {
    let emulator = Emulator::start().await.unwrap();
    let mut command = set_up(&emulator, &["password", "--username", "c"]);
    command.env_remove("EASEMOB_PASSWORD");
    let output = run(command).await;
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("EASEMOB_PASSWORD"), "{}", stderr(&output));
}

#[tokio::test]
async fn a_password_is_sent_as_it_is_with_a_warning_about_its_ends() {
    let emulator = Emulator::start().await.unwrap();
    for (written, sent, odd) in [
        ("p w\n", "p w", None),
        ("p\u{a0}w\r\n", "p\u{a0}w", None),
        ("“pw”", "“pw”", None),
        ("pw\n\n", "pw\n", Some("ends with U+000A (line feed)")),
        ("pw\r\n\r\n", "pw\r\n", Some("ends with U+000D (carriage return)")),
        ("pw\r", "pw\r", Some("ends with U+000D (carriage return)")),
        ("pw ", "pw ", Some("ends with U+0020 (space)")),
        ("\tpw\n", "\tpw", Some("begins with U+0009 (tab)")),
        ("\u{feff}pw", "\u{feff}pw", Some("begins with U+FEFF (byte order mark)")),
        ("pw\u{a0}", "pw\u{a0}", Some("ends with U+00A0 (no-break space)")),
        ("pw\u{3000}\n", "pw\u{3000}", Some("ends with U+3000 (ideographic space)")),
        ("\u{200b}pw", "\u{200b}pw", Some("begins with U+200B (zero-width space)")),
        (" ", " ", Some("has nothing but U+0020 (space)")),
    ] {
        let mut by_file = set_up(&emulator, &["password", "--username", "c", "--password-file"]);
        by_file.arg(file("odd-password", written)).arg("-q");
        let mut by_value = set_up(&emulator, &["password", "--username", "c", "-q"]);
        by_value.env("EASEMOB_PASSWORD", sent);
        for command in [by_file, by_value] {
            let output = run(command).await;
            let request = emulator.requests().pop().unwrap();
            assert_eq!(request.json().unwrap()["password"], sent, "{written:?}");
            let warning = stderr(&output).lines().find(|line| line.contains("warning: "));
            let expected = odd.is_none_or(|odd| warning.unwrap().contains(odd));
            assert!(expected && warning.is_some() == odd.is_some(), "{}", stderr(&output));
            assert!(!stderr(&output).contains("pw"), "{}", stderr(&output));
        }
    }
}

#[tokio::test]
async fn an_empty_or_missing_file_is_named() {
    let emulator = Emulator::start().await.unwrap();
    let empty = file("empty", "\n");
    for path in [empty.clone(), empty.with_file_name("missing")] {
        let mut command = set_up(&emulator, &["app", "--client-secret-file"]);
        command.arg(&path);
        let output = run(command).await;
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).contains(path.to_str().unwrap()), "{}", stderr(&output));
    }
}

#[tokio::test]
async fn a_proxy_argument_holds_no_password() {
    let emulator = Emulator::start().await.unwrap();
    let words = ["app", "--proxy", "http://user:MARK-proxy@127.0.0.1:1"];
    let output = run(set_up(&emulator, &words)).await;
    assert_eq!(output.status.code(), Some(2));
    assert!(!stderr(&output).contains("MARK"), "{}", stderr(&output));
}

#[tokio::test]
async fn no_secret_is_in_any_output() {
    let secrets = ["MARK-client-secret", "MARK-password"];
    for transport in TRANSPORTS {
        let emulator = Emulator::builder()
            .client("id", secrets[0])
            .user("c", secrets[1])
            .start()
            .await
            .unwrap();
        let mut texts = String::new();
        for words in [
            &["app"][..],
            &["user", "--username", "c"],
            &["password", "--username", "c"],
            &["password", "--username", "nobody", "--format", "json"],
            &["user", "--username", "nobody"],
        ] {
            let mut command = set_up(&emulator, words);
            command
                .args(["-v", "--transport", transport])
                .env("EASEMOB_CLIENT_ID", "id")
                .env("EASEMOB_CLIENT_SECRET", secrets[0])
                .env("EASEMOB_PASSWORD", secrets[1])
                .env("RUST_LOG", "trace");
            let output = run(command).await;
            texts.push_str(stdout(&output));
            texts.push_str(stderr(&output));
        }
        // Tokens were printed, so the runs succeeded.
        assert!(texts.matches("YWMt").count() >= 3, "{texts}");
        assert!(!texts.contains("MARK"), "{texts}");
    }
}

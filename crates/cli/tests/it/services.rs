//! `emulator`, `demo`, `completions`, help and interrupts.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Stdio};

use crate::{TRANSPORTS, command, run, stderr, stdout};

/// Starts the command `emulator`. Returns it and its address.
fn emulator(words: &[&str]) -> (Child, String) {
    let mut command = command(&[&["emulator"], words].concat());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let url = line.trim_end().strip_prefix("listening on ").unwrap().to_owned();
    (child, url)
}

#[cfg(unix)]
fn interrupt(child: &Child) {
    let pid = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
}

#[cfg(unix)]
#[tokio::test]
async fn the_emulator_serves_until_it_is_interrupted_and_masks_its_log() {
    let words = ["--user", "dora:MARK-password", "--client", "id:MARK-secret"];
    let (mut child, url) = emulator(&words);
    for words in [&["app"][..], &["password", "--username", "Dora"]] {
        let mut client = command(words);
        client
            .env("EASEMOB_BASE_URL", &url)
            .env("EASEMOB_APP_KEY", "easemob-demo#testapp")
            .env("EASEMOB_CLIENT_ID", "id")
            .env("EASEMOB_CLIENT_SECRET", "MARK-secret")
            .env("EASEMOB_PASSWORD", "MARK-password");
        let output = run(client).await;
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    }
    interrupt(&child);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let mut log = String::new();
    child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
    assert_eq!(log.matches("POST /easemob-demo/testapp/token").count(), 2, "{log}");
    assert!(log.contains("200") && !log.contains("MARK"), "{log}");
}

#[cfg(unix)]
#[tokio::test]
async fn an_interrupt_ends_a_waiting_command_at_once_with_130() {
    let service = easemob_token_emulator::Emulator::start().await.unwrap();
    service.inject(easemob_token_emulator::Fault::hang()).unwrap();
    let mut child = crate::set_up(&service, &["app"]).spawn().unwrap();
    service.wait_for_requests(1).await;
    let start = std::time::Instant::now();
    interrupt(&child);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(start.elapsed() < std::time::Duration::from_secs(2));
}

#[tokio::test]
async fn the_emulator_refuses_invalid_settings() {
    for words in [
        ["--listen", "nowhere"],
        ["--listen", "0.0.0.0:0"],
        ["--user", "c"],
        ["--user", "not legal!:1"],
        ["--app-key", "a#b#c"],
    ] {
        let output = run(command(&[&["emulator"], &words[..]].concat())).await;
        assert_eq!(output.status.code(), Some(2), "{words:?}: {}", stderr(&output));
    }
}

#[tokio::test]
async fn the_demo_prints_tokens_of_all_three_grants_over_every_transport() {
    let output = run(command(&["demo"])).await;
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    for transport in TRANSPORTS {
        assert!(text.contains(&format!("== over {transport} ==")), "{text}");
    }
    for grant in ["client_credentials", "inherit", "password"] {
        assert!(text.contains(&format!(r#""grant_type":"{grant}""#)), "{text}");
    }
    let tokens = text.lines().filter(|line| line.trim().starts_with("YWMt")).count();
    assert_eq!(tokens, 5 * TRANSPORTS.len(), "{text}");
    // A second user token sends one request, and ten thousand callers send one.
    for line in [
        "The same once more; requests sent: 1, none for an app token.",
        "= 10000 callers have app token number 1; requests sent: 1",
    ] {
        assert_eq!(text.matches(line).count(), TRANSPORTS.len(), "{line}: {text}");
    }
    // Three processes share one, and one that is killed costs one more.
    assert!(text.contains("= different app tokens of the three: 1; requests sent: 1"), "{text}");
    assert!(
        text.contains("= an app token after ") && text.contains("; requests sent: 2"),
        "{text}"
    );
    if cfg!(feature = "hyper") {
        assert_eq!(shape(&text), shape(&recording()), "run `cargo xtask pictures --record`");
    }
    // Secrets are masked in the printed requests.
    assert!(!text.contains("YXA6V") && !text.contains(r#""password":"1""#), "{text}");
}

/// The text of the recording from which the picture of the demo is drawn.
fn recording() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/pictures/demo.cast");
    let recording = std::fs::read_to_string(path).unwrap();
    let event = |line| serde_json::from_str::<serde_json::Value>(line).unwrap();
    let text = |line| event(line)[2].as_str().unwrap().replace('\r', "");
    recording.lines().skip(1).map(text).collect()
}

/// The demo over hyper up to the next steps, without what every run has anew.
fn shape(text: &str) -> String {
    let text = text.split("\nNext steps:").next().unwrap().replace(" and isahc.", ".");
    let (mut is_isahc, mut lines) = (false, String::new());
    for line in text.lines().map(str::trim_end) {
        if line.starts_with("== ") {
            is_isahc = line.contains("isahc");
        }
        if !is_isahc {
            // Ports, times and how long the last step took.
            let line = line.split(" == http").next().unwrap();
            let line = line.split(" app token after ").next().unwrap();
            let words = line.split_inclusive([' ', ',', '"', '}']);
            // Dates, tokens and the service's identifiers are long words with digits.
            let is_new =
                |word: &str| word.len() > 13 && word.contains(|c: char| c.is_ascii_digit());
            lines.extend(words.map(|word| if is_new(word) { "…" } else { word }).chain(["\n"]));
        }
    }
    lines
}

#[tokio::test]
async fn completions_help_and_version_go_to_standard_output() {
    for shell in ["bash", "zsh", "fish"] {
        let output = run(command(&["completions", shell])).await;
        assert!(stdout(&output).contains("easemob-token"), "{shell}");
    }
    let output = run(command(&["--help"])).await;
    assert_eq!(output.status.code(), Some(0));
    for word in ["app", "user", "password", "emulator", "demo", "--base-url", "EASEMOB_APP_KEY"] {
        assert!(stdout(&output).contains(word), "{word}");
    }
    let output = run(command(&["--version"])).await;
    assert!(stdout(&output).starts_with("easemob-token 0."));
}

/// A reader such as `head` that closes the pipe ends the command without a message or a panic.
#[cfg(unix)]
#[tokio::test]
async fn a_closed_pipe_ends_the_command_quietly() {
    let mut child =
        command(&["demo"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap());
    let output = output.await.unwrap();
    assert_eq!(output.status.code(), Some(141));
    assert_eq!(stderr(&output), "");
}

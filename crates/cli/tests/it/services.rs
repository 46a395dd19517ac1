//! `emulator`, `demo`, `completions`, help and interrupts.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Stdio};

#[cfg(unix)]
use easemob_token_transport_testkit::subprocess;

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
    subprocess::signal(child.id(), "-INT");
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let mut log = String::new();
    child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
    assert_eq!(log.matches("POST /easemob-demo/testapp/token").count(), 2, "{log}");
    assert!(log.contains("200") && !log.contains("MARK"), "{log}");
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
        assert_eq!(shape(text), shape(&recording()), "run `cargo xtask pictures --record`");
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
            // Ports, times and how long the service and the last step took.
            let mut line = line.split(" == http").next().unwrap().to_owned();
            for (from, to) in [(" app token after ", ';'), ("\"duration\":", '}')] {
                if let Some((before, after)) = line.split_once(from) {
                    line = [before, after.trim_start_matches(|c| c != to)].concat();
                }
            }
            let words = line.split_inclusive([' ', ',', '"', '}']);
            // Dates, tokens and the service's identifiers are long words with digits.
            let is_new =
                |word: &str| word.len() > 13 && word.contains(|c: char| c.is_ascii_digit());
            lines.extend(words.map(|word| if is_new(word) { "…" } else { word }).chain(["\n"]));
        }
    }
    lines
}

#[test]
fn what_is_asked_for_instead_of_a_command_goes_to_standard_output() {
    let printed = |words: &[&str]| {
        let output = command(words).output().unwrap();
        assert_eq!((output.status.code(), stderr(&output)), (Some(0), ""), "{words:?}");
        stdout(&output).to_owned()
    };
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(printed(&["completions", shell]).contains("easemob-token"), "{shell}");
    }
    let help = printed(&["--help"]);
    for word in ["app", "user", "password", "emulator", "demo", "[OPTIONS] <COMMAND>"] {
        assert!(help.contains(word), "{word}");
    }
    assert!(!help.contains('\u{1b}'), "colours without a terminal");
    for words in [&["--version"][..], &["version"]] {
        assert!(printed(words).starts_with("easemob-token 0."));
        let json = printed(&[words, &["--format", "json"]].concat());
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        let names = json["transports"].as_array().unwrap().iter().map(|it| &it["name"]);
        assert!(names.eq(TRANSPORTS), "{json}");
        let commit = json["commit"].as_str().unwrap_or("000000000000");
        assert!(commit.len() == 12 && commit.bytes().all(|it| it.is_ascii_hexdigit()), "{json}");
    }
}

#[test]
fn without_arguments_the_first_steps_are_shown() {
    let output = command(&[]).output().unwrap();
    assert_eq!((output.status.code(), stdout(&output)), (Some(2), ""));
    for step in ["demo", "emulator", "app", "--help"] {
        assert!(stderr(&output).contains(&format!("easemob-token {step}")), "{step}");
    }
    let json = command(&[]).env("EASEMOB_FORMAT", "json").output().unwrap();
    assert!(stderr(&json).starts_with(r#"{"error":{"kind":"invalid_input""#), "{}", stderr(&json));
}

#[test]
fn each_help_has_examples_and_exit_codes_and_fits_a_narrow_terminal() {
    let help = |words: &[&str]| {
        let mut command = command(words);
        stdout(&command.args(["--help"]).env("COLUMNS", "40").output().unwrap()).to_owned()
    };
    let list = help(&[]);
    let list = list.split("Commands:\n").nth(1).unwrap().lines().take_while(|it| !it.is_empty());
    let names = list.filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    let names: Vec<_> = names.filter(|name| !["", "help"].contains(name)).collect();
    assert!(names.len() > 8, "{names:?}");
    for name in names {
        let text = help(&[name]);
        assert!(text.contains("\nExamples:\n  ") && text.contains("\nExit codes:\n  0 "), "{text}");
    }
}

/// The pages have no error for a program that reads them strictly, if it is there.
#[test]
fn manual_pages_are_printed_and_written() {
    let folder = std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("man");
    let _ = std::fs::remove_dir_all(&folder);
    let page = command(&["man"]).output().unwrap();
    assert!(stdout(&page).starts_with(".TH \"EASEMOB-TOKEN\" \"1\""), "{}", stdout(&page));
    let output = command(&["man"]).arg(&folder).output().unwrap();
    assert_eq!((output.status.code(), stderr(&output)), (Some(0), ""));
    let pages: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|it| it.unwrap().path()).collect();
    assert!(pages.len() > 9 && pages.contains(&folder.join("easemob-token-app.1")), "{pages:?}");
    for page in &pages {
        let text = std::fs::read_to_string(page).unwrap();
        assert!(text.contains(".SH EXAMPLES") && text.contains(".SH \"EXIT CODES\""), "{text}");
    }
    let mandoc = std::env::var_os("MANDOC").unwrap_or_else(|| "mandoc".into());
    if let Ok(checked) =
        std::process::Command::new(mandoc).args(["-Tlint", "-Werror"]).args(&pages).output()
    {
        assert!(checked.status.success(), "{}", stdout(&checked));
    }
    let output = command(&["man"]).arg(pages[0].join("under-a-file")).output().unwrap();
    assert_eq!((output.status.code(), stdout(&output)), (Some(2), ""));
}

/// A reader such as `head` that closes the pipe ends the command without a message or a panic.
#[cfg(unix)]
#[tokio::test]
async fn a_closed_pipe_ends_the_command_quietly() {
    for words in
        ["demo", "emulator -q", "inspect x", "completions bash", "man", "version", "--help"]
    {
        let words: Vec<_> = words.split(' ').collect();
        // Closed before the command starts, which may write at once.
        let (writer, _) = std::os::unix::net::UnixStream::pair().unwrap();
        let writer = std::os::fd::OwnedFd::from(writer);
        let child = command(&words).stdout(writer).stderr(Stdio::piped()).spawn().unwrap();
        let output = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap());
        let output = output.await.unwrap();
        assert_eq!((output.status.code(), stderr(&output)), (Some(141), ""), "{words:?}");
    }
}

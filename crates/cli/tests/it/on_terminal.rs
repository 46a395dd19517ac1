//! What people see on a terminal, and what no script gets.

use std::fs::File;
use std::io::Read as _;
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};

use easemob_token_emulator::Emulator;
use easemob_token_transport_testkit::subprocess;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::pty::Terminal;
use crate::set_up;

/// Starts a command whose standard error is a terminal.
fn watched(mut command: Command) -> (Child, File) {
    let controller: OwnedFd = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&controller).unwrap();
    unlockpt(&controller).unwrap();
    let name = ptsname(&controller, Vec::new()).unwrap().into_string().unwrap();
    let device = File::options().read(true).write(true).open(name).unwrap();
    let child = command.env("TERM", "xterm").stdout(Stdio::piped()).stderr(device).spawn().unwrap();
    (child, controller.into())
}

/// Reads up to this text, or to the end.
fn read(screen: &mut File, text: &str) -> String {
    let (mut byte, mut seen) = ([0], Vec::new());
    // The terminal of a process that has ended cannot be read.
    while !seen.ends_with(text.as_bytes()) && screen.read(&mut byte).is_ok_and(|read| read == 1) {
        seen.push(byte[0]);
    }
    String::from_utf8(seen).unwrap()
}

/// All that is seen on the screen, and the exit code.
fn seen(command: Command) -> (String, Option<i32>) {
    let (mut child, mut screen) = watched(command);
    drop(child.stdout.take());
    let text = read(&mut screen, "\u{0}");
    (text, child.wait().unwrap().code())
}

#[tokio::test]
async fn a_token_has_its_facts_beside_it_unless_they_are_not_wanted() {
    let emulator = Emulator::start().await.unwrap();
    for (words, shown) in [
        (&["app", "--out"][..], "app token, lives 60d, until "),
        (&["app", "--format", "env", "--out"], "app token, lives 60d, until "),
        (
            &["dynamic", "--username", "C", "--ttl", "10m", "--out"],
            "dynamic user token of c, lives",
        ),
        (&["app", "-q", "--out"], ""),
        (&["app", "--format", "json", "--out"], ""),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let mut command = set_up(&emulator, words);
        command.arg(folder.path().join("token"));
        let (text, code) = tokio::task::spawn_blocking(move || seen(command)).await.unwrap();
        assert_eq!(code, Some(0), "{text}");
        assert!(
            text.starts_with(shown) && text.is_empty() == shown.is_empty(),
            "{words:?}: {text}"
        );
    }
}

/// Both ways in which the wait can end.
#[tokio::test]
async fn a_long_wait_shows_what_is_waited_for_and_goes_away() {
    let emulator = Emulator::start().await.unwrap();
    let waiting = format!("waiting for {}: 1s of 20s", emulator.base_url());
    for (words, shown, after) in [
        (&["app"][..], waiting.as_str(), "app token, lives 60d"),
        (&["user", "a", "c", "--create"], "0 user IDs, 1s", ""),
        (&["app"], &waiting, "an interrupt"),
        (&["user", "a", "c"], "0 user IDs, 1s", "an interrupt"),
    ] {
        let hold = emulator.hold();
        let (mut child, mut screen) = watched(set_up(&emulator, words));
        let text = shown.to_owned();
        let reading = tokio::task::spawn_blocking(move || (read(&mut screen, &text), screen));
        let (before, mut screen) = reading.await.unwrap();
        assert!(before.ends_with(shown), "{before}");
        if after == "an interrupt" {
            subprocess::signal(child.id(), "-INT");
        }
        // Of a held request nothing is known before the hold ends.
        let ended = tokio::task::spawn_blocking(move || {
            let code = child.wait().unwrap().code();
            (code, read(&mut screen, "\u{0}"))
        });
        if after != "an interrupt" {
            hold.release();
        }
        let (code, rest) = ended.await.unwrap();
        let last = rest.rsplit("\u{1b}[2K").next().unwrap();
        assert_eq!(code, Some(if after == "an interrupt" { 130 } else { 0 }), "{rest}");
        assert!(!last.contains("waiting") && !last.contains("user IDs"), "{rest:?}");
        assert!(after == "an interrupt" || last.contains(after), "{rest:?}");
    }
    // In a log file there is no such line.
    let output = crate::run(set_up(&emulator, &["app"])).await;
    assert!(output.stderr.is_empty());
}

#[tokio::test]
async fn doctor_colours_its_results_unless_colours_are_not_wanted() {
    let emulator = Emulator::start().await.unwrap();
    for (no_color, line) in
        [("", "\u{1b}[32mok      \u{1b}[0m ttl unit"), ("1", "ok       ttl unit")]
    {
        let mut command = set_up(&emulator, &["doctor"]);
        command.env("TERM", "xterm").env("NO_COLOR", no_color);
        let seen = tokio::task::spawn_blocking(move || {
            let mut terminal = Terminal::start(&command);
            (terminal.read_to(line), terminal.child.wait().unwrap().code())
        });
        let (text, code) = seen.await.unwrap();
        assert_eq!((code, text.contains('\u{1b}')), (Some(0), no_color.is_empty()), "{text}");
    }
}

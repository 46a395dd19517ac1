//! `user` with several user IDs: a JSON line for each, in their order, over one app token.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::Stdio;

use easemob_token_emulator::Emulator;
use serde_json::Value;

use crate::{TRANSPORTS, failure, run, run_with_input, set_up, stderr, stdout};

/// The lines of an output, and the user ID of each.
fn lines(text: &str) -> (Vec<Value>, Vec<Value>) {
    let lines: Vec<Value> = text.lines().map(|it| serde_json::from_str(it).unwrap()).collect();
    let ids = lines.iter().map(|line| line["user_id"].clone()).collect();
    (lines, ids)
}

#[tokio::test]
async fn each_user_has_a_line_with_the_members_of_the_single_form() {
    for transport in TRANSPORTS {
        let emulator = Emulator::start().await.unwrap();
        let words = ["user", "--format", "json", "--transport", transport];
        let single = run(set_up(&emulator, &[&words[..], &["c"]].concat())).await;
        let single: Value = serde_json::from_str(stdout(&single)).unwrap();
        let before = emulator.request_count();
        let several = [&words[..], &["C", "nobody", "c"]].concat();
        let output = run(set_up(&emulator, &several)).await;
        // One for the app token; a user that is listed twice is requested once.
        assert_eq!(emulator.request_count() - before, 3);
        assert_eq!((output.status.code(), stderr(&output)), (Some(7), ""));
        let (lines, ids) = lines(stdout(&output));
        assert_eq!(ids, ["C", "nobody", "c"]);
        let members = |line: &Value| -> Vec<String> {
            line.as_object().unwrap().keys().filter(|it| *it != "user_id").cloned().collect()
        };
        assert_eq!(members(&lines[0]), members(&single));
        assert_eq!((&lines[0]["kind"], &lines[0]["user"]), (&"user".into(), &single["user"]));
        let error = &lines[1]["error"];
        assert_eq!((&error["kind"], &error["attempts"]), (&"user_not_found".into(), &1.into()));
        assert!(error.get("retry_after").is_some() && lines[1].get("access_token").is_none());
    }
}

#[tokio::test]
async fn the_text_of_a_list_is_refused_by_its_line_and_shown_only_if_it_is_a_user_id() {
    let emulator = Emulator::start().await.unwrap();
    let list =
        b"\xef\xbb\xbfalice\r\n\r\n  c  \r\nalice:MARK\n\"MARK\"\nMARK\xff\nYXA6MARK\nMARK\0";
    let command = set_up(&emulator, &["user", "--stdin"]);
    let output = tokio::task::spawn_blocking(move || run_with_input(command, list)).await.unwrap();
    assert_eq!(output.status.code(), Some(7), "{}", stderr(&output));
    let (lines, ids) = lines(stdout(&output));
    assert_eq!(ids[..2], ["alice", "c"]);
    assert_eq!(ids[2..], vec![Value::Null; 5]);
    for (line, (kind, message)) in lines[2..].iter().zip([
        ("user_not_found", "line 4: there is no such user"),
        ("invalid_input", "line 5: user ID: is in quotes"),
        ("invalid_input", "line 6: is not UTF-8; save the list as UTF-8"),
        ("user_not_found", "line 7: there is no such user"),
        ("invalid_input", "line 8: user ID: ends with U+0000"),
    ]) {
        let text = line["error"]["message"].as_str().unwrap();
        assert!(line["error"]["kind"] == kind && text.starts_with(message), "{line}");
    }
    assert!(!stdout(&output).contains("MARK") && !stderr(&output).contains("MARK"));
    assert_eq!(stderr(&output).lines().count(), 1);
    assert!(stderr(&output).contains("6 of 7 user IDs failed"), "{}", stderr(&output));
}

#[tokio::test]
async fn what_concerns_every_user_is_one_failure_with_its_own_exit_code() {
    let emulator = Emulator::start().await.unwrap();
    let mut wrong = set_up(&emulator, &["user", "a", "b", "--format", "json"]);
    wrong.env("EASEMOB_CLIENT_SECRET", "wrong");
    let (code, error) = failure(&run(wrong).await);
    assert_eq!((code, &error["kind"], emulator.request_count()), (3, &"invalid_client".into(), 1));
    for (words, variable, message) in [
        (&["user", "a", "b", "--format", "text"][..], "", "several users have JSON lines"),
        (&["user", "a", "b"], "env", "several users have JSON lines"),
        (&["user", "a", " "], "", "ID 2: user ID: is empty"),
        (&["user", "a", "--stdin"], "", "cannot be used together"),
        (&["user", "a", "--username", "b"], "", "cannot be used together"),
        (&["user", "--stdin"], "", "standard input has no user ID"),
        (&["user", "--stdin", "--ca-file", "-"], "", "--stdin and --ca-file cannot both be"),
        (&["user"], "", "missing: "),
    ] {
        let mut command = set_up(&emulator, words);
        command.env("EASEMOB_FORMAT", variable);
        let output = run(command).await;
        assert_eq!((output.status.code(), stdout(&output)), (Some(2), ""), "{words:?}");
        assert!(stderr(&output).contains(message), "{words:?}: {}", stderr(&output));
    }
    assert_eq!(emulator.request_count(), 1);
}

/// The command reads no further ahead than it has to, and writes a line when it is known.
#[tokio::test]
async fn a_list_is_a_stream() {
    let emulator = Emulator::start().await.unwrap();
    let mut command = set_up(&emulator, &["user", "--stdin"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let (mut input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let conversation = tokio::task::spawn_blocking(move || {
        let mut output = BufReader::new(output);
        for id in ["c", "C"] {
            writeln!(input, "{id}").unwrap();
            let mut line = String::new();
            output.read_line(&mut line).unwrap();
            assert_eq!(lines(&line).1, [id]);
        }
        // Thousands of lines, of which nobody reads more than a few.
        let listed = std::thread::spawn(move || input.write_all("c\n".repeat(100_000).as_bytes()));
        let text: Vec<_> = output.by_ref().lines().take(3).map(Result::unwrap).collect();
        assert_eq!(lines(&text.join("\n")).1, ["c", "c", "c"]);
        assert!(!listed.is_finished());
        drop(output);
        let ended = child.wait().unwrap();
        assert!(listed.join().unwrap().is_err());
        ended
    });
    assert_eq!(conversation.await.unwrap().code(), Some(141));
    assert_eq!(emulator.request_count(), 2);
}

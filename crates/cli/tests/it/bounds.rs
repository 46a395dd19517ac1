//! Limits of files and standard input: size, time, encoding.

use std::fs::File;
use std::path::{Path, PathBuf};
#[cfg(unix)]
use std::process::Stdio;
use std::process::{Command, Output};

#[cfg(unix)]
use easemob_token_transport_testkit::subprocess;

use crate::{command, failure, stderr};

const TOO_LARGE: usize = (4 << 20) + 1;

/// The command that reads the file of this option; `-` and `TOKEN` are standard input.
fn reading(option: &str, file: &Path) -> Command {
    let words: &[&str] = match option {
        "--client-secret-file" => &["dynamic", "--username", "c", "--ttl", "10m"],
        "--password-file" => &["password", "--username", "c"],
        "--ca-file" | "--add-ca-file" => &["app"],
        _ => &["inspect"],
    };
    let mut command = command(words);
    command
        .args(["--format", "json", "--app-key", "org#app", "--client-id", "id"])
        .env("EASEMOB_BASE_URL", "https://127.0.0.1:1")
        .env("EASEMOB_CLIENT_SECRET", "secret");
    if option != "TOKEN" {
        command.arg(option).arg(file);
    }
    command
}

const OPTIONS: [(&str, &str); 5] = [
    ("--client-secret-file", "64 KiB"),
    ("--password-file", "64 KiB"),
    ("--ca-file", "4 MiB"),
    ("--add-ca-file", "4 MiB"),
    ("TOKEN", "64 KiB"),
];

/// The error message for a refused input, which begins with its option.
fn refused(mut command: Command, option: &str) -> String {
    message(&command.output().unwrap(), option)
}

fn message(output: &Output, option: &str) -> String {
    let (code, error) = failure(output);
    assert_eq!((code, error["kind"].as_str()), (2, Some("invalid_input")), "{}", stderr(output));
    let message = error["message"].as_str().unwrap();
    assert!(message.starts_with(&format!("{option}: ")), "{message}");
    message.to_owned()
}

#[test]
fn a_file_over_the_limit_is_refused_with_option_limit_and_advice() {
    let large = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("large");
    std::fs::write(&large, "x".repeat(TOO_LARGE)).unwrap();
    for (option, limit) in OPTIONS {
        for is_stdin in [option == "TOKEN", true] {
            let mut command = reading(option, if is_stdin { Path::new("-") } else { &large });
            command.stdin(File::open(&large).unwrap());
            let message = refused(command, option);
            assert!(message.contains(&format!("larger than {limit}; it must have")), "{message}");
            assert!(message.len() < 500 && !message.contains("xxx"), "{message}");
        }
    }
}

#[test]
fn standard_input_is_read_for_one_option_alone() {
    for (one, other) in [
        ("--client-secret-file", "--password-file"),
        ("--password-file", "--ca-file"),
        ("--password-file", "--add-ca-file"),
    ] {
        let mut command = reading("--password-file", Path::new("-"));
        command.args(
            [one, other].iter().filter(|it| **it != "--password-file").flat_map(|it| [it, "-"]),
        );
        let output = command.arg("--authorize-password").output().unwrap();
        let (code, error) = failure(&output);
        let text = format!("{one} and {other} cannot both be standard input");
        assert_eq!((code, error["message"].as_str()), (2, Some(&*text)));
    }
}

#[test]
fn a_file_without_certificates_is_named_by_its_option() {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("no-certificate");
    std::fs::write(&path, "MARK").unwrap();
    for option in ["--ca-file", "--add-ca-file"] {
        let message = refused(reading(option, &path), option);
        assert!(!message.contains("MARK"), "{message}");
    }
}

#[test]
fn a_file_at_the_limit_is_read() {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("at-the-limit");
    std::fs::write(&path, "x".repeat(64 << 10)).unwrap();
    let output = reading("--client-secret-file", &path).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

#[test]
fn a_secret_that_is_not_utf_8_is_not_shown() {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("no-text");
    std::fs::write(&path, b"MARK\xff").unwrap();
    let message = refused(reading("--password-file", &path), "--password-file");
    assert!(
        message.ends_with("is not UTF-8; save it as UTF-8") && !message.contains("MARK"),
        "{message}"
    );
}

/// The command with a memory limit, so that endless reading ends only this process.
#[cfg(unix)]
fn in_little_memory(command: &Command) -> Command {
    let mut limited = Command::new("/bin/sh");
    limited.env_clear().envs(command.get_envs().filter_map(|(k, v)| Some((k, v?))));
    limited.args(["-c", "ulimit -v 2000000; exec \"$0\" \"$@\""]).arg(command.get_program());
    limited.args(command.get_args()).stdin(Stdio::null());
    limited
}

#[cfg(unix)]
#[test]
fn a_device_that_never_ends_is_refused_in_little_memory() {
    for (option, limit) in OPTIONS {
        let mut command = in_little_memory(&reading(option, Path::new("/dev/zero")));
        if option == "TOKEN" {
            command.stdin(File::open("/dev/zero").unwrap());
        }
        let message = refused(command, option);
        assert!(message.contains(&format!("larger than {limit}")), "{message}");
    }
}

#[cfg(unix)]
fn named_pipe(name: &str) -> PathBuf {
    let pipe = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_file(&pipe);
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    pipe
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_a_command_that_waits_for_a_pipe() {
    use std::os::unix::process::ExitStatusExt as _;

    let pipe = named_pipe("interrupted");
    // Repeated, since the order of polling may be random.
    for _ in 0..8 {
        let mut command = reading("--ca-file", &pipe);
        let mut child = command.args(["--deadline", "5s"]).stderr(Stdio::null()).spawn().unwrap();
        // Waits until the command has opened the other end.
        let _other_end = File::options().write(true).open(&pipe).unwrap();
        subprocess::signal(child.id(), "-INT");
        assert_eq!(child.wait().unwrap().signal(), Some(2));
    }
}

#[cfg(unix)]
#[test]
fn a_pipe_without_a_writer_ends_at_the_deadline() {
    let pipe = named_pipe("silent");
    for (option, _) in OPTIONS {
        let mut command = reading(option, &pipe);
        command.args(["--deadline", "200ms"]);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // Stays open, and nothing is written.
        let _input = child.stdin.take();
        let message = message(&child.wait_with_output().unwrap(), option);
        assert!(message.contains("did not end within --deadline; check what writes"), "{message}");
    }
}

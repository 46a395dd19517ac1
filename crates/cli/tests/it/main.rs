//! Tests of the command from outside: output, exit codes, no secret in any output.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod arguments;
mod bounds;
mod canary;
#[cfg(target_os = "linux")]
mod completions;
mod doctor;
mod emulator;
#[cfg(target_os = "linux")]
mod ends;
mod failures;
mod inputs;
mod keep;
mod local;
#[cfg(target_os = "linux")]
mod on_terminal;
#[cfg(unix)]
mod out;
mod profiles;
#[cfg(target_os = "linux")]
mod pty;
mod services;
#[cfg(target_os = "linux")]
mod silent_dns;
mod tokens;
mod units;
mod users;
mod variables;

use std::io::Write;
#[cfg(unix)]
use std::process::ExitStatus;
use std::process::{Command, Output, Stdio};

use easemob_token_emulator::{DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, Emulator};
use serde_json::Value;

/// Transports of this build.
const TRANSPORTS: &[&str] = &[
    #[cfg(feature = "hyper")]
    "hyper",
    #[cfg(feature = "isahc")]
    "isahc",
];

/// The program, with the default actions of signals.
///
/// A shell ignores the interrupt for a process in the background, and `nohup` ignores SIGHUP. A command
/// inherits that.
fn program() -> Command {
    const PROGRAM: &str = env!("CARGO_BIN_EXE_easemob-token");
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    if ignored.is_none_or(|mask| u64::from_str_radix(mask.trim(), 16).unwrap() & 0b11 == 0) {
        return Command::new(PROGRAM);
    }
    let mut command = Command::new("/usr/bin/env");
    command.args(["--default-signal=INT,HUP", PROGRAM]);
    command
}

/// The command with these arguments and no settings in the environment.
fn command(words: &[&str]) -> Command {
    let mut command = program();
    command.env_clear().args(words).stdin(Stdio::null());
    command.env("EASEMOB_TRANSPORT", TRANSPORTS[0]);
    command
}

/// The command with all settings for the emulator.
fn set_up(emulator: &Emulator, words: &[&str]) -> Command {
    let mut command = command(words);
    command
        .env("EASEMOB_BASE_URL", emulator.base_url())
        .env("EASEMOB_APP_KEY", emulator.app_key())
        .env("EASEMOB_CLIENT_ID", DEMO_CLIENT_ID)
        .env("EASEMOB_CLIENT_SECRET", DEMO_CLIENT_SECRET)
        .env("EASEMOB_PASSWORD", "1");
    command
}

/// Runs a command while the emulator serves.
async fn run(mut command: Command) -> Output {
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

/// Runs a command with this standard input.
fn run_with_input(mut command: Command, input: &[u8]) -> Output {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A command that refuses its arguments ends without reading, which closes the pipe.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

/// The number of the signal that ended a command.
#[cfg(unix)]
fn signal_of(status: ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&status)
}

fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

/// Standard output as one JSON object and nothing else.
fn json(output: &Output) -> Value {
    assert_eq!(output.status.code(), Some(0), "{}", stderr(output));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The exit code and the `error` object on standard error, with nothing on standard output.
fn failure(output: &Output) -> (i32, Value) {
    assert!(output.stdout.is_empty(), "{}", stdout(output));
    let whole: Value = serde_json::from_slice(&output.stderr).unwrap();
    (output.status.code().unwrap(), whole["error"].clone())
}

//! The command seen from a shell: output, exit codes, and silence about secrets.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod bounds;
mod failures;
mod inputs;
mod local;
mod services;
mod tokens;
mod units;

use std::process::{Command, Output, Stdio};

use easemob_token_emulator::{DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, Emulator};
use serde_json::Value;

/// The transports that this build of the command holds.
const TRANSPORTS: &[&str] = &[
    #[cfg(feature = "hyper")]
    "hyper",
    #[cfg(feature = "isahc")]
    "isahc",
];

/// The command with these words, in an environment without a setting of its own.
fn command(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_easemob-token"));
    command.env_clear().args(words).stdin(Stdio::null());
    command.env("EASEMOB_TRANSPORT", TRANSPORTS[0]);
    command
}

/// The same with everything set that a token of the emulator takes.
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

/// Runs it while the emulator goes on serving.
async fn run(mut command: Command) -> Output {
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
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

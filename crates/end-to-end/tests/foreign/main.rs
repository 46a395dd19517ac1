//! Clients that others wrote, unmodified, against the emulator.
//!
//! `cargo xtask ci samples` runs this; by hand:
//! `cargo test -p easemob-token-end-to-end --test foreign`. It fetches pinned packages, by `npm` and
//! `pip`, into a temporary folder; all other traffic stays on this machine.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod browser;
mod pypi;
mod samples;

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use easemob_token_emulator::Emulator;

/// The program that a variable names, or the one of this name in the PATH.
fn program(variable: &str, name: &str) -> Command {
    Command::new(std::env::var_os(variable).unwrap_or(OsString::from(name)))
}

/// Runs a command to its good end, and returns what it printed.
fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let [stdout, stderr] = [&output.stdout, &output.stderr].map(|it| String::from_utf8_lossy(it));
    assert!(output.status.success(), "{command:?}: {stdout}{stderr}");
    stdout.into_owned()
}

/// A file beside this one.
fn beside(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/foreign").join(name)
}

/// Runs a script with the variables that name the emulator and its credentials, off the runtime.
async fn run_against(emulator: &Emulator, mut command: Command) {
    command
        .env("EASEMOB_BASE_URL", emulator.base_url())
        .env("EASEMOB_EMULATOR_CONTROL_URL", emulator.control_url().expect("a control plane"))
        .env("EASEMOB_APP_KEY", emulator.app_key())
        .env("EASEMOB_CLIENT_ID", easemob_token_emulator::DEMO_CLIENT_ID)
        .env("EASEMOB_CLIENT_SECRET", easemob_token_emulator::DEMO_CLIENT_SECRET);
    tokio::task::spawn_blocking(move || run(&mut command)).await.unwrap();
}

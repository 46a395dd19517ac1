//! Tests that run again in a process of their own.
//!
//! A test needs that if it changes the state of its process, reads the environment, or counts threads
//! and descriptors.
//!
//! ```no_run
//! use easemob_token_transport_testkit::subprocess;
//!
//! // In `tests/it/proxy.rs`, with `#[test]`:
//! fn the_proxy_variables_count() {
//!     if !subprocess::is_child() {
//!         let mut again = subprocess::command("proxy::the_proxy_variables_count");
//!         return subprocess::run(again.env("HTTPS_PROXY", "http://127.0.0.1:3128"));
//!     }
//!     assert!(std::env::var("HTTPS_PROXY").is_ok());
//! }
//! ```

pub(crate) mod rule;

use std::env;
#[cfg(unix)]
use std::fs::File;
use std::process::Command;

/// The variable that is set in the other process.
const CHILD: &str = "EASEMOB_TOKEN_TESTKIT_CHILD";

/// Whether this process runs a single test for another process.
#[must_use]
pub fn is_child() -> bool {
    env::var_os(CHILD).is_some()
}

/// Builds the command that runs one test of this program, named with its modules.
#[must_use]
pub fn command(test: &str) -> Command {
    let mut command = Command::new(env::current_exe().unwrap_or_default());
    command.args(["--exact", test, "--nocapture", "--test-threads=1"]).env(CHILD, "1");
    command
}

/// Builds the same command for a process that can open so many descriptors (`ulimit -n`).
#[cfg(unix)]
#[must_use]
pub fn command_with_descriptors(test: &str, limit: u32) -> Command {
    with_descriptors(&command(test), limit)
}

/// Builds a command that does the same as `inner`, in a process that can open so many descriptors.
#[cfg(unix)]
pub(crate) fn with_descriptors(inner: &Command, limit: u32) -> Command {
    let mut command = Command::new("sh");
    command.arg("-c").arg(format!("ulimit -n {limit}; exec \"$0\" \"$@\""));
    command.arg(inner.get_program()).args(inner.get_args());
    command.envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command
}

/// Sends a signal to a process: `-INT`, `-TERM` or another name with a hyphen before it.
///
/// # Panics
///
/// If there is no such process or no such signal.
#[cfg(unix)]
#[track_caller]
pub fn signal(process: u32, name: &str) {
    // The shell has a `kill` of its own. Small systems have no program of that name.
    let mut sh = Command::new("sh");
    let sent = sh.args(["-c", "kill \"$0\" \"$1\"", name, &process.to_string()]).status();
    assert!(sent.is_ok_and(|it| it.success()), "the process {process} could not be sent {name}");
}

/// Opens files until the process can open no other, then leaves this many descriptors free.
///
/// They are free again when the files are dropped. The process should have a low limit
/// ([`command_with_descriptors`]).
#[cfg(unix)]
#[must_use]
pub fn hold_descriptors(free: usize) -> Vec<File> {
    let mut held: Vec<File> = std::iter::from_fn(|| File::open("/dev/null").ok()).collect();
    held.truncate(held.len().saturating_sub(free));
    held
}

/// Runs a [`command`] to its end.
///
/// # Panics
///
/// If the test fails there, or no test has this name.
#[track_caller]
pub fn run(command: &mut Command) {
    match command.output() {
        Ok(output) => {
            let text = String::from_utf8_lossy(&output.stdout);
            let errors = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "the test failed in its process:\n{text}{errors}");
            assert!(text.contains("1 passed"), "no test has the name of {command:?}");
        }
        Err(error) => panic!("{command:?} could not be started: {error}"),
    }
}

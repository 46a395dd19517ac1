//! Tests that need their own process, since they change the process or end part of it.

use std::env;
use std::process::Command;

/// Set in the subprocess of a test.
const SUBPROCESS: &str = "EASEMOB_TOKEN_TEST_SUBPROCESS";

/// Returns whether this is the subprocess of a test; if not, runs the test of this name in one.
pub(crate) fn runs_in_subprocess(test: &str) -> bool {
    if env::var_os(SUBPROCESS).is_some() {
        return true;
    }
    let output = Command::new(env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(SUBPROCESS, "1")
        .output()
        .unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{stdout}{}", String::from_utf8_lossy(&output.stderr));
    assert!(stdout.contains("1 passed"), "no test has this name: {test}");
    false
}

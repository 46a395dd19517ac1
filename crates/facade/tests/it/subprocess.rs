//! Tests that need a process of their own, since they change the process or end part of it.

use std::env;
use std::process::Command;

/// Set in the process of a test's own.
const CHILD: &str = "EASEMOB_TOKEN_TEST_CHILD";

/// Runs the test of this name as a process. Returns whether this is that process already.
pub(crate) fn is_a_process_of_its_own(test: &str) -> bool {
    if env::var_os(CHILD).is_some() {
        return true;
    }
    let output = Command::new(env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("1 passed"), "no test has this name: {test}");
    false
}

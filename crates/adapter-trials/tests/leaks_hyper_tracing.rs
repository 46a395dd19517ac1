//! `transport-hyper` with a logger and a subscriber, both at TRACE, over the whole conformance suite.

use easemob_token_adapter_trials::hyper;
use easemob_token_adapter_trials::leaks::{CapturingHarness, capture};

#[test]
fn no_secret_is_logged() {
    capture::capture_log().unwrap();
    capture::capture_tracing().unwrap();
    capture::capture_panics();
    let leaks = CapturingHarness::new(hyper()).assert_no_leak();
    // The libraries below log the host.
    assert!(leaks.entries > 0);
}

//! `transport-hyper` with a logger at TRACE and no subscriber, over the whole conformance suite.

use easemob_token_adapter_trials::hyper;
use easemob_token_adapter_trials::leaks::{CapturingHarness, capture};

#[test]
fn no_secret_is_logged() {
    capture::capture_log().unwrap();
    capture::capture_panics();
    CapturingHarness::new(hyper()).assert_no_leak();
}

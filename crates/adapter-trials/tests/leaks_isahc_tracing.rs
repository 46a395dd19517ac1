//! `transport-isahc` with a logger and a subscriber, both at TRACE, over the whole conformance suite.

use easemob_token_adapter_trials::isahc;
use easemob_token_adapter_trials::leaks::{CapturingHarness, capture, controls};

#[test]
fn no_secret_is_logged() {
    capture::capture_log().unwrap();
    capture::capture_tracing().unwrap();
    capture::capture_panics();
    controls::assert_bare_isahc_leaks();
    CapturingHarness::new(isahc()).assert_no_leak();
}

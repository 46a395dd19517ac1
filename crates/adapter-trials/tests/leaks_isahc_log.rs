//! `transport-isahc` with a logger at TRACE and no subscriber, over the whole conformance suite.

use easemob_token_adapter_trials::isahc;
use easemob_token_adapter_trials::leaks::{CapturingHarness, capture, controls};

#[test]
fn no_secret_is_logged() {
    capture::capture_log().unwrap();
    capture::capture_panics();
    // Without the feature `log` of `tracing`, isahc logs nothing to a logger.
    if capture::tracing_forwards_to_log() {
        controls::assert_bare_isahc_leaks();
    }
    CapturingHarness::new(isahc()).assert_no_leak();
}

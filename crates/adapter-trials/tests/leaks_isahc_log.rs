//! `transport-isahc` before a logger at TRACE, with no subscriber, over the whole conformance suite.

use easemob_token_adapter_trials::isahc;
use easemob_token_adapter_trials::leaks::{Listening, capture, controls};

#[test]
fn nobody_is_told_a_secret() {
    capture::listen_to_log().unwrap();
    capture::listen_to_panics();
    controls::each_ear_hears_each_secret();
    // Without the feature `log` of `tracing`, a logger hears nothing of isahc, secret or not.
    if capture::tracing_tells_log() {
        controls::bare_isahc_is_heard();
    }
    let heard = Listening::new(isahc()).leaks(|_| true);
    assert_eq!(heard.leaks, Vec::<String>::new());
    assert!(heard.cases > 150, "{} cases", heard.cases);
}

//! Random scripts with fixed seeds; `cargo xtask fuzz` tries others.

use easemob_token_adapter_trials::differential::{ConnectionEnding, Pair, Script, run};

#[test]
fn some_hundred_random_scripts_have_equal_outcomes() {
    let report = run(1, 600);
    assert_eq!(report.tried, 600);
    assert!(report.findings.is_empty(), "{report}");
    // Some scripts are valid and some are not.
    for word in ["Ok", "Interrupted", "TooLarge", "Timeout"] {
        assert!(report.endings.get(word).is_some_and(|count| *count > 2), "{report}");
    }
    assert!(report.equal > 500, "{report}");
}

#[test]
fn a_valid_response_keeps_its_status_fields_and_body() {
    let reply = "HTTP/1.1 429 Slow\r\nRetry-After: 5\r\nContent-Length: 2\r\n\r\n{}";
    let outcomes = Pair::new().try_out(&[Script::new(reply, ConnectionEnding::Close)]);
    assert!(outcomes.agree());
    assert_eq!(outcomes.hyper.requests, Some(1));
    let shown = format!("{:?}", outcomes.isahc);
    assert!(shown.contains("429 with 2 bytes \"{}\"") && shown.contains("retry-after:\"5\""));
}

#[test]
fn two_calls_get_their_own_responses_after_every_ending() {
    let response = |body: &str| {
        format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
    };
    let first = [response("first"), response("nobody's")].concat();
    for ending in [ConnectionEnding::Close, ConnectionEnding::Reset, ConnectionEnding::Hold] {
        let scripts = [
            Script::new(first.clone(), ending),
            Script::new(response("second"), ConnectionEnding::Close),
        ];
        let outcomes = Pair::new().try_out(&scripts);
        assert!(outcomes.agree(), "{ending:?}: {outcomes:?}");
        assert_eq!(outcomes.hyper.requests, Some(2), "{ending:?}");
        let shown = format!("{:?}", outcomes.hyper);
        assert!(shown.contains("first") && shown.contains("second"), "{ending:?}: {shown}");
    }
}

//! Each allowed difference occurs, and what once was a difference does not any more.

use easemob_token_adapter_trials::differential::{
    ALLOWED, ConnectionEnding, Pair, Script, explain,
};

#[test]
fn every_allowance_is_needed_and_covers_its_example() {
    let pair = Pair::new();
    for allowance in ALLOWED {
        let scripts = [Script::new(allowance.example, ConnectionEnding::Close)];
        let outcomes = pair.try_out(&scripts);
        let name = allowance.name;
        assert!(!outcomes.agree(), "nothing needs the allowance \"{name}\": {outcomes:?}");
        let explained = explain(&scripts, &outcomes).map(|own| own.name);
        assert_eq!(explained, Some(name), "{outcomes:?}");
        assert!(!allowance.reason.is_empty());
    }
}

/// What the fuzzer found and an adapter mended.
#[test]
fn what_was_mended_stays_mended() {
    let pair = Pair::new();
    for head in [
        // hyper handed on what a coding had made of the body, up to the end of the connection.
        "HTTP/1.1 500 No\r\nTransfer-Encoding: gzip",
        "HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding:",
        "HTTP/1.1 500 No\r\nTransfer-Encoding: identity",
        "HTTP/1.1 500 No\r\nTransfer-Encoding:\r\nContent-Length: 3",
        // hyper did not look at a length beside chunks.
        "HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\nContent-Length: x",
        "HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\nContent-Length:",
        // isahc took chunks apart that HTTP/1.0 does not have.
        "HTTP/1.0 500 No\r\nTransfer-Encoding: chunked",
        // isahc refused a list of lengths that are the same.
        "HTTP/1.1 500 No\r\nContent-Length: 5,5",
        // No coding counts where there is no body.
        "HTTP/1.0 204 No\r\nTransfer-Encoding: gzip",
    ] {
        for ending in [ConnectionEnding::Close, ConnectionEnding::Hold] {
            let bytes = format!("{head}\r\n\r\n0\r\n\r\n");
            let outcomes = pair.try_out(&[Script::new(bytes, ending)]);
            assert!(outcomes.agree(), "{head} {ending:?}: {outcomes:?}");
            assert_eq!(outcomes.hyper.requests, Some(1), "{head}");
        }
    }
}

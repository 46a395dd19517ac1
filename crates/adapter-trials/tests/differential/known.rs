//! Each allowed difference occurs, and fixed differences do not come back.

use easemob_token_adapter_trials::differential::{
    ALLOWED, ConnectionEnding, Pair, Script, explain,
};

#[test]
fn every_allowance_is_needed_and_covers_its_example() {
    let pair = Pair::new();
    for allowance in ALLOWED {
        let scripts = [allowance.example()];
        let outcomes = pair.try_out(&scripts);
        let name = allowance.name;
        assert!(!outcomes.agree(), "unused allowance \"{name}\": {outcomes:?}");
        let explained = explain(&scripts, &outcomes).map(|own| own.name);
        assert_eq!(explained, Some(name), "{outcomes:?}");
    }
}

/// Differences that the fuzzer found and that were fixed.
#[test]
fn fixed_differences_stay_fixed() {
    let pair = Pair::new();
    for head in [
        // hyper returned an encoded body, up to the end of the connection.
        "HTTP/1.1 500 No\r\nTransfer-Encoding: gzip",
        "HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding:",
        "HTTP/1.1 500 No\r\nTransfer-Encoding: identity",
        "HTTP/1.1 500 No\r\nTransfer-Encoding:\r\nContent-Length: 3",
        // hyper did not check a length beside chunks.
        "HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\nContent-Length: x",
        "HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\nContent-Length:",
        // isahc decoded chunks, which HTTP/1.0 does not have.
        "HTTP/1.0 500 No\r\nTransfer-Encoding: chunked",
        // isahc refused a list of equal lengths.
        "HTTP/1.1 500 No\r\nContent-Length: 5,5",
        // A coding does not count if there is no body.
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

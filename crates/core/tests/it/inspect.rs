//! Contents of the public sample tokens, and opaque tokens.

use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use easemob_token_core::inspect::{Confidence, Inspection, TokenKind, inspect};
use proptest::prelude::*;

use crate::SAMPLE_TOKEN;

const APP_SAMPLE: &str = "YWMte3bGuOukEeiTkNP4grL7iwAAAAAAAAAAAAAAAAAAAAGL4CTw6XgR6LaXXVmNX4QCAgMAAAFnKdc-ZgBPGgBFTrLhhyK8woMEI005emtrLJFJV6aoxsZSioSIZkr5kw";
const SECOND_USER_SAMPLE: &str = "YWMthyeiFhbyEe2eMGeYZSLlT7sMrFep3U6BvVj7KSnNonUiDB-wFvIR7a5Ttx2-01MYAwMAAAGCfIeryQAPoAAsuveDfkUrePkEM2Hgy6SaOTeTx3ETgh5cnXcP_HfBPg";

fn contents(token: &str) -> Inspection {
    inspect(token).unwrap()
}

fn at(millis: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(millis)
}

#[test]
fn the_samples_have_the_known_contents() {
    for (token, kind, issued, lifetime, application, principal, id) in [
        (
            SAMPLE_TOKEN,
            TokenKind::User,
            1_637_740_866_157,
            1_024_000,
            "bb0cac57-a9dd-4e81-bd58-fb2929cda275",
            "aa471ee0-4cfc-11ec-ace5-f90ff121234e",
            "ad1e840a-4cfc-11ec-b1e9-8f63d5e5fd91",
        ),
        (
            APP_SAMPLE,
            TokenKind::App,
            1_542_595_231_334,
            5_184_000,
            "8be024f0-e978-11e8-b697-5d598d5f8402",
            "8be024f0-e978-11e8-b697-5d598d5f8402",
            "7b76c6b8-eba4-11e8-9390-d3f882b2fb8b",
        ),
        (
            SECOND_USER_SAMPLE,
            TokenKind::User,
            1_659_946_642_377,
            1_024_000,
            "bb0cac57-a9dd-4e81-bd58-fb2929cda275",
            "220c1fb0-16f2-11ed-ae53-b71dbed35318",
            "8727a216-16f2-11ed-9e30-67986522e54f",
        ),
    ] {
        let contents = contents(token);
        assert_eq!((contents.kind(), contents.confidence()), (kind, Confidence::High));
        assert_eq!(contents.issued_at(), at(issued));
        assert_eq!(contents.lifetime(), Duration::from_secs(lifetime));
        assert_eq!(contents.expires_at(), Some(at(issued + lifetime * 1000)));
        assert_eq!(contents.application().to_string(), application);
        assert_eq!(contents.principal().to_string(), principal);
        assert_eq!(contents.token_id().to_string(), id);
    }
}

/// The fields of the sample with one byte changed.
fn changed(index: usize, value: u8) -> String {
    let mut bytes = URL_SAFE_NO_PAD.decode(SAMPLE_TOKEN).unwrap();
    bytes[3 + index] = value;
    URL_SAFE_NO_PAD.encode(bytes)
}

#[test]
fn marks_that_disagree_lower_the_confidence() {
    let confidence = |index, value| contents(&changed(index, value)).confidence();
    // The fixed byte, the UUID's version, its clock, the time of issue.
    for (index, value) in [(49, 4), (6, 0x41), (0, 0), (5, 0), (53, 0)] {
        assert_eq!(confidence(index, value), Confidence::Low, "{index}");
    }
    // A few microseconds on the UUID's clock, and the digest, are no marks.
    assert_eq!(confidence(3, 0), Confidence::High);
    assert_eq!(confidence(93, 0), Confidence::High);
}

#[test]
fn any_other_shape_is_opaque() {
    for kind in [0, 1, 4, 255] {
        assert_eq!(inspect(&changed(48, kind)), None);
    }
    let standard = SAMPLE_TOKEN.replace('-', "+").replace('_', "/");
    let padded = format!("{SAMPLE_TOKEN}==");
    let other_prefix = SAMPLE_TOKEN.replacen("YWMt", "YWNt", 1);
    for token in ["", "YWMt", "opaque", &SAMPLE_TOKEN[1..], &standard, &padded, &other_prefix] {
        assert_eq!(inspect(token), None, "{token}");
    }
}

#[test]
fn debug_shows_no_part_of_the_token() {
    let text = format!("{:?}", contents(SAMPLE_TOKEN));
    assert!(!text.contains("YWMt") && !text.contains("60af5f5a"), "{text}");
    assert!(text.contains("aa471ee0"), "{text}");
}

proptest! {
    #[test]
    fn any_text_is_read_or_opaque(text in ".{0,200}", token in "YWMt[A-Za-z0-9_-]{126}") {
        let _ = inspect(&text);
        if let Some(contents) = inspect(&token) {
            let _ = (contents.expires_at(), format!("{contents:?}"));
        }
    }

    #[test]
    fn any_fields_are_read_or_opaque(fields in prop::collection::vec(any::<u8>(), 94), kind in 2..4_u8) {
        let mut bytes = [b"ac-", &fields[..]].concat();
        bytes[3 + 48] = kind;
        let contents = inspect(&URL_SAFE_NO_PAD.encode(&bytes));
        if let Some(contents) = contents {
            let id = contents.token_id();
            prop_assert_eq!(&id.as_bytes()[..], &fields[..16]);
            let _ = contents.expires_at();
        }
    }
}

//! Contents of the public sample tokens, and opaque tokens.

use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use easemob_token_core::Lifetime;
use easemob_token_core::inspect::{
    Confidence, Inspection, PastedText, TextKind, TokenKind, inspect,
};
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
        assert_eq!(contents.lifetime(), Lifetime::Expires(Duration::from_secs(lifetime)));
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
    let other_prefix = SAMPLE_TOKEN.replacen("YWMt", "YWNt", 1);
    for token in ["", "YWMt", "opaque", &SAMPLE_TOKEN[1..], &standard, &other_prefix] {
        assert_eq!(inspect(token), None, "{token}");
    }
}

/// The sample with another lifetime.
fn with_lifetime(seconds: u32) -> Inspection {
    let mut bytes = URL_SAFE_NO_PAD.decode(SAMPLE_TOKEN).unwrap();
    bytes[3 + 58..3 + 62].copy_from_slice(&seconds.to_be_bytes());
    contents(&URL_SAFE_NO_PAD.encode(bytes))
}

#[test]
fn zero_is_permanent_and_more_than_ten_years_are_ten_years() {
    let permanent = with_lifetime(0);
    assert_eq!(permanent.lifetime(), Lifetime::Permanent);
    let never = at(1 << 50);
    assert_eq!((permanent.expires_at(), permanent.remaining_at(never)), (None, None));
    let ten_years = 315_360_000;
    for (seconds, read) in
        [(1, 1), (ten_years, ten_years), (933_120_000, ten_years), (u32::MAX, ten_years)]
    {
        let contents = with_lifetime(seconds);
        let read = Duration::from_secs(read.into());
        assert_eq!(contents.lifetime(), Lifetime::Expires(read));
        assert_eq!(contents.expires_at(), Some(contents.issued_at() + read));
        assert_eq!(contents.remaining_at(at(0)), Some(read));
        assert_eq!(contents.remaining_at(contents.issued_at() + read), Some(Duration::ZERO));
    }
}

/// The vector of the rule for dynamic tokens.
const DYNAMIC: &str = "ZHQteyJzaWduYXR1cmUiOiJlOTJhMTI0N2RmZjQ2MGUyZjgwNDBkN2QyNTc1YmVlNmNhNGViYjBmMmFkYWExYTE5MWU4MmVhMWY5YzRjNGQwIiwiYXBwa2V5IjoiZWFzZW1vYi1kZW1vI3Rlc3RhcHAiLCJ1c2VySWQiOiJ0ZXN0MjMzMyIsImN1clRpbWUiOjE2ODYyMDc1NTcsInR0bCI6NjAwfQ==";

/// Texts in which people paste a token: ★ stands for it, ① and ② for its halves.
const PASTED: &[&str] = &[
    "★",
    " \t\r\n★\r\n",
    "\u{feff}★",
    "\u{a0}★\u{3000}",
    "Bearer ★",
    "bEARER   ★",
    "Bearer★",
    "Bearer%20★",
    "Bearer+★",
    "Authorization: Bearer ★",
    "authorization:bearer ★",
    "Authorization：Bearer ★",
    "< authorization: Bearer ★\r\n< content-type: application/json\r\n",
    "\"★\"",
    "'★'",
    "`★`",
    "“★”",
    "「★」。",
    "<★>",
    "★,",
    "★;",
    "★.",
    "★%3D%3D",
    "★%253D",
    "★\\u003d\\u003d",
    "★\\n",
    "token=★&user=c",
    "https://a1.easemob.com/x?access_token=★&limit=1",
    "export EASEMOB_TOKEN=\"★\"",
    "EASEMOB_TOKEN=★\nEASEMOB_EXPIRES_IN=5184000",
    "-H 'Authorization: Bearer ★' \\\n  -d '{\"client_id\":\"YXA6i-Ak8Ol4Eei2l11ZjV-EAg\"}'",
    "curl -X POST -H \"Content-Type: application/json\" -H \"Authorization: Bearer ★\" https://x",
    "{\"access_token\":\"★\",\"expires_in\":1024000,\"user\":{\"uuid\":\"aa471ee0-XXXX\"}}",
    "{\n  \"application\": \"8be024f0-XXXX\",\n  \"access_token\" : \"★\",\n  \"expires_in\": 5184000\n}",
    "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{\"access_token\":\"★\"}",
    "{\"data\":\"{\\\"access_token\\\":\\\"★\\\"}\"}",
    "{'access_token': '★', 'expires_in': 5184000}",
    "{\"access_token\":\"★\",\"expires_i",
    "access_token: ★",
    "\u{1b}[0;32m\"★\"\u{1b}[0m",
    "\u{1b}[200~★\u{1b}[201~",
    "①\n②",
    "①\r\n②\r\n",
    "  ①\n  ②\n",
    "①\\\n②",
    "Bearer ①\r\n\t②\nContent-Type: application/json",
    "{\"access_token\":\"①\n②\",\"expires_in\":1}",
    "> ①\n> ②",
    "① ②",
    "①\u{200b}②",
    "①\u{feff}②",
    "the old one is YWMtrR6ECkz8Eeyx6Y9j1eX9..., the new one is ★",
];

fn paste(form: &str, token: &str, half: usize) -> String {
    let (first, second) = token.split_at(half);
    form.replace('★', token).replace('①', first).replace('②', second)
}

#[test]
fn a_token_is_found_in_whatever_people_paste() {
    let expected = contents(SAMPLE_TOKEN);
    for form in PASTED {
        for half in [4, 40, 80, 100] {
            let text = paste(form, SAMPLE_TOKEN, half);
            assert_eq!(inspect(&text).as_ref(), Some(&expected), "{form:?}, {half}");
            let dynamic = PastedText::parse(&paste(form, DYNAMIC, half)).token().to_owned();
            assert_eq!(
                dynamic.trim_end_matches('='),
                DYNAMIC.trim_end_matches('='),
                "{form:?}, {half}"
            );
        }
    }
    // A line break in the first characters.
    assert!([1, 2, 3].iter().all(|half| inspect(&paste("①\n②", SAMPLE_TOKEN, *half)).is_some()));
    // Three lines, of which the last is short.
    let (first, rest) = SAMPLE_TOKEN.split_at(64);
    assert!(inspect(&paste(&format!("{first}\n①\n②"), rest, 64)).is_some());
}

#[test]
fn a_token_that_was_cut_off_is_named_wherever_it_ends() {
    let kind = |text: &str| PastedText::parse(text).kind();
    for len in 4..SAMPLE_TOKEN.len() {
        assert_eq!(kind(&SAMPLE_TOKEN[..len]), TextKind::CutOffAccessToken, "{len}");
        let json =
            format!("{{\"access_token\":\"{}\",\"expires_in\":5184000}}", &SAMPLE_TOKEN[..len]);
        assert_eq!(kind(&json), TextKind::CutOffAccessToken, "{len}");
    }
    for (form, len) in PASTED.iter().flat_map(|form| [10, 66, 128, 129].map(|len| (form, len))) {
        let text = paste(form, &SAMPLE_TOKEN[..len], len / 2);
        assert!(inspect(&text).is_none(), "{form:?}, {len}");
    }
    let end = DYNAMIC.trim_end_matches('=').len();
    for len in 4..end {
        assert_eq!(kind(&DYNAMIC[..len]), TextKind::CutOffDynamicToken, "{len}");
    }
    assert_eq!(kind(&DYNAMIC[..end]), TextKind::DynamicToken);
    for missing in 1..=4 {
        let text = format!("\"{}\"", &SAMPLE_TOKEN[missing..]);
        assert_eq!(kind(&text), TextKind::CutOffAccessToken, "{missing}");
        let dynamic =
            if missing < 4 { TextKind::CutOffDynamicToken } else { TextKind::DynamicToken };
        assert_eq!(kind(&DYNAMIC[missing..]), dynamic, "{missing}");
    }
    // The next word is not the rest of it, even if the lengths fit.
    for rest in [
        " expires_in 5184000",
        "\nHost abc1D",
        "\nContent-Type: application/json",
        "\",\"expires_in\":1",
    ] {
        for len in 90..SAMPLE_TOKEN.len() {
            let text = format!("Authorization: Bearer {}{rest}", &SAMPLE_TOKEN[..len]);
            assert_eq!(kind(&text), TextKind::CutOffAccessToken, "{text}");
            let text = format!("Authorization: Bearer {}{rest}", &DYNAMIC[..len]);
            assert_eq!(kind(&text), TextKind::CutOffDynamicToken, "{text}");
        }
    }
    let odd = |text: &str| PastedText::parse(text).odd_character();
    assert_eq!(odd("YWMtrR6ECkz8…"), Some('…'));
    assert_eq!(odd(&SAMPLE_TOKEN.replace('-', "–")), Some('–'));
    assert_eq!((odd("“YWMtrR6ECkz8”"), odd(SAMPLE_TOKEN)), (None, None));
}

#[test]
fn a_text_that_is_no_token_of_easemob_is_named() {
    // The sample of RFC 7519, and the vector of the sister service.
    let jwt = "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UifQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1g";
    let agora = "007eJxTYNAIsnbS3v/A5t2TC6feR15r+6cq8bqAvfaW+tk/Vzz+p6xTYLA0N3B2NDZNSTUzSDYxMTMxTUpKTLVINDI0NTAzTDI2dv8iwBDBxMDAyADCrEDMCOZzMRhZWBgZmxgamRsDAB+lHrg=";
    let stored = "007eAEBaACX/yAAKFI7Qiu/4Dzu5NDK71nWhv4lGOtwB33aJ8381Ej/ZK4gADk3MENBMzVkZTYwYzQ0NjQ1YmJhZThhMjE1MDYxYjMzR/QQAFgCAAABAAAAAQAFAAEAAQBYAgAACgAyODgyMzQxMjczH6UeuA==";
    for (text, kind) in [
        (jwt, TextKind::Jwt),
        (&jwt[..40], TextKind::Jwt),
        (agora, TextKind::AgoraToken),
        (stored, TextKind::AgoraToken),
        ("YXA6VunqiNxoB7IwXHInk1cGiXOOJfc", TextKind::Credential),
        ("Basic WVhBNmktQWs4T2w0RWVpMmwxMVpqVi1FQWc6WVhBNg==", TextKind::Credential),
        ("Bearer YXA6***", TextKind::Credential),
        ("a.b.c", TextKind::Opaque),
        ("令牌", TextKind::Opaque),
        ("YWNtrR6ECkz8", TextKind::Opaque),
        ("MYWMtrR6ECkz8", TextKind::Opaque),
        ("007", TextKind::Opaque),
        ("MTIz", TextKind::Opaque),
        ("007e7d9c-1111-2222-3333-444444444444", TextKind::Opaque),
        (&SAMPLE_TOKEN.repeat(2), TextKind::Opaque),
        ("", TextKind::NoToken),
        (" \u{feff}\u{1b}[0m\n", TextKind::NoToken),
        ("Authorization: Bearer ", TextKind::NoToken),
        ("Bearer null", TextKind::NoToken),
        ("\"\"", TextKind::NoToken),
        ("{}", TextKind::NoToken),
        (
            "{\"error\":\"invalid_grant\",\"error_description\":\"user not found\"}",
            TextKind::NoToken,
        ),
    ] {
        for form in ["★", "Bearer ★", "\"★\"", "access_token=★", "{\"access_token\":\"★\"}"]
        {
            if kind == TextKind::NoToken && form != "★" {
                continue;
            }
            let pasted = paste(form, text, 0);
            assert_eq!(PastedText::parse(&pasted).kind(), kind, "{pasted}");
        }
    }
}

#[test]
fn debug_shows_no_part_of_the_token() {
    let text = format!("{:?}", contents(SAMPLE_TOKEN));
    assert!(!text.contains("YWMt") && !text.contains("60af5f5a"), "{text}");
    assert!(text.contains("aa471ee0"), "{text}");
    assert_eq!(
        format!("{:?}", PastedText::parse(SAMPLE_TOKEN)),
        "PastedText { kind: AccessToken, .. }"
    );
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

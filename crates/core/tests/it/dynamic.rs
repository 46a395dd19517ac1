//! Dynamic tokens: the reference vector, round trips of any input, and every fault.

use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use easemob_token_core::dynamic::{
    DEFAULT_LEEWAY, Fault, LONG_TTL, Padding, Signer, UnverifiedToken,
};
use easemob_token_core::{AppKey, Field};
use proptest::prelude::*;
use serde_json::{Value, json};

const APP_KEY: &str = "easemob-demo#testapp";
const CLIENT_ID: &str = "YXA6i-Ak8Ol4Eei2l11ZjV-EAg";
const SECRET: &str = "YXA6VunqiNxoB7IwXHInk1cGiXOOJfc";
const CUR_TIME: u64 = 1_686_207_557;
const TTL: Duration = Duration::from_secs(600);

fn app_key() -> AppKey {
    APP_KEY.parse().unwrap()
}

fn signer() -> Signer {
    Signer::new(&app_key(), CLIENT_ID, SECRET).unwrap()
}

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

/// The members of the vector's token.
fn members() -> Value {
    let token = signer().token("test2333", TTL, at(CUR_TIME)).unwrap();
    let text = URL_SAFE.decode(token.access_token().expose()).unwrap();
    serde_json::from_slice(text.strip_prefix(b"dt-").unwrap()).unwrap()
}

/// A token with these members, in alphabetical order.
fn written(members: &Value) -> String {
    URL_SAFE.encode(format!("dt-{members}"))
}

/// The faults that the signer finds ten seconds after it was issued.
fn faults(token: &str) -> Vec<Fault> {
    let unverified = UnverifiedToken::parse(token).unwrap();
    let checked = signer().verify(&unverified, at(CUR_TIME + 10));
    checked.map_or_else(|faults| faults.as_slice().to_vec(), |()| Vec::new())
}

#[test]
fn the_reference_vector_comes_out_exactly() {
    let token = signer().token("test2333", TTL, at(CUR_TIME)).unwrap();
    let json = concat!(
        r#"dt-{"signature":"e92a1247dff460e2f8040d7d2575bee6ca4ebb0f2adaa1a191e82ea1f9c4c4d0","#,
        r#""appkey":"easemob-demo#testapp","userId":"test2333","curTime":1686207557,"ttl":600}"#
    );
    assert_eq!(token.access_token().expose(), URL_SAFE.encode(json));
    assert!(token.access_token().expose().starts_with("ZHQt"));
    assert_eq!((token.issued_at(), token.expires_at()), (at(CUR_TIME), at(CUR_TIME + 600)));
    let bare = signer().with_padding(Padding::Unpadded).token("test2333", TTL, at(CUR_TIME));
    assert_eq!(bare.unwrap().access_token().expose(), URL_SAFE_NO_PAD.encode(json));
}

#[test]
fn order_and_padding_are_the_documented_ones() {
    // A golden of its own, so that encoder and test cannot be wrong together.
    let token = signer().token("Test2333", TTL, at(CUR_TIME)).unwrap();
    assert_eq!(
        token.access_token().expose(),
        "ZHQteyJzaWduYXR1cmUiOiJlOTJhMTI0N2RmZjQ2MGUyZjgwNDBkN2QyNTc1YmVlNmNhNGViYjBmMmFkYWExYTE5MWU4MmVhMWY5YzRjNGQwIiwiYXBwa2V5IjoiZWFzZW1vYi1kZW1vI3Rlc3RhcHAiLCJ1c2VySWQiOiJ0ZXN0MjMzMyIsImN1clRpbWUiOjE2ODYyMDc1NTcsInR0bCI6NjAwfQ=="
    );
}

#[test]
fn input_that_breaks_the_rules_is_refused_and_named() {
    let part = |user: &str, ttl, now| signer().token(user, ttl, now).unwrap_err().field();
    for bad in ["", "a b", "a/b", "a#b", "é", "用户", "\u{212a}", &"a".repeat(65), "a\n", "a\"b"]
    {
        assert_eq!(part(bad, TTL, at(CUR_TIME)), Field::UserId, "{bad:?}");
    }
    for bad in [
        Duration::ZERO,
        Duration::from_millis(999),
        Duration::MAX,
        Duration::from_secs(i64::MAX as u64),
    ] {
        assert_eq!(part("c", bad, at(CUR_TIME)), Field::Ttl, "{bad:?}");
    }
    let before = SystemTime::UNIX_EPOCH - Duration::from_secs(1);
    assert_eq!(part("c", TTL, before), Field::Clock);
    assert_eq!(Signer::new(&app_key(), "", SECRET).unwrap_err().field(), Field::ClientId);
    assert_eq!(Signer::new(&app_key(), CLIENT_ID, "").unwrap_err().field(), Field::ClientSecret);
    // Everything else is accepted.
    for good in ["a", "0", "_.-", "A.B-C_9", &"Z".repeat(64)] {
        let token = signer().token(good, TTL, at(0)).unwrap();
        assert_eq!(token.user_id(), good.to_lowercase());
    }
}

#[test]
fn a_long_lifetime_is_reported() {
    let token = |ttl| signer().token("c", ttl, at(CUR_TIME)).unwrap();
    assert!(!token(LONG_TTL).is_long_lived());
    let long = token(LONG_TTL + Duration::from_secs(1));
    assert!(long.is_long_lived());
    assert!(UnverifiedToken::parse(long.access_token().expose()).unwrap().is_long_lived());
}

#[test]
fn order_padding_alphabet_and_numbers_as_text_are_read_in_every_form() {
    let members = members();
    let mut as_text = members.clone();
    as_text["curTime"] = json!("1686207557");
    as_text["ttl"] = json!("600");
    as_text["extra"] = json!({"anything": [1, null]});
    for members in [&members, &as_text] {
        for engine in [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD] {
            let token = engine.encode(format!("dt-{members}"));
            assert_eq!(faults(&token), []);
        }
    }
    // A text in which both alphabets differ.
    let token = STANDARD
        .encode(r#"dt-{"signature":"~~~???>>>","appkey":"o#a","userId":"c","curTime":1,"ttl":1}"#);
    assert!(token.contains(['+', '/']), "{token}");
    assert!(UnverifiedToken::parse(&token).is_ok());
}

#[test]
fn each_fault_has_its_name() {
    let members = members();
    let with = |member: &str, value: Value| {
        let mut changed = members.clone();
        changed[member] = value;
        written(&changed)
    };
    let json = members.to_string();
    assert_eq!(faults(&URL_SAFE.encode(&json)), [Fault::MissingPrefix]);
    assert_eq!(faults(&format!("dt-{}", URL_SAFE.encode(&json))), [Fault::PrefixOutside]);
    assert_eq!(faults(&format!("dt-{}", written(&members))), [Fault::PrefixOutside]);
    assert_eq!(faults(&with("appkey", json!(SECRET))), [Fault::SecretInAppKey]);
    assert_eq!(faults(&with("appkey", json!("org/app"))), [Fault::InvalidAppKey]);
    assert_eq!(faults(&with("appkey", json!("org#app"))), [Fault::OtherAppKey]);
    assert_eq!(faults(&with("appkey", json!("Easemob-demo#testapp"))), [Fault::OtherAppKey]);
    let sha1 = "da39a3ee5e6b4b0d3255bfef95601890afd80709";
    assert_eq!(faults(&with("signature", json!(sha1))), [Fault::Sha1Signature]);
    assert_eq!(faults(&with("signature", json!("zz"))), [Fault::MalformedSignature]);
    let upper = members["signature"].as_str().unwrap().to_uppercase();
    assert_eq!(faults(&with("signature", json!(upper))), [Fault::MalformedSignature]);
    assert_eq!(faults(&with("signature", json!("0".repeat(64)))), [Fault::BadSignature]);
    assert_eq!(faults(&with("userId", json!("test2334"))), [Fault::BadSignature]);
    assert_eq!(faults(&with("userId", json!("a b"))), [Fault::InvalidUserId, Fault::BadSignature]);
    assert_eq!(faults(&with("ttl", json!(0))), [Fault::NoLifetime, Fault::BadSignature]);
    let other = Signer::new(&app_key(), CLIENT_ID, "another").unwrap();
    let unverified = UnverifiedToken::parse(&written(&members)).unwrap();
    let found = other.verify(&unverified, at(CUR_TIME)).unwrap_err();
    assert_eq!(found.as_slice(), [Fault::BadSignature]);
}

#[test]
fn any_secret_in_the_app_key_member_is_found_by_its_signer() {
    let signer = Signer::new(&app_key(), CLIENT_ID, "plain-secret").unwrap();
    let token = signer.token("c", TTL, at(CUR_TIME)).unwrap();
    let text = URL_SAFE.decode(token.access_token().expose()).unwrap();
    let text = String::from_utf8(text).unwrap().replace(APP_KEY, "plain-secret");
    let unverified = UnverifiedToken::parse(&URL_SAFE.encode(text)).unwrap();
    assert_eq!(unverified.verify(at(CUR_TIME)).unwrap_err().as_slice(), [Fault::InvalidAppKey]);
    let found = signer.verify(&unverified, at(CUR_TIME)).unwrap_err();
    assert_eq!(found.as_slice(), [Fault::InvalidAppKey, Fault::SecretInAppKey]);
    assert!(!format!("{unverified:?} {found} {found:?}").contains("plain-secret"));
}

#[test]
fn clocks_may_disagree_by_the_leeway_at_both_ends_of_the_life() {
    let unverified = UnverifiedToken::parse(&written(&members())).unwrap();
    for (leeway, early, first, last, late) in [
        (DEFAULT_LEEWAY, CUR_TIME - 61, CUR_TIME - 60, CUR_TIME + 659, CUR_TIME + 660),
        (Duration::ZERO, CUR_TIME - 1, CUR_TIME, CUR_TIME + 599, CUR_TIME + 600),
        (Duration::from_secs(5), CUR_TIME - 6, CUR_TIME - 5, CUR_TIME + 604, CUR_TIME + 605),
    ] {
        let signer = if leeway == DEFAULT_LEEWAY { signer() } else { signer().with_leeway(leeway) };
        let token = unverified.clone().with_leeway(leeway);
        for (now, fault) in [
            (early, Some(Fault::NotYetValid)),
            (first, None),
            (last, None),
            (late, Some(Fault::Expired)),
        ] {
            for result in [signer.verify(&unverified, at(now)), token.verify(at(now))] {
                let found = result.err().map(|faults| faults.as_slice().to_vec());
                assert_eq!(found, fault.map(|fault| vec![fault]), "{leeway:?} {now}");
            }
        }
    }
    // The longest leeway overflows nothing.
    let endless = signer().with_leeway(Duration::MAX);
    assert!([0, 1 << 40].iter().all(|now| endless.verify(&unverified, at(*now)).is_ok()));
}

#[test]
fn the_time_that_is_left_of_a_token_is_zero_after_its_end_and_at_most_its_lifetime() {
    let token = signer().token("c", TTL, at(CUR_TIME)).unwrap();
    let end = CUR_TIME + 600;
    for (now, left) in [(0, 600), (CUR_TIME - 40, 600), (end - 599, 599), (end, 0), (1 << 40, 0)] {
        assert_eq!(token.remaining_at(at(now)), Duration::from_secs(left), "{now}");
    }
}

#[test]
fn other_text_is_not_a_dynamic_token_and_is_not_repeated() {
    let text = |json: &str| URL_SAFE.encode(format!("dt-{json}"));
    for (token, reason) in [
        ("MARK MARK".to_owned(), "not base64"),
        ("M".repeat(8193), "longer"),
        (text("MARK"), "not hold JSON"),
        (text("[\"MARK\"]"), "not hold a JSON object"),
        (text(r#"{"MARK":1}"#), "signature is missing"),
        (text(r#"{"signature":"MARK"}"#), "appkey is missing"),
        (text(r#"{"signature":"MARK","appkey":7}"#), "appkey is not text"),
        (text(r#"{"signature":"a","appkey":"b","userId":"MARK"}"#), "curTime is missing"),
        (text(r#"{"signature":"a","appkey":"b","userId":"c","curTime":"MARK"}"#), "curTime is not"),
        (text(r#"{"signature":"a","appkey":"b","userId":"c","curTime":1}"#), "ttl is missing"),
        (text(r#"{"signature":"a","signature":"b"}"#), "not hold JSON"),
        (crate::SAMPLE_TOKEN.to_owned(), "not hold JSON"),
    ] {
        let error = UnverifiedToken::parse(&token).unwrap_err().to_string();
        assert!(error.contains(reason) && !error.contains("MARK"), "{error}");
    }
}

#[test]
fn a_token_is_read_from_the_text_in_which_it_was_pasted_and_named_if_it_was_cut_off() {
    let token = written(&members());
    let header = format!("Authorization: Bearer {}\r\n", token.replace('=', "%3D"));
    assert_eq!(faults(&header), []);
    assert_eq!(faults(&format!("{{\"access_token\":\"{token}\"}}")), []);
    assert_eq!(faults(&format!("{}\n  {}", &token[..80], &token[80..])), []);
    let missing = URL_SAFE.encode(members().to_string());
    assert_eq!(faults(&format!("Bearer {missing}")), [Fault::MissingPrefix]);
    for text in [&token, &missing, &format!("dt-{token}")].map(|it| it.trim_end_matches('=')) {
        for len in [text.len() - 1, text.len() - 2, 100] {
            let error = UnverifiedToken::parse(&text[..len]).unwrap_err();
            assert!(error.is_cut_off() && error.to_string().contains("cut off"), "{error}");
        }
    }
    assert!(!UnverifiedToken::parse("MARK").unwrap_err().is_cut_off());
}

/// The weakness that the module documents: the signed parts have no separators.
#[test]
fn digits_that_move_between_the_members_keep_the_signature() {
    let theirs = signer().token("bob178620", TTL, at(1_786_207_557)).unwrap();
    let text = URL_SAFE.decode(theirs.access_token().expose()).unwrap();
    let mut members: Value = serde_json::from_slice(&text[3..]).unwrap();
    members["userId"] = json!("bob");
    members["curTime"] = json!(1_786_201_786_u64);
    members["ttl"] = json!(207_557_600_u64);
    let forged = UnverifiedToken::parse(&written(&members)).unwrap();
    assert!(signer().verify(&forged, at(1_786_207_557)).is_ok());
}

#[test]
fn nothing_that_prints_shows_a_secret_a_signature_or_a_token() {
    let token = signer().token("test2333", TTL, at(CUR_TIME)).unwrap();
    let mut members = members();
    let good = UnverifiedToken::parse(&written(&members)).unwrap();
    members["appkey"] = json!(SECRET);
    let leaky = UnverifiedToken::parse(&written(&members)).unwrap();
    let faults = signer().verify(&leaky, at(0)).unwrap_err();
    let text = format!("{:?} {token:?} {good:?} {leaky:?} {faults} {faults:?}", signer());
    for secret in [SECRET, "e92a1247", "ZHQt"] {
        assert!(!text.contains(secret), "{text}");
    }
    // Positive control.
    assert!(text.contains("test2333") && text.contains("SecretInAppKey"), "{text}");
}

proptest! {
    #[test]
    fn a_token_is_read_back_and_valid(
        user in "[A-Za-z0-9_.-]{1,64}", ttl in 1..4_000_000_000_u64, nanos in 0..1_000_000_000_u32,
        now in 0..9_000_000_000_u64, padded: bool, org in "[A-Za-z0-9_.~-]{3,40}",
        id in "[!-~]{0,39}[a-z]", secret in "[!-~]{0,39}[a-z]",
    ) {
        let app_key = AppKey::new(&org, "app").unwrap();
        let padding = if padded { Padding::Padded } else { Padding::Unpadded };
        let signer = Signer::new(&app_key, id, secret).unwrap().with_padding(padding);
        let start = at(now) + Duration::from_nanos(nanos.into());
        let token = signer.token(&user, Duration::new(ttl, nanos), start).unwrap();
        let text = token.access_token().expose();
        prop_assert!(text.starts_with("ZHQt"));
        prop_assert!(padded || !text.contains('='));
        let unverified = UnverifiedToken::parse(text).unwrap();
        prop_assert_eq!(unverified.user_id(), user.to_ascii_lowercase());
        prop_assert_eq!(unverified.app_key(), Some(&app_key));
        prop_assert_eq!(unverified.issued_at(), Some(at(now)));
        prop_assert_eq!(unverified.ttl(), Duration::from_secs(ttl));
        prop_assert_eq!(unverified.expires_at(), Some(token.expires_at()));
        prop_assert!(signer.verify(&unverified, start).is_ok());
        prop_assert!(signer.verify(&unverified, at(now + ttl + 60)).is_err());
    }

    #[test]
    fn any_user_id_and_any_numbers_survive_the_json(user: String, cur_time: i64, ttl: i64) {
        let mut members = members();
        members["userId"] = json!(user);
        members["curTime"] = json!(cur_time);
        members["ttl"] = json!(ttl);
        let unverified = UnverifiedToken::parse(&written(&members)).unwrap();
        prop_assert_eq!(unverified.user_id(), user);
        prop_assert_eq!(unverified.ttl().as_secs(), ttl.max(0).unsigned_abs());
        let _ = (signer().verify(&unverified, at(CUR_TIME)), unverified.expires_at());
    }

    #[test]
    fn any_text_is_read_or_not_and_never_panics(text in ".{0,200}", bytes: Vec<u8>) {
        let _ = UnverifiedToken::parse(&text);
        let _ = UnverifiedToken::parse(&URL_SAFE.encode(&bytes));
        let _ = UnverifiedToken::parse(&URL_SAFE.encode([b"dt-", &bytes[..]].concat()));
    }

    #[test]
    fn a_token_with_a_changed_byte_is_not_valid(at_byte in 0..200_usize, change in 1..=255_u8) {
        let mut text = format!("dt-{}", members()).into_bytes();
        let at_byte = at_byte % text.len();
        text[at_byte] ^= change;
        if let Ok(unverified) = UnverifiedToken::parse(&URL_SAFE.encode(&text)) {
            prop_assert!(signer().verify(&unverified, at(CUR_TIME + 10)).is_err());
        }
    }
}

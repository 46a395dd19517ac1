//! Redaction: secrets that the service repeats are replaced in any encoding, and nothing else.

use std::time::{Duration, Instant};

use easemob_token_core::ResponseErrorKind as Kind;
use easemob_token_core::{Inherit, Password, ResponseError, TtlUnits};
use proptest::prelude::*;
use serde_json::json;

use crate::encodings::{Encoding, binary, case, escape};
use crate::{app_token, endpoint, received_at, response};

fn refused_as(user_id: &str, password: &str, code: &str, description: &str) -> ResponseError {
    let body = json!({"error": code, "error_description": description}).to_string();
    let grant = Password::new(user_id, password).unwrap();
    endpoint(TtlUnits::STANDARD)
        .parse(&grant, response(400, body.as_bytes()), received_at())
        .unwrap_err()
}

fn shown(user_id: &str, password: &str, description: &str) -> String {
    let error = refused_as(user_id, password, "invalid_grant", description);
    assert_eq!(error.code(), Some("invalid_grant"));
    error.description().unwrap().to_owned()
}

/// Text before and after a secret; neither part can belong to an encoding.
const AROUND: [(&str, &str); 6] = [
    ("", ""),
    ("Unexpected value \"", "\" at line 1"),
    ("?q=", "&y=1"),
    ("{\"password\":\"", "\"}"),
    ("<b>", "</b>"),
    ("100% wrong \\ (", ") & gone"),
];

/// The expected text, with the parts around the secret unchanged.
fn masked(around: (&str, &str)) -> String {
    [around.0, "***", around.1].concat()
}

#[test]
fn a_secret_is_replaced_in_each_encoding() {
    let secret = "pa/ss \"wörd\"+1%";
    for encoded in [
        r#"pa/ss "wörd"+1%"#,
        r#"PA/SS "WÖRD"+1%"#,
        r#"pa\/ss \"wörd\"+1%"#,
        r#"pa\u002Fss\u0020\u0022w\u00f6rd\"+1%"#,
        r#"\\u0070a/ss \\\"wörd\\\"+1%"#,
        r#"pa\u{2f}ss \x22w\xf6rd\x22+1%"#,
        "pa%2Fss%20%22w%C3%B6rd%22%2B1%25",
        "pa%2fss+%22w%f6rd%22%2b1%25",
        "%70%61%252Fss%2520%2522w%25C3%25B6rd%2522%252B1%2525",
        "pa&sol;ss &quot;w&ouml;rd&quot;&plus;1&percnt;",
        "p&#97;&#x2f;ss &#0034;w&#xF6;rd&#34+1&#37;",
        "pa/ss &amp;quot;w&amp;#246;rd&amp;quot;+1%",
        "cGEvc3MgInfDtnJkIisxJQ==",
        "e3BhL3NzICJ3w7ZyZCIrMSU",
        "70612F737320 2277C3B6 7264222B3125",
        r"\x70\x61\x2f\x73\x73\x20\x22\x77\xc3\xb6\x72\x64\x22\x2b\x31\x25",
        "70:61:2f:73:73:20:22:77:c3:b6:72:64:22:2b:31:25",
    ] {
        let text = format!("got [{encoded}], sorry");
        assert_eq!(shown("u", secret, &text), "got [***], sorry", "{encoded}");
    }
}

#[test]
fn credentials_are_replaced_inside_a_basic_header() {
    // `YXA6i-Ak8Ol4Eei2l11ZjV-EAg:YXA6VunqiNxoB7IwXHInk1cGiXOOJfc`, neither of which was sent.
    let basic = "WVhBNmktQWs4T2w0RWVpMmwxMVpqVi1FQWc6WVhBNlZ1bnFpTnhvQjdJd1hISW5rMWNHaVhPT0pmYw==";
    assert_eq!(shown("u", "hunter2", &format!("Basic {basic}!")), "Basic ***!");
    let percent = "%59XA6i-Ak8Ol4Eei2l11ZjV-EAg";
    assert_eq!(shown("u", "hunter2", &format!("id {percent}.")), "id ***.");
}

#[test]
fn base64_in_lines_is_one_run() {
    let text = "data: eyJwYXNzd29y\r\nZCI6Imh1bnRl\r\ncjIifQ== end";
    assert_eq!(shown("u", "hunter2", text), "data: *** end");
}

#[test]
fn an_app_token_is_replaced_in_each_encoding() {
    let token = "T0ken.of~the!app";
    let grant = Inherit::new("u", &app_token(token)).unwrap();
    for encoding in [
        Encoding::Case(2),
        Encoding::Json(u64::MAX),
        Encoding::Percent(u64::MAX),
        Encoding::Html(u64::MAX),
        Encoding::Base64 { ahead: 4, alphabet: 0 },
        Encoding::Hex(0),
    ] {
        let text = format!("Bearer [{}]", encoding.encode(token));
        let body = json!({"error": text, "error_description": text}).to_string();
        let error = endpoint(TtlUnits::STANDARD)
            .parse(&grant, response(401, body.as_bytes()), received_at())
            .unwrap_err();
        assert_eq!(error.description(), Some("Bearer [***]"), "{encoding:?}");
        assert!(error.code().unwrap().starts_with("Bearer [***"), "{encoding:?}");
    }
}

#[test]
fn a_user_id_is_replaced_if_it_stands_alone() {
    for (user_id, text, masked) in [
        ("alice", "username [alice] is not legal", "username [***] is not legal"),
        ("Alice", "username [alice] is not legal", "username [***] is not legal"),
        ("alice", "user ALICE not found, malice, alice2", "user *** not found, malice, alice2"),
        ("c", "user c of client_id c.", "user *** of client_id ***."),
        ("1", "at 11:01, user 1", "at 11:01, user ***"),
        ("alice", "/users/alice/token", "/users/***/token"),
        ("alice", "%22alice%22", "%22***%22"),
        ("a.b-c_d", "user=a%2Eb%2dc_d&x", "user=***&x"),
        ("张三", "user \\u5f20\\u4e09 &#24352;&#19977; 张三丰", "user *** *** 张三丰"),
        ("alice", r"{\u0022\u0061lice\u0022}", r"{\u0022***\u0022}"),
        ("alice", "YWxpY2U= 616c696365", "YWxpY2U= 616c696365"),
        ("***", "user *** x", "user *** x"),
    ] {
        assert_eq!(shown(user_id, "hunter2", text), masked, "{user_id}");
    }
    let error = refused_as("alice", "hunter2", "unauthorized", "alice");
    assert!(!format!("{error} {error:?}").contains("alice"));
}

#[test]
fn a_text_in_another_encoding_is_hidden_if_a_secret_may_be_in_it() {
    let shown = |user_id: &str, password: &str, description: &[u8]| {
        let body =
            [br#"{"error":"invalid_grant","error_description":""#, description, b"\"}"].concat();
        let grant = Password::new(user_id, password).unwrap();
        let error = endpoint(TtlUnits::STANDARD)
            .parse(&grant, response(400, &body), received_at())
            .unwrap_err();
        assert_eq!(error.code(), Some("invalid_grant"));
        error.description().unwrap().to_owned()
    };
    // Latin-1, then GBK.
    assert_eq!(shown("u", "p\u{e4}ssword1", b"invalid: p\xe4ssword1"), "***");
    assert_eq!(shown("张三123", "hunter2", b"user \xd5\xc5\xc8\xfd123"), "***");
    assert_eq!(
        shown("u", "hunter2", b"\xc3\xdc\xc2\xeb hunter2"),
        "\u{fffd}\u{fffd}\u{fffd}\u{fffd} ***"
    );
    assert_eq!(shown("u", "p\u{e4}ssword1", "invalid: p\u{e4}ssword1".as_bytes()), "invalid: ***");
}

#[test]
fn a_user_id_changes_neither_the_kind_nor_the_code() {
    for user_id in ["client_id", "password", "user", "username", "not", "legal", "invalid_grant"] {
        for (code, description, kind) in [
            ("invalid_grant", "client_id does not match", Kind::InvalidClient),
            ("invalid_grant", "invalid username or password", Kind::InvalidPassword),
            ("illegal_argument", "username [x] is not legal", Kind::InvalidUsername),
        ] {
            let error = refused_as(user_id, "hunter2", code, description);
            assert_eq!((error.kind(), error.code()), (kind, Some(code)), "{user_id}");
            assert!(error.is_from_service());
        }
    }
}

#[test]
fn a_user_id_in_the_host_of_a_redirect_is_replaced() {
    let target = |user_id: &str, location: &str| {
        let response = http::Response::builder().status(302).header("location", location);
        let response = response.body(&b""[..]).unwrap();
        let grant = Password::new(user_id, "hunter2").unwrap();
        let error =
            endpoint(TtlUnits::STANDARD).parse(&grant, response, received_at()).unwrap_err();
        error.description().unwrap().to_owned()
    };
    assert_eq!(target("alice", "https://Alice.example/alice"), "to https://***.example");
    assert_eq!(target("to", "https://a.example/"), "to https://a.example");
    assert_eq!(target("path", "/other"), "to another path of the same host");
}

/// At least four characters; letters at both ends, so that a neighbour is never a part of it.
fn secret() -> impl Strategy<Value = String> {
    let any_part = "[ -~é环😀/\\\\\"%&+]{2,24}";
    ("[A-Za-z]", any_part, "[A-Za-z]").prop_map(|(first, rest, last)| first + &rest + &last)
}

fn around() -> impl Strategy<Value = (&'static str, &'static str)> {
    prop::sample::select(&AROUND[..])
}

proptest! {
    #[test]
    fn no_encoding_of_a_secret_survives(
        secret in secret(), case in case(), first in escape(), second in escape(), around in around(),
    ) {
        for encoded in [
            case.encode(&secret),
            first.encode(&case.encode(&secret)),
            second.encode(&first.encode(&case.encode(&secret))),
        ] {
            let text = [around.0, &encoded, around.1].concat();
            prop_assert_eq!(shown("user-1", &secret, &text), masked(around), "{}", encoded);
        }
    }

    #[test]
    fn no_binary_encoding_of_a_secret_survives(
        secret in secret(), inner in escape(), binary in binary(), outer in escape(),
        around in around(),
    ) {
        for encoded in [
            binary.encode(&secret),
            binary.encode(&inner.encode(&secret)),
            outer.encode(&binary.encode(&secret)),
        ] {
            let text = [around.0, &encoded, around.1].concat();
            prop_assert_eq!(shown("user-1", &secret, &text), masked(around), "{}", encoded);
        }
    }

    #[test]
    fn no_escape_of_a_user_id_survives(
        user_id in "[a-z0-9]([a-z0-9_.-]{0,30}[a-z0-9])?", case in case(), escape in escape(),
        around in prop::sample::select(vec![("", ""), ("[", "]"), ("@ \"", "\" !"), ("=", "&")]),
    ) {
        for encoded in [case.encode(&user_id), escape.encode(&case.encode(&user_id))] {
            let text = [around.0, &encoded, around.1].concat();
            prop_assert_eq!(shown(&user_id, "hunter2!", &text), masked(around), "{}", encoded);
        }
    }

    #[test]
    fn text_without_a_secret_is_shown_as_it_is(text in "[ -~]{1,200}") {
        prop_assume!(!["YWMt", "ZHQt", "YXA6", "hunter2"].iter().any(|part| text.contains(part)));
        prop_assert_eq!(shown("user-1", "hunter2hunter2", &text), text);
    }
}

#[test]
fn a_secret_that_crosses_what_is_searched_leaves_no_part() {
    let secret = "S3cret-".repeat(100);
    for encoding in [Encoding::Case(0), Encoding::Json(u64::MAX), Encoding::Hex(0)] {
        // What stands before it is replaced as well, so that the end of the search is shown.
        for ahead in (7_000..9_000).step_by(41) {
            let before = "YWMt".repeat(ahead / 4) + &" ".repeat(1 + ahead % 4);
            let text = before + &encoding.encode(&secret);
            let shown = shown("u", &secret, &text);
            assert!(shown.chars().count() < 20, "{ahead}: {shown}");
        }
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the time that a test takes is what is tested")]
fn hostile_text_takes_no_longer_than_it_may() {
    const LEN: usize = 64 << 10;
    let fill = |piece: &str| piece.repeat(LEN / piece.len());
    // The longest secret, of which every part of the text is nearly one.
    let secret = "a".repeat(8_191) + "b";
    for piece in [
        "a",
        "%61",
        "%25",
        "%2525",
        "\\u0061",
        "\\\\",
        "&#97;",
        "&amp;",
        "&#",
        "&#0",
        "&",
        "YWMt",
        "YWFh",
        "61",
        "6",
        "%5cu0061",
        "&#x25;61",
        "0x",
        "\\u{",
        "ä",
        "a ",
        "%2525\\\\u0026amp;amp;%5c%5c",
        "&amp;%2525&#37;5c\\\\u005cu0061 aGVs",
    ] {
        let text = fill(piece);
        let quick = || {
            let started = Instant::now();
            let error = refused_as("a", &secret, "x", &text);
            assert!(error.description().unwrap().chars().count() <= 512);
            // A look at the whole rest of the text from each of its bytes would take longer.
            started.elapsed() < Duration::from_secs(10)
        };
        // A machine that is busy with other tests may be as slow once.
        assert!(quick() || quick() || quick(), "{piece}");
    }
}

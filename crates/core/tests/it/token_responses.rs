//! Responses with status 200: the published samples, missing members, and hostile bodies.

use std::time::Duration;

use easemob_token_core::{
    AccessToken, AppToken, Lifetime, ResponseError, ResponseErrorKind, RetryAdvice, Ttl, TtlUnits,
    UserToken,
};

use crate::{
    SAMPLE_TOKEN, app_grant, endpoint, inherit_grant, password_grant, received_at, response,
};

/// The token by password of the user `C` in this body.
pub(crate) fn user_token(body: &str) -> Result<UserToken, ResponseError> {
    user_token_of(body.as_bytes())
}

fn user_token_of(body: &[u8]) -> Result<UserToken, ResponseError> {
    endpoint(TtlUnits::STANDARD).parse(&password_grant(), response(200, body), received_at())
}

/// The response sample of the password page, verbatim.
const PASSWORD_SAMPLE: &str = r#"{
"access_token": "YWMtrR6ECkz8Eeyx6Y9j1eX9kbsMrFep3U6BvVj7KSnNonWqRx7gTPwR7Kzl-Q_xISNOAwMAAAF9UPZqbQAPoAAtYK9fWgaTNyuWoB3-6nGf_TXBx3Nt3XRZST-elU0x2A",
"expires_in": 1024000,
"user": {
"uuid": "aa471ee0-XXXX-XXXX-ace5-f90ff121234e",
"type": "user",
"created": 1637740861395,
"modified": 1637740861395,
"username": "c",
"activated": true
}
}"#;

#[test]
fn the_sample_of_the_password_page_parses_masked_uuid_and_all() {
    let token = user_token(PASSWORD_SAMPLE).unwrap();
    assert_eq!(token.access_token().expose(), SAMPLE_TOKEN);
    assert_eq!(token.lifetime(), Lifetime::Expires(Duration::from_secs(1_024_000)));
    assert_eq!(token.received_at(), received_at());
    assert_eq!(token.expires_at(), Some(received_at() + Duration::from_secs(1_024_000)));
    let user = token.user().unwrap();
    assert_eq!(user.uuid(), Some("aa471ee0-XXXX-XXXX-ace5-f90ff121234e"));
    assert_eq!((user.kind(), user.username()), (Some("user"), Some("c")));
    assert_eq!(user.activated(), Some(true));
    let created = std::time::UNIX_EPOCH + Duration::from_millis(1_637_740_861_395);
    assert_eq!((user.created(), user.modified()), (Some(created), Some(created)));
}

#[test]
fn an_app_token_has_an_application_and_no_user() {
    let body =
        br#"{"access_token":"YWMte3bGuOukEeiTkNP4grL7iwAAAAAAAAAAAAAAAAAAAAGL4CTw6XgR6LaXXVmNX4QCAgMAAAFnKdc-ZgBPGgBFTrLhhyK8woMEI005emtrLJFJV6aoxsZSioSIZkr5kw",
        "expires_in":5184000,"application":"8be024f0-XXXX-XXXX-b697-5d598d5f8402"}"#;
    let token = endpoint(TtlUnits::STANDARD)
        .parse(&app_grant(), response(200, body), received_at())
        .unwrap();
    assert_eq!(token.application(), Some("8be024f0-XXXX-XXXX-b697-5d598d5f8402"));
    assert_eq!(token.lifetime().duration(), Some(Duration::from_secs(5_184_000)));
    assert_eq!(token.received_at(), received_at());
    assert_eq!(token.expires_at(), Some(received_at() + Duration::from_secs(5_184_000)));
    let contents = token.access_token().inspect().unwrap();
    assert_eq!(contents.principal().to_string(), "8be024f0-e978-11e8-b697-5d598d5f8402");
}

#[test]
fn an_app_token_from_parts_has_these_parts() {
    let hour = Lifetime::Expires(Duration::from_secs(3_600));
    let token = AppToken::from_parts(AccessToken::new("YWMt-stored").unwrap(), hour, received_at());
    assert_eq!(token.access_token().expose(), "YWMt-stored");
    assert_eq!((token.lifetime(), token.received_at()), (hour, received_at()));
    assert_eq!(token.expires_at(), Some(received_at() + Duration::from_secs(3_600)));
    assert!(token.application().is_none() && token.unit_mismatch().is_none());
    let at = |seconds: i64| {
        let distance = Duration::from_secs(seconds.unsigned_abs());
        if seconds < 0 { received_at() - distance } else { received_at() + distance }
    };
    for (now, left) in [(-86_400, 3_600), (0, 3_600), (1, 3_599), (3_600, 0), (1 << 40, 0)] {
        assert_eq!(token.remaining_at(at(now)), Some(Duration::from_secs(left)), "{now}");
    }
    for endless in [Lifetime::Permanent, Lifetime::Unknown] {
        let token = AppToken::from_parts(token.access_token().clone(), endless, received_at());
        assert_eq!((token.remaining_at(at(1 << 40)), token.expires_at()), (None, None));
    }
    assert_eq!(token.access_token().inspect(), None);
}

#[test]
fn the_inherit_grant_yields_the_same_kind_of_token() {
    let token = endpoint(TtlUnits::STANDARD)
        .parse(&inherit_grant(), response(200, PASSWORD_SAMPLE.as_bytes()), received_at())
        .unwrap();
    assert_eq!(token.user().unwrap().username(), Some("c"));
}

#[test]
fn unknown_members_are_ignored_in_every_object() {
    let body = r#"{"new":{"a":[1,{"b":null}]},"access_token":"t","expires_in":60,"token_type":"b",
        "user":{"nickname":"x","username":"c","devices":[{}]},"timestamp":1.5}"#;
    let token = user_token(body).unwrap();
    assert_eq!(token.user().unwrap().username(), Some("c"));
}

#[test]
fn a_response_without_user_or_with_null_members_holds_a_token() {
    for body in [
        r#"{"access_token":"t","expires_in":60}"#,
        r#"{"access_token":"t","expires_in":60,"user":null,"application":null}"#,
    ] {
        assert!(user_token(body).unwrap().user().is_none());
    }
    let body = r#"{"access_token":"t","expires_in":60,"user":{"uuid":null}}"#;
    assert_eq!(user_token(body).unwrap().user().unwrap().uuid(), None);
    // A banned user is reported, and is not an error.
    let body = r#"{"access_token":"t","expires_in":60,"user":{"activated":false}}"#;
    assert_eq!(user_token(body).unwrap().user().unwrap().activated(), Some(false));
}

#[test]
fn a_token_of_another_user_is_refused() {
    let body = r#"{"access_token":"t","expires_in":60,"user":{"username":"mallory"}}"#;
    let error = user_token(body).unwrap_err();
    assert_eq!(error.kind(), ResponseErrorKind::Malformed);
    assert!(error.to_string().contains("another user"), "{error}");
}

#[test]
fn expires_in_is_read_in_the_units_of_the_response() {
    let body = r#"{"access_token":"t","expires_in":"1024000000"}"#;
    let token = endpoint(TtlUnits::VIP5)
        .parse(&password_grant(), response(200, body.as_bytes()), received_at())
        .unwrap();
    assert_eq!(token.lifetime().duration(), Some(Duration::from_secs(1_024_000)));
}

#[test]
fn an_expires_in_without_a_meaning_is_unknown_unless_permanent_was_requested() {
    for expires_in in ["0", "-1", "\"0\"", "-9223372036854775808"] {
        let body = format!(r#"{{"access_token":"t","expires_in":{expires_in}}}"#);
        let read = |ttl| {
            endpoint(TtlUnits::STANDARD)
                .parse(
                    &password_grant().with_ttl(ttl),
                    response(200, body.as_bytes()),
                    received_at(),
                )
                .unwrap()
        };
        assert_eq!(read(Ttl::ServerDefault).lifetime(), Lifetime::Unknown, "{expires_in}");
        assert_eq!(read(Ttl::ServerDefault).expires_at(), None);
        assert_eq!(read(Ttl::Permanent).lifetime(), Lifetime::Permanent, "{expires_in}");
        assert_eq!(read(Ttl::Permanent).expires_at(), None);
    }
    assert_eq!(user_token(r#"{"access_token":"t"}"#).unwrap().lifetime(), Lifetime::Unknown);
}

#[test]
fn a_body_that_is_not_json_may_be_retried_once() {
    let half = &PASSWORD_SAMPLE[..100];
    let bom = format!("\u{feff}{PASSWORD_SAMPLE}");
    let trailing = format!("{PASSWORD_SAMPLE}x");
    for (body, fault) in [
        ("", "the body is empty"),
        (" ", "the body is empty"),
        ("<html><body>MARK</body></html>", "web page"),
        ("MARK", "plain text"),
        (half, "JSON (line "),
        (&bom, "JSON (line "),
        (&trailing, "JSON (line "),
        ("{\"a\":", "JSON (line "),
        ("\u{1f}\u{8}MARK", "JSON (line "),
    ] {
        let error = user_token(body).unwrap_err();
        assert_eq!(error.kind(), ResponseErrorKind::Malformed, "{body}");
        assert_eq!(error.retry_advice(), RetryAdvice::Once, "{body}");
        assert!(error.to_string().contains(fault), "{error}");
        assert!(!format!("{error} {error:?}").contains("MARK"), "{error:?}");
    }
    let invalid_utf8 = b"{\"access_token\":\"\xff\"}";
    assert_eq!(user_token_of(invalid_utf8).unwrap_err().kind(), ResponseErrorKind::Malformed);
}

#[test]
fn an_unknown_member_may_be_in_another_encoding() {
    let gbk = b"{\"access_token\":\"t\",\"nickname\":\"\xbb\xb7\xd0\xc5\",\"expires_in\":60}";
    assert_eq!(user_token_of(gbk).unwrap().access_token().expose(), "t");
    let gbk =
        b"{\"access_token\":\"t\",\"user\":{\"type\":\"\xd3\xc3\xbb\xa7\"},\"expires_in\":60}";
    assert_eq!(user_token_of(gbk).unwrap().lifetime(), Lifetime::Expires(Duration::from_secs(60)));
}

#[test]
fn expires_in_is_a_whole_number_in_any_form() {
    let read = |value: &str| {
        user_token(&format!(r#"{{"access_token":"t","expires_in":{value}}}"#))
            .map(|token| token.lifetime().duration().map(|time| time.as_secs()))
    };
    for value in [
        "3600",
        "3600.0",
        "3.6e3",
        "\"3600\"",
        "\"3600.0\"",
        "\" 3600\"",
        "\"3600 \"",
        "\"3.6e3\"",
        "\"03600\"",
    ] {
        assert_eq!(read(value).unwrap(), Some(3_600), "{value}");
    }
    for value in ["null", "\"\"", "\" \"", "0", "\"0.0\"", "-0.0", "\"-1\""] {
        assert_eq!(read(value).unwrap(), None, "{value}");
    }
    for value in [
        "3600.5",
        "\"3600.5\"",
        "\"0xe10\"",
        "\"1h\"",
        "\"never\"",
        "\"+3600\"",
        "\"1,5\"",
        "\"36 00\"",
        "true",
        "[]",
        "[3600]",
        "{}",
    ] {
        let error = read(value).unwrap_err();
        assert!(error.to_string().contains("expires_in is not a whole number"), "{value}: {error}");
    }
}

#[test]
fn a_wrong_shape_is_malformed_and_names_the_member_without_a_byte_of_it() {
    let long = format!(r#"{{"access_token":"{}"}}"#, "M".repeat(8193));
    for (body, member) in [
        ("[]", "not a JSON object"),
        ("\"MARK\"", "not a JSON object"),
        ("5", "not a JSON object"),
        ("null", "not a JSON object"),
        ("{}", "access_token is missing"),
        (r#"{"error_description":"MARK","access_token":null}"#, "access_token is missing"),
        (r#"{"access_token":5}"#, "access_token is not a string"),
        (r#"{"access_token":["MARK"]}"#, "access_token is not a string"),
        (r#"{"access_token":{"MARK":1}}"#, "access_token is not a string"),
        (r#"{"access_token":""}"#, "access_token is empty"),
        (&long, "access_token is longer than 8192 characters"),
        (r#"{"access_token":"MARK\r\nx: y"}"#, "access_token has a character"),
        (r#"{"access_token":"MARK MARK"}"#, "access_token has a character"),
        (r#"{"access_token":"MARKé"}"#, "access_token has a character"),
        (r#"{"access_token":"t","access_token":"MARK"}"#, "a member occurs twice"),
        (r#"{"access_token":"t","expires_in":1.5}"#, "expires_in is not a whole number"),
        (r#"{"access_token":"t","expires_in":"MARK"}"#, "expires_in is not a whole number"),
        (r#"{"access_token":"t","expires_in":{"MARK":1}}"#, "expires_in is not a whole number"),
        (
            r#"{"access_token":"t","user":{"username":["MARK"]}}"#,
            "user.username is neither text nor a whole number",
        ),
    ] {
        let error = user_token(body).unwrap_err();
        assert_eq!(error.kind(), ResponseErrorKind::Malformed, "{body}");
        assert_eq!(error.retry_advice(), RetryAdvice::Never, "{body}");
        assert!(error.to_string().contains(member), "{body}: {error}");
        assert!(!format!("{error} {error:?}").contains("MARK"), "{error:?}");
    }
}

#[test]
fn a_hundred_thousand_levels_do_not_overflow_the_stack() {
    let deep = |open: &str, close: &str| open.repeat(100_000) + &close.repeat(100_000);
    let arrays = deep("[", "]");
    let objects = deep("{\"a\":", "}");
    for body in [
        arrays.clone(),
        objects,
        format!(r#"{{"access_token":{arrays}}}"#),
        format!(r#"{{"access_token":"t","expires_in":{arrays}}}"#),
        format!(r#"{{"access_token":"t","user":{{"username":{arrays}}}}}"#),
        "[".repeat(100_000),
        format!(r#"{{"error":{arrays},"error_description":"#),
    ] {
        let error = user_token(&body).unwrap_err();
        assert_eq!(error.kind(), ResponseErrorKind::Malformed);
    }
    // In an unknown member it is ignored.
    let noise = format!(r#"{{"access_token":"t","expires_in":60,"noise":{arrays}}}"#);
    assert!(user_token(&noise).is_ok());
}

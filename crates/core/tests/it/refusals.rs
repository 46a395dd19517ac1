//! Refusals: every row of the documented error table, and every other status.

use std::time::Duration;

use easemob_token_core::ResponseErrorKind as Kind;
use easemob_token_core::{RetryAdvice, TtlUnits};

use crate::{
    app_grant, app_token, endpoint, inherit_grant, password_grant, received_at, refusal,
    refusal_of, response,
};

fn json(error: &str, description: &str) -> String {
    format!(
        r#"{{"error":"{error}","exception":"org.apache.usergrid.Exception","timestamp":1600000000000,
        "duration":0,"error_description":"{description}"}}"#
    )
}

const SECOND: RetryAdvice = RetryAdvice::After(Duration::from_secs(1));
const MINUTE: RetryAdvice = RetryAdvice::After(Duration::from_secs(60));

/// Status, error and description of the documentation, with kind and advice.
const TABLE: &[(u16, &str, &str, Kind, RetryAdvice)] = &[
    (400, "illegal_argument", "client_id must be provided.", Kind::Rejected, RetryAdvice::Never),
    (400, "illegal_argument", "client_secret must be provided", Kind::Rejected, RetryAdvice::Never),
    (400, "invalid_grant", "client_id does not match", Kind::InvalidClient, RetryAdvice::Never),
    (400, "invalid_grant", "client_secret does not match", Kind::InvalidClient, RetryAdvice::Never),
    (400, "invalid_grant", "invalid password", Kind::InvalidPassword, RetryAdvice::Never),
    (
        400,
        "invalid_grant",
        "invalid username or password",
        Kind::InvalidPassword,
        RetryAdvice::Never,
    ),
    (400, "invalid_grant", "user not activated", Kind::UserDeactivated, RetryAdvice::Never),
    (
        400,
        "illegal_argument",
        "username [x] is not legal",
        Kind::InvalidUsername,
        RetryAdvice::Never,
    ),
    (400, "illegal_argument", "USERNAME_TOO_LONG", Kind::InvalidUsername, RetryAdvice::Never),
    (400, "json_parse", "Unexpected character ('<' (code 60))", Kind::Rejected, RetryAdvice::Never),
    (
        401,
        "unauthorized",
        "Unable to authenticate (OAuth)",
        Kind::Unauthorized,
        RetryAdvice::WithNewAppToken,
    ),
    (
        401,
        "unauthorized",
        "Unable to authenticate due to expired access token",
        Kind::Unauthorized,
        RetryAdvice::WithNewAppToken,
    ),
    (
        401,
        "auth_bad_access_token",
        "Unable to authenticate due to corrupt access token",
        Kind::Unauthorized,
        RetryAdvice::WithNewAppToken,
    ),
    (
        401,
        "auth_bad_access_token",
        "Unable to authenticate",
        Kind::Unauthorized,
        RetryAdvice::WithNewAppToken,
    ),
    (404, "invalid_grant", "user not found", Kind::UserNotFound, RetryAdvice::Never),
    (404, "entity_not_found", "User null not found", Kind::UserNotFound, RetryAdvice::Never),
    (
        404,
        "organization_application_not_found",
        "Could not find application for a/b",
        Kind::ApplicationNotFound,
        RetryAdvice::Never,
    ),
    (
        409,
        "concurrent_operation_error",
        "concurrency create app user failed",
        Kind::Conflict,
        SECOND,
    ),
    (413, "Request Entity Too Large", "", Kind::Rejected, RetryAdvice::Never),
    (415, "web_application", "Unsupported Media Type", Kind::Rejected, RetryAdvice::Never),
    (
        429,
        "resource_limited",
        "You have exceeded the limit of the community edition",
        Kind::QuotaExceeded,
        RetryAdvice::Never,
    ),
    (429, "reach_limit", "This request has reached api limit", Kind::RateLimited, MINUTE),
    (408, "", "", Kind::ServerError, RetryAdvice::Backoff),
    (500, "internal", "", Kind::ServerError, RetryAdvice::Backoff),
    (502, "", "", Kind::ServerError, RetryAdvice::Backoff),
    (503, "service_unavailable", "", Kind::ServerError, RetryAdvice::Backoff),
    (504, "", "", Kind::ServerError, RetryAdvice::Backoff),
];

#[test]
fn every_row_of_the_error_table_is_classified_as_the_table_says() {
    let mut texts = String::new();
    for (status, error, description, kind, advice) in TABLE {
        let refused = refusal(*status, &json(error, description));
        assert_eq!(refused.kind(), *kind, "{status} {error} {description}");
        assert_eq!(refused.retry_advice(), *advice, "{status} {error} {description}");
        assert_eq!(refused.status().as_u16(), *status);
        assert_eq!(refused.is_from_service(), !error.is_empty(), "{status} {error}");
        let shown = |text: &'static str| Some(text).filter(|text| !text.is_empty());
        assert_eq!(refused.code(), shown(error));
        assert_eq!(refused.description(), shown(description));
        texts.push_str(&format!("{refused}\n"));
    }
    insta::assert_snapshot!("error_texts", texts);
}

/// Bodies with a fault, all of them `invalid_grant`, with a wrong password if the flag is set.
fn unclean_bodies() -> Vec<(Vec<u8>, bool)> {
    let body = json("invalid_grant", "invalid password");
    let member = |text: &str, other: &str| body.replacen(text, other, 1).into_bytes();
    let description = r#""error_description":"invalid password""#;
    let time = "1600000000000";
    let mut bodies = vec![
        (format!("\u{feff}{body}").into_bytes(), true),
        (format!("\u{feff}\u{feff} \r\n{body}").into_bytes(), true),
        (format!("\u{c}\u{b}\u{a0}\u{3000}\0{body}").into_bytes(), true),
        (format!("{body}\r\n<!-- served by a proxy -->").into_bytes(), true),
        (format!("{body}{body}").into_bytes(), true),
        (format!("{body}}}\0\0").into_bytes(), true),
        (format!("[{body}]").into_bytes(), true),
        (format!(" [\n{body},{{}}]").into_bytes(), true),
        (body.trim_end_matches('}').as_bytes().to_vec(), true),
        ([body.trim_end_matches('}').as_bytes(), b",\"x\":\"\xff\"}"].concat(), true),
        (member("{", r#"{"error":"x","error":"y","#), true),
        (
            member(
                description,
                r#""error_description":"invalid password","error":null,"error":"""#,
            ),
            true,
        ),
        (member("invalid password", "invalid\n password\t"), true),
        (member("org.apache", "a\nb"), true),
        (member(description, r#""error_description":null"#), false),
        (member(description, r#""error_description":{"zh":"invalid password"}"#), false),
        (member(description, r#""error_description":["invalid password"]"#), false),
        (member(description, r#""error_description":40001"#), false),
        (member(description, r#""error_description":"\x""#), false),
        (member(description, r#""error_description":"invalid passw"#), false),
    ];
    for other in [r#""2020-09-13T12:26:40Z""#, "null", "1.5e9", "[[]]", "{}", "false", "\"\""] {
        bodies.push((member(time, other), true));
    }
    // A Chinese description in GBK; the last byte of the second one is a backslash in ASCII.
    for gbk in [&b"\xc3\xdc\xc2\xeb\xb4\xed\xce\xf3"[..], b"\xd5\x5c"] {
        let whole = [br#"{"error":"invalid_grant","error_description":""#, gbk, b"\"}"].concat();
        bodies.push((whole, false));
    }
    bodies
}

#[test]
fn an_error_body_that_is_not_quite_clean_still_names_the_refusal() {
    for status in [400, 401, 200] {
        for (bytes, says_password) in unclean_bodies() {
            let refused = endpoint(TtlUnits::STANDARD)
                .parse(&password_grant(), response(status, &bytes), received_at())
                .unwrap_err();
            let text = String::from_utf8_lossy(&bytes);
            let other = if status == 401 { Kind::Unauthorized } else { Kind::Rejected };
            let kind = if says_password { Kind::InvalidPassword } else { other };
            assert_eq!(refused.kind(), kind, "{status} {text}");
            assert_eq!(refused.code(), Some("invalid_grant"), "{status} {text}");
            assert!(refused.is_from_service(), "{status} {text}");
        }
    }
}

#[test]
fn a_200_with_an_error_body_is_the_refusal_that_it_names() {
    for (status, error, description, kind, advice) in TABLE {
        // Without a code it is no refusal, and this one is known by its status alone.
        if error.is_empty() || *status >= 500 || *status == 413 {
            continue;
        }
        for other_members in ["", r#""access_token":null,"#, r#""access_token":"","expires_in":5,"#]
        {
            let body = json(error, description).replacen('{', &format!("{{{other_members}"), 1);
            let refused = refusal(200, &body);
            assert_eq!((refused.kind(), refused.retry_advice()), (*kind, *advice), "{body}");
            assert_eq!((refused.status().as_u16(), refused.code()), (200, Some(*error)), "{body}");
            assert!(refused.is_from_service(), "{body}");
        }
    }
    let unknown = refusal(200, r#"{"error":"some_new_code_2"}"#);
    assert_eq!((unknown.kind(), unknown.is_from_service()), (Kind::Rejected, true));
    let gateway = refusal(200, r#"{"error":"Forbidden","error_description":"by policy"}"#);
    assert_eq!((gateway.kind(), gateway.is_from_service()), (Kind::Rejected, false));
    insta::assert_snapshot!(gateway, @"refused, but not by the service: check the base URL, proxies and firewalls (200 Forbidden: by policy)");
    for body in [r#"{"error":null}"#, r#"{"error":""}"#, r#"{"error":5}"#, r#"{"error":{"a":"b"}}"#]
    {
        assert_eq!(refusal(200, body).kind(), Kind::Malformed, "{body}");
    }
}

#[test]
fn a_usable_token_counts_whatever_error_is_beside_it() {
    for error in ["null", "\"\"", "0", "\"invalid_grant\"", "{}"] {
        let body = format!(r#"{{"error":{error},"access_token":"t","expires_in":60}}"#);
        let token = endpoint(TtlUnits::STANDARD).parse(
            &password_grant(),
            response(200, body.as_bytes()),
            received_at(),
        );
        assert!(token.is_ok(), "{body}");
    }
}

#[test]
fn a_401_is_about_the_credentials_that_the_request_carried() {
    let unauthorized = json("unauthorized", "Unable to authenticate (OAuth)");
    for status in [401, 200] {
        // No app token was sent, so none was refused.
        let refused = refusal_of(&app_grant(), status, &unauthorized);
        assert_eq!(refused.kind(), Kind::InvalidClient);
        assert_eq!(refused.retry_advice(), RetryAdvice::Never);
        let refused = refusal_of(&password_grant(), status, &unauthorized);
        assert_eq!(refused.kind(), Kind::Unauthorized);
        assert_eq!(refused.retry_advice(), RetryAdvice::Never);
        assert!(refused.to_string().contains("the request carried none"), "{refused}");
        let authorized = password_grant().authorized_by(&app_token("YWMt-app-token"));
        for refused in
            [refusal_of(&authorized, status, &unauthorized), refusal(status, &unauthorized)]
        {
            assert_eq!(refused.kind(), Kind::Unauthorized);
            assert_eq!(refused.retry_advice(), RetryAdvice::WithNewAppToken);
            assert!(refused.to_string().starts_with("the app token is not accepted"), "{refused}");
        }
        // A wrong password costs no app token, whatever the status.
        let wrong = json("invalid_grant", "invalid username or password");
        let refused = refusal_of(&authorized, status, &wrong);
        assert_eq!(refused.kind(), Kind::InvalidPassword);
        assert_eq!(refused.retry_advice(), RetryAdvice::Never);
    }
    // A gateway says nothing about the credentials.
    let refused = refusal_of(&app_grant(), 401, "<html>");
    assert_eq!((refused.kind(), refused.is_from_service()), (Kind::Unauthorized, false));
    assert_eq!(
        refusal_of(&app_grant(), 400, r#"{"error":"invalid_client"}"#).kind(),
        Kind::InvalidClient
    );
}

#[test]
fn neither_a_redirect_nor_a_malformed_response_is_an_error_of_the_service() {
    for status in [201, 301, 302, 307, 600, 999] {
        let refused = refusal(status, &json("unauthorized", "x"));
        assert!(!refused.is_from_service(), "{status}");
    }
}

#[test]
fn only_the_service_itself_reports_a_used_up_quota() {
    assert_eq!(refusal(429, &json("resource_limited", "x")).kind(), Kind::QuotaExceeded);
    assert_eq!(refusal(429, r#"{"error":"Resource_Limited"}"#).kind(), Kind::RateLimited);
}

#[test]
fn the_same_code_means_different_things_under_different_statuses() {
    let code = |status, description| refusal(status, &json("invalid_grant", description)).kind();
    assert_eq!(code(404, "user not found"), Kind::UserNotFound);
    assert_eq!(code(400, "client_id does not match"), Kind::InvalidClient);
    assert_eq!(code(400, "user not activated"), Kind::UserDeactivated);
    // An unknown description is any other refusal.
    assert_eq!(code(400, "something new"), Kind::Rejected);
    assert_eq!(code(404, "client_id does not match"), Kind::Rejected);
}

#[test]
fn redirects_are_named_and_only_their_host_is_shown() {
    for status in [300, 301, 302, 303, 304, 307, 308] {
        let response = http::Response::builder()
            .status(status)
            .header("location", "https://user:MARK@evil.com/x?token=MARK")
            .body(&b"{}"[..])
            .unwrap();
        let refused = endpoint(TtlUnits::STANDARD)
            .parse(&inherit_grant(), response, received_at())
            .unwrap_err();
        assert_eq!(refused.kind(), Kind::Redirected);
        assert_eq!(refused.description(), Some("to https://evil.com"));
        assert!(!format!("{refused:?}").contains("MARK"));
    }
    assert_eq!(refusal(302, "").description(), None);
}

#[test]
fn retry_after_is_obeyed_if_a_retry_makes_sense() {
    let with = |status: u16, body: &str| {
        let response = http::Response::builder()
            .status(status)
            .header("retry-after", "7")
            .body(body.as_bytes())
            .unwrap();
        endpoint(TtlUnits::STANDARD).parse(&inherit_grant(), response, received_at()).unwrap_err()
    };
    let seven = RetryAdvice::After(Duration::from_secs(7));
    assert_eq!(with(429, "").retry_advice(), seven);
    assert_eq!(with(503, "").retry_advice(), seven);
    assert_eq!(with(409, &json("concurrent_operation_error", "x")).retry_advice(), seven);
    let quota = with(429, &json("resource_limited", "x"));
    assert_eq!(quota.retry_advice(), RetryAdvice::Never);
    assert_eq!(quota.retry_after(), Some(Duration::from_secs(7)));
}

#[test]
fn a_megabyte_of_description_becomes_512_characters() {
    let refused = refusal(400, &json("x", &"长".repeat(400_000)));
    assert_eq!(refused.description().unwrap().chars().count(), 512);
    let refused = refusal(400, &json(&"x".repeat(1_000_000), "d"));
    assert_eq!(refused.code().unwrap().chars().count(), 64);
}

#[test]
fn ansi_escapes_arrive_escaped() {
    let refused = refusal(400, &json("x", "\\u001b[31mred\\u202e"));
    assert_eq!(refused.description(), Some("\\u{1b}[31mred\\u{202e}"));
}

//! Refusals: every row of the documented error table, and every other status.

use std::time::Duration;

use easemob_token_core::ResponseErrorKind as Kind;
use easemob_token_core::{RetryAdvice, TtlUnits};

use crate::{app_grant, endpoint, inherit_grant, received_at, refusal, refusal_of, response};

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

#[test]
fn a_refusal_without_a_json_body_is_classified_by_its_status() {
    let html = "<html><head><title>x</title></head><body>nginx</body></html>";
    for (status, kind) in [
        (400, Kind::Rejected),
        (401, Kind::Unauthorized),
        (403, Kind::Rejected),
        (404, Kind::Rejected),
        (405, Kind::Rejected),
        (409, Kind::Rejected),
        (413, Kind::Rejected),
        (415, Kind::Rejected),
        (429, Kind::RateLimited),
        (499, Kind::Rejected),
        (502, Kind::ServerError),
        (599, Kind::ServerError),
        (600, Kind::Malformed),
        (999, Kind::Malformed),
        (201, Kind::Malformed),
        (204, Kind::Malformed),
        (206, Kind::Malformed),
        (101, Kind::Malformed),
    ] {
        for body in [html, "", "[]", "5", r#"{"error":5,"error_description":["x"]}"#, "{\"error\":"]
        {
            let refused = refusal(status, body);
            assert_eq!(refused.kind(), kind, "{status} {body}");
            assert_eq!(refused.code(), None);
            assert!(!refused.to_string().contains("nginx"));
        }
    }
}

/// Bodies of firewalls, gateways, proxies and web frameworks.
const GATEWAY_BODIES: &[&str] = &[
    "",
    " ",
    "Forbidden",
    "<html><head><title>403 Forbidden</title></head><body>nginx</body></html>",
    "<!DOCTYPE html><script>location='https://captive.example/?r=unauthorized'</script>",
    r#"<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>"#,
    r#"{"timestamp":1600000000000,"status":403,"error":"Forbidden","path":"/a/b/token"}"#,
    r#"{"timestamp":"2020-01-01T00:00:00Z","status":401,"error":"Unauthorized","message":""}"#,
    r#"{"error":"Not Found","error_description":"user not found"}"#,
    r#"{"message":"Forbidden"}"#,
    r#"{"message":"no Route matched with those values"}"#,
    r#"{"error_description":"user not found"}"#,
    r#"{"error":"403"}"#,
    r#"{"error":403}"#,
    r#"{"error":""}"#,
    r#"{"error":null,"error_description":"x"}"#,
    r#"{"error":true}"#,
    r#"{"error":"access denied"}"#,
    r#"{"error":"invalid-token"}"#,
    r#"{"error":"invalidToken"}"#,
    r#"{"error":"_"}"#,
    r#"{"error":["unauthorized"]}"#,
    r#"{"error":{"code":401,"message":"unauthorized"}}"#,
    r#"{"errors":[{"error":"unauthorized"}]}"#,
    r#"[{"error":"unauthorized"}]"#,
    r#""unauthorized""#,
    r#"{"error":"unauthorized""#,
    "null",
];

#[test]
fn a_page_of_a_gateway_is_not_an_error_of_the_service() {
    let too_large = r#"{"error":"Request Entity Too Large"}"#;
    for status in [400, 401, 403, 404, 405, 409, 413, 429, 451, 500, 503] {
        for body in GATEWAY_BODIES.iter().copied().chain((status != 413).then_some(too_large)) {
            let refused = refusal(status, body);
            assert!(!refused.is_from_service(), "{status} {body}");
            let advice = match status {
                429 => MINUTE,
                500.. => RetryAdvice::Backoff,
                _ => RetryAdvice::Never,
            };
            assert_eq!(refused.retry_advice(), advice, "{status} {body}");
            let blamed = refused.to_string().contains("not by the service");
            assert_eq!(blamed, status < 429 || status == 451, "{refused}");
        }
        let own = refusal(status, r#"{"error":"some_new_code_2"}"#);
        assert!(own.is_from_service(), "{status}");
        assert!(!own.to_string().contains("not by the service"), "{own}");
    }
}

#[test]
fn an_error_body_that_is_not_quite_clean_still_names_the_refusal() {
    let body = json("invalid_grant", "invalid password");
    let twice = body.replacen('{', r#"{"error":"x","error":"y","#, 1);
    for bytes in [
        format!("\u{feff}{body}").into_bytes(),
        format!("{body}\r\n<!-- served by a proxy -->").into_bytes(),
        [body.trim_end_matches('}').as_bytes(), b",\"x\":\"\xff\"}"].concat(),
        twice.into_bytes(),
    ] {
        let refused = endpoint(TtlUnits::STANDARD)
            .parse(&inherit_grant(), response(400, &bytes), received_at())
            .unwrap_err();
        let text = String::from_utf8_lossy(&bytes);
        assert_eq!(refused.kind(), Kind::InvalidPassword, "{text}");
        assert_eq!(refused.code(), Some("invalid_grant"), "{text}");
        assert!(refused.is_from_service(), "{text}");
    }
}

#[test]
fn neither_a_redirect_nor_a_malformed_response_is_an_error_of_the_service() {
    for status in [200, 201, 301, 302, 307, 600, 999] {
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
fn a_grant_without_an_app_token_gets_no_advice_to_renew_one() {
    let body = json("unauthorized", "Unable to authenticate (OAuth)");
    let refused = refusal_of(&app_grant(), 401, &body);
    assert_eq!(refused.retry_advice(), RetryAdvice::Never);
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

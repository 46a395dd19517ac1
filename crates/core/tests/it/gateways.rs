//! Responses of firewalls, gateways, proxies and web frameworks in place of the service's.

use std::time::Duration;

use easemob_token_core::ResponseErrorKind as Kind;
use easemob_token_core::{RetryAdvice, TtlUnits};

use crate::{endpoint, inherit_grant, received_at, refusal, response};

const MINUTE: RetryAdvice = RetryAdvice::After(Duration::from_secs(60));

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
    r#""unauthorized""#,
    r#"{"error":"unauthorized"#,
    r#"[[],{"error":"unauthorized"}]"#,
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
fn a_page_is_named_and_no_byte_of_it_is_quoted() {
    for (body, form) in [
        ("<html>MARK</html>", "web page"),
        ("\u{feff}<HTML>MARK", "web page"),
        ("\r\n\t <!DOCTYPE html>MARK", "web page"),
        ("<!-- MARK --><html>", "web page"),
        ("<?xml version=\"1.0\"?><Error>MARK</Error>", "web page"),
        ("<br />\n<b>Fatal error</b>: MARK{\"error\":\"invalid_grant\"}", "web page"),
        ("<script>location='https://login.example/MARK'</script>", "web page"),
        ("Access denied: MARK", "plain text"),
        ("404 page not found MARK", "plain text"),
        ("访问被拒绝 MARK", "plain text"),
        ("error=invalid_grant&error_description=MARK", "plain text"),
        ("", "the body is empty"),
        ("\u{feff} \r\n", "the body is empty"),
    ] {
        for status in [200, 400, 401, 403, 404, 429, 502, 503] {
            let mut response = response(status, body.as_bytes());
            for content_type in [None, Some("text/html"), Some("application/json")] {
                if let Some(value) = content_type {
                    response.headers_mut().insert("content-type", value.parse().unwrap());
                }
                let refused = endpoint(TtlUnits::STANDARD)
                    .parse(&inherit_grant(), response.clone(), received_at())
                    .unwrap_err();
                let text = format!("{refused} {refused:?} {:?}", refused.description());
                assert!(refused.to_string().contains(form), "{status} {body}: {refused}");
                assert!(!text.contains("MARK") && !refused.is_from_service(), "{text}");
                assert_eq!(refused.kind() == Kind::Malformed, status == 200, "{refused}");
            }
        }
    }
    insta::assert_snapshot!(refusal(200, "<html>"), @"the response is not a token response (200: the body is a web page (HTML or XML), not JSON: a firewall, a proxy or a gateway answered; check the base URL, proxies and firewalls)");
    insta::assert_snapshot!(refusal(502, "<html>"), @"the service has trouble (502: the body is a web page (HTML or XML), not JSON: a firewall, a proxy or a gateway answered)");
    // JSON of a gateway is no page.
    assert_eq!(refusal(403, r#"{"message":"Forbidden"}"#).description(), None);
}

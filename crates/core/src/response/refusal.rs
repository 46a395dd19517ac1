//! Classification of refusals: status, error code and description give the kind.
//!
//! The same `error` means different things under different statuses, so all three are read.

use std::time::SystemTime;

use http::header::LOCATION;
use http::response::Parts;
use http::{HeaderMap, Uri};
use serde::Deserialize as _;
use serde_json::Value;

use super::error::{Details, ResponseError};
use super::kind::{ResponseErrorKind as Kind, RetryAdvice};
use super::redact::{self, Hidden};
use super::retry_after;

const CODE_LIMIT: usize = 64;
const DESCRIPTION_LIMIT: usize = 512;

/// Contents of the refused request, none of which an error text may repeat.
pub(crate) struct SentRequest<'a> {
    pub(crate) app_token: Option<&'a str>,
    pub(crate) secret: Option<&'a str>,
    pub(crate) user_id: Option<&'a str>,
}

/// Reads a response with any status but 200.
pub(crate) fn parse(
    head: &Parts,
    body: &[u8],
    request: &SentRequest<'_>,
    received_at: SystemTime,
) -> ResponseError {
    let body = object(body);
    let (code, description) = (text(&body, "error"), text(&body, "error_description"));
    let status = head.status;
    let kind = classify(status.as_u16(), code.unwrap_or_default(), description.unwrap_or_default());
    let is_from_service = is_service_error(status.as_u16(), code.unwrap_or_default());
    let retry_after = retry_after::read(&head.headers, received_at);
    let advice = match kind.retry_advice() {
        // A gateway's 401 does not ask for an app token, so a new one would not help.
        RetryAdvice::WithNewAppToken if request.app_token.is_none() || !is_from_service => {
            RetryAdvice::Never
        }
        RetryAdvice::After(pause) => RetryAdvice::After(retry_after.unwrap_or(pause)),
        RetryAdvice::Backoff => retry_after.map_or(RetryAdvice::Backoff, RetryAdvice::After),
        advice @ (RetryAdvice::Never | RetryAdvice::Once | RetryAdvice::WithNewAppToken) => advice,
    };
    let hidden = Hidden { secrets: [request.secret, request.app_token], user_id: request.user_id };
    let description = if kind == Kind::Redirected {
        redirect_target(&head.headers, &hidden)
    } else if kind == Kind::Malformed {
        Some("the status means nothing here".to_owned())
    } else {
        description.map(|text| redact::clean(text, DESCRIPTION_LIMIT, &hidden))
    };
    // A user ID such as `unauthorized` must not hide the code, which is the service's own word.
    let hidden = Hidden { user_id: None, ..hidden };
    let code = code.map(|text| redact::clean(text, CODE_LIMIT, &hidden));
    Details { kind, status, code, description, retry_after, advice, is_from_service }.into()
}

/// Whether a refusal with this code is the service's own.
///
/// Its codes are lower-case words joined by `_`. Gateways and web frameworks name the status in
/// title case, in digits, or not at all; the service does so once, for 413.
fn is_service_error(status: u16, code: &str) -> bool {
    let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let is_code = code.len() <= CODE_LIMIT
        && code.starts_with(|c: char| c.is_ascii_lowercase())
        && code.chars().all(is_word);
    match status {
        413 if code == "Request Entity Too Large" => true,
        400..=599 => is_code,
        _ => false,
    }
}

/// The error body as JSON, `null` if it is not: gateways send pages, text or nothing.
///
/// Every member can be missing. A byte order mark, a byte that is not UTF-8, text behind the object
/// and a member that occurs twice do not hide the error.
fn object(body: &[u8]) -> Value {
    let text = String::from_utf8_lossy(body);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    // `from_str` would refuse text that follows.
    Value::deserialize(&mut serde_json::Deserializer::from_str(text)).unwrap_or_default()
}

/// The text of a member; an empty one counts as missing.
fn text<'a>(body: &'a Value, member: &str) -> Option<&'a str> {
    body.get(member)?.as_str().filter(|text| !text.is_empty())
}

/// The kind by the documented table; a description is a sample there, and no constant.
fn classify(status: u16, code: &str, description: &str) -> Kind {
    let description = description.to_ascii_lowercase();
    let has = |words: &str| description.contains(words);
    match (status, code) {
        (300..=399, _) => Kind::Redirected,
        (400, "invalid_grant") if has("client_id") || has("client_secret") => Kind::InvalidClient,
        (400, "invalid_grant") if has("not activated") => Kind::UserDeactivated,
        (400, "invalid_grant") if has("password") => Kind::InvalidPassword,
        (400, "illegal_argument") if has("username_too_long") => Kind::InvalidUsername,
        (400, "illegal_argument") if has("username") && has("not legal") => Kind::InvalidUsername,
        (401, _) => Kind::Unauthorized,
        (404, "organization_application_not_found") => Kind::ApplicationNotFound,
        (404, "invalid_grant" | "entity_not_found") if has("user") => Kind::UserNotFound,
        (409, "concurrent_operation_error") => Kind::Conflict,
        (429, "resource_limited") => Kind::QuotaExceeded,
        (429, _) => Kind::RateLimited,
        (408 | 500..=599, _) => Kind::ServerError,
        (400..=499, _) => Kind::Rejected,
        (..300 | 600.., _) => Kind::Malformed,
    }
}

/// Scheme and host of a redirect's target; the rest of it may hold secrets.
fn redirect_target(headers: &HeaderMap, hidden: &Hidden<'_>) -> Option<String> {
    let target: Uri = headers.get(LOCATION)?.to_str().ok()?.parse().ok()?;
    match (target.scheme_str(), target.host()) {
        (Some(scheme), Some(host)) => {
            let target = format!("{scheme}://{host}");
            Some(["to ", &redact::clean(&target, DESCRIPTION_LIMIT - "to ".len(), hidden)].concat())
        }
        _ => Some("to another path of the same host".to_owned()),
    }
}

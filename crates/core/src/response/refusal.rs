//! Classification of refusals: status, error code and description give the kind.
//!
//! The same `error` means different things under different statuses, so all three are read.

use std::time::SystemTime;

use http::header::LOCATION;
use http::response::Parts;
use http::{HeaderMap, Uri};

use super::error::{Details, ResponseError};
use super::error_body::ErrorBody;
use super::kind::{ResponseErrorKind as Kind, RetryAdvice};
use super::redact::{self, Hidden};
use super::retry_after;
use crate::grant::GrantType;

const CODE_LIMIT: usize = 64;
const DESCRIPTION_LIMIT: usize = 512;

/// The facts of a request on which the meaning of its refusal depends.
#[derive(Clone, Copy)]
pub(crate) struct Sent<'a> {
    pub(crate) grant: GrantType,
    pub(crate) hidden: Hidden<'a>,
}

/// Reads a response with any status but 200.
pub(crate) fn parse(
    head: &Parts,
    body: &[u8],
    sent: &Sent<'_>,
    received_at: SystemTime,
) -> ResponseError {
    read(head, &ErrorBody::read(body), head.status.as_u16(), sent, received_at)
}

/// Reads a 200 without a usable token; `None` if its body names no error.
pub(crate) fn parse_ok(
    head: &Parts,
    body: &[u8],
    sent: &Sent<'_>,
    received_at: SystemTime,
) -> Option<ResponseError> {
    let body = ErrorBody::read(body);
    let status = documented_status(body.code.as_deref()?, body.description.as_deref());
    Some(read(head, &body, status, sent, received_at))
}

/// Reads an error body as if it had come with the status `meant`.
fn read(
    head: &Parts,
    body: &ErrorBody,
    meant: u16,
    sent: &Sent<'_>,
    received_at: SystemTime,
) -> ResponseError {
    let (status, hidden) = (head.status, &sent.hidden);
    let (code, text) = (body.code.as_deref(), body.description.as_deref());
    let is_from_service = is_service_error(meant, code.unwrap_or_default());
    let kind = match classify(meant, code.unwrap_or_default(), text.unwrap_or_default()) {
        // The request carried no app token that could be refused.
        Kind::Unauthorized if sent.grant == GrantType::ClientCredentials && is_from_service => {
            Kind::InvalidClient
        }
        kind => kind,
    };
    let retry_after = retry_after::read(&head.headers, received_at);
    let advice = match kind.retry_advice() {
        // A gateway's 401 does not ask for an app token, so a new one would not help.
        RetryAdvice::WithNewAppToken if hidden.app_token.is_none() || !is_from_service => {
            RetryAdvice::Never
        }
        RetryAdvice::After(pause) => RetryAdvice::After(retry_after.unwrap_or(pause)),
        RetryAdvice::Backoff => retry_after.map_or(RetryAdvice::Backoff, RetryAdvice::After),
        advice @ (RetryAdvice::Never | RetryAdvice::Once | RetryAdvice::WithNewAppToken) => advice,
    };
    let description = match kind {
        Kind::Redirected => redirect_target(&head.headers, hidden),
        Kind::Malformed => Some("the status means nothing here".to_owned()),
        _ => text
            .map(|text| redact::clean(text, DESCRIPTION_LIMIT, hidden))
            .or_else(|| body.form.map(str::to_owned)),
    };
    // A user ID such as `unauthorized` must not hide the code, which is the service's own word.
    let secrets = Hidden { user_id: None, ..*hidden };
    let code = code.map(|text| redact::clean(text, CODE_LIMIT, &secrets));
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

/// The status under which the documented table has this error; a gateway may have replaced it by 200.
///
/// Any other error is a refused request, since there is no token.
fn documented_status(code: &str, description: Option<&str>) -> u16 {
    let description = description.unwrap_or_default().to_ascii_lowercase();
    match code {
        "unauthorized" | "auth_bad_access_token" => 401,
        "invalid_grant" if description.contains("not found") => 404,
        "entity_not_found" | "organization_application_not_found" => 404,
        "concurrent_operation_error" => 409,
        "reach_limit" | "resource_limited" => 429,
        _ => 400,
    }
}

/// The kind by the documented table; a description is a sample there, and no constant.
fn classify(status: u16, code: &str, description: &str) -> Kind {
    let description = description.to_ascii_lowercase();
    let has = |words: &str| description.contains(words);
    match (status, code) {
        (300..=399, _) => Kind::Redirected,
        (400, "invalid_client") => Kind::InvalidClient,
        // A 401 that names the credentials in the body is not about the app token.
        (400 | 401, "invalid_grant") if has("client_id") || has("client_secret") => {
            Kind::InvalidClient
        }
        (400 | 401, "invalid_grant") if has("not activated") => Kind::UserDeactivated,
        (400 | 401, "invalid_grant") if has("password") => Kind::InvalidPassword,
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

//! Common parts of the targets: the endpoint, and the checks of every error.
#![expect(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a target reports a finding by a panic"
)]

use std::time::{Duration, SystemTime};

use easemob_token_core::{
    AccessToken, AppToken, ErrorCategory, Lifetime, ResponseError, ResponseErrorKind,
    TokenEndpoint, TtlUnits,
};

/// The longest text of the service in an error.
const LONGEST: usize = 512;

/// The endpoint of the documented samples.
#[must_use]
pub fn endpoint(units: TtlUnits) -> TokenEndpoint {
    let base = "https://a1.easemob.com".parse().unwrap();
    let app = "easemob-demo#testapp".parse().unwrap();
    TokenEndpoint::new(&base, &app, units).unwrap()
}

/// The time at which the documented sample token was issued, approximately.
#[must_use]
pub fn received_at() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_637_740_866)
}

/// An app token with this text.
///
/// # Errors
///
/// The text cannot be a token.
pub fn app_token(text: &str) -> Result<AppToken, easemob_token_core::BuildError> {
    Ok(AppToken::from_parts(AccessToken::new(text)?, Lifetime::Unknown, received_at()))
}

/// The first line, and the text after it.
#[must_use]
pub fn first_line(bytes: &[u8]) -> (&[u8], &[u8]) {
    match bytes.iter().position(|&byte| byte == b'\n') {
        Some(at) => (&bytes[..at], &bytes[at + 1..]),
        None => (bytes, &[]),
    }
}

/// Every text that the error can show.
#[must_use]
pub fn everything(error: &ResponseError) -> String {
    format!("{error} {error:?} {error:#?} {:?} {:?}", error.code(), error.description())
}

/// Checks what holds for every error of any request and response.
pub fn check(error: &ResponseError) {
    for text in [error.code(), error.description(), Some(&*error.to_string())] {
        let text = text.unwrap_or_default();
        assert!(!text.chars().any(char::is_control), "a control character: {text:?}");
    }
    let length = |text: Option<&str>| text.unwrap_or_default().chars().count();
    assert!(length(error.description()) <= LONGEST);
    assert!(length(error.code()) <= 64);
    // Both, the status, and the fixed text between them.
    assert!(error.to_string().chars().count() <= LONGEST + 64 + 128);
    if let Some(pause) = error.retry_after() {
        assert!(pause >= Duration::from_secs(1) && pause <= Duration::from_secs(3_600));
    }
    let status = error.status().as_u16();
    // A 200 whose body names a refusal.
    let is_named = status == 200 && error.code().is_some();
    let is_expected = match error.kind().category() {
        _ if is_named => error.kind() != ResponseErrorKind::ServerError,
        ErrorCategory::Refused | ErrorCategory::Limited => matches!(status, 400..=499),
        ErrorCategory::Unavailable => matches!(status, 408 | 409 | 500..=599),
        ErrorCategory::BadResponse => !matches!(status, 400..=599),
        ErrorCategory::InvalidInput | ErrorCategory::Internal => false,
    };
    assert!(is_expected, "{error}");
    assert_eq!(error.kind() == ResponseErrorKind::Redirected, matches!(status, 300..=399));
}

//! What the targets share: the endpoint, and what holds for every error that comes out of it.
#![expect(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a panic is how a target says that it found something"
)]

use std::time::{Duration, SystemTime};

use easemob_token_core::{ResponseError, ResponseErrorKind, TokenEndpoint, TtlUnits};

/// The longest text of the service in an error.
const LONGEST: usize = 512;

/// The endpoint of the documented samples.
#[must_use]
pub fn endpoint(units: TtlUnits) -> TokenEndpoint {
    let base = "https://a1.easemob.com".parse().unwrap();
    let app = "easemob-demo#testapp".parse().unwrap();
    TokenEndpoint::new(&base, &app, units).unwrap()
}

/// About when the documented sample token was issued.
#[must_use]
pub fn received_at() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_637_740_866)
}

/// The first line and what follows it.
#[must_use]
pub fn first_line(bytes: &[u8]) -> (&[u8], &[u8]) {
    match bytes.iter().position(|&byte| byte == b'\n') {
        Some(at) => (&bytes[..at], &bytes[at + 1..]),
        None => (bytes, &[]),
    }
}

/// Everything that the error can be made to say.
#[must_use]
pub fn everything(error: &ResponseError) -> String {
    format!("{error} {error:?} {error:#?} {:?} {:?}", error.code(), error.description())
}

/// What holds for every error, whatever was asked and whatever came back.
pub fn check(error: &ResponseError) {
    for text in [error.code(), error.description(), Some(&*error.to_string())] {
        let text = text.unwrap_or_default();
        assert!(!text.chars().any(char::is_control), "a control character: {text:?}");
    }
    let length = |text: Option<&str>| text.unwrap_or_default().chars().count();
    assert!(length(error.description()) <= LONGEST);
    assert!(length(error.code()) <= 64);
    // Both, the status, and our own words between them.
    assert!(error.to_string().chars().count() <= LONGEST + 64 + 128);
    if let Some(pause) = error.retry_after() {
        assert!(pause >= Duration::from_secs(1) && pause <= Duration::from_secs(3_600));
    }
    let status = error.status().as_u16();
    match error.kind() {
        ResponseErrorKind::Malformed => assert!(!matches!(status, 300..=599)),
        ResponseErrorKind::Redirected => assert!(matches!(status, 300..=399)),
        ResponseErrorKind::ServerError => assert!(matches!(status, 408 | 500..=599)),
        _ => assert!(matches!(status, 400..=499)),
    }
}

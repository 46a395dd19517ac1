//! Why a response holds no token: the kind, what the service said, and what may be tried again.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use http::StatusCode;

/// What a response without a token means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ResponseErrorKind {
    /// The client ID or the client secret is wrong (400 `invalid_grant`).
    InvalidClient,
    /// The user's password is wrong (400 `invalid_grant`).
    InvalidPassword,
    /// There is no such user (404 `invalid_grant` or `entity_not_found`).
    UserNotFound,
    /// The account is banned (400 `invalid_grant`).
    UserDeactivated,
    /// The user ID breaks the service's rules (400 `illegal_argument`).
    InvalidUsername,
    /// No such org or app on this cluster (404 `organization_application_not_found`).
    ApplicationNotFound,
    /// The app token is absent, expired, or not for this app (401). From a gateway, if
    /// [`is_from_service`](ResponseError::is_from_service) is `false`: it wants something else.
    Unauthorized,
    /// Two creations of one user in one second (409 `concurrent_operation_error`).
    Conflict,
    /// Asked too often (429).
    RateLimited,
    /// The plan's quota is used up (429 `resource_limited`): asking again does not help.
    QuotaExceeded,
    /// Any other refusal (4xx), the service's own or a gateway's
    /// ([`is_from_service`](ResponseError::is_from_service)).
    Rejected,
    /// The service or a gateway has trouble (408, 5xx).
    ServerError,
    /// A redirect (3xx). It is not followed: the request carries secrets.
    Redirected,
    /// A 200 without a usable token, or a status that means nothing here.
    Malformed,
}

/// What may be tried again, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RetryAdvice {
    /// The same request will fail in the same way.
    Never,
    /// Once, after a pause of your own: the body was torn or not from the service.
    Once,
    /// Once, with a new app token.
    WithNewAppToken,
    /// After at least this time.
    After(Duration),
    /// After a pause of your own that grows with each failure.
    Backoff,
}

/// A response that is no token: a refusal, or an answer that cannot be read.
///
/// `Display` is one phrase with the status, the error code and the description, escaped and at
/// most 512 characters of it; secrets and the user ID that the service sent back are replaced.
#[derive(Clone, Debug)]
pub struct ResponseError(Box<Inner>);

#[derive(Clone, Debug)]
struct Inner {
    kind: ResponseErrorKind,
    status: StatusCode,
    code: Option<String>,
    description: Option<String>,
    retry_after: Option<Duration>,
    advice: RetryAdvice,
    is_from_service: bool,
}

impl ResponseError {
    pub(super) fn refused(
        kind: ResponseErrorKind,
        status: StatusCode,
        code: Option<String>,
        description: Option<String>,
        retry_after: Option<Duration>,
        advice: RetryAdvice,
        is_from_service: bool,
    ) -> Self {
        Self(Box::new(Inner {
            kind,
            status,
            code,
            description,
            retry_after,
            advice,
            is_from_service,
        }))
    }

    fn malformed(description: Cow<'static, str>, advice: RetryAdvice) -> Self {
        let (kind, status) = (ResponseErrorKind::Malformed, StatusCode::OK);
        Self::refused(kind, status, None, Some(description.into_owned()), None, advice, false)
    }

    /// A 200 whose JSON has not the shape of a token answer.
    pub(super) fn wrong_shape(fault: &'static str) -> Self {
        Self::malformed(fault.into(), RetryAdvice::Never)
    }

    pub(super) fn wrong_shape_of(member: &'static str, fault: &'static str) -> Self {
        Self::malformed(format!("{member} {fault}").into(), RetryAdvice::Never)
    }

    /// A 200 whose body is not JSON: torn, or not from the service.
    pub(super) fn not_json(ended: bool, line: usize, column: usize) -> Self {
        let what = if ended { "the body ends too early to be" } else { "the body is not" };
        let text = format!("{what} JSON (line {line}, column {column})");
        Self::malformed(text.into(), RetryAdvice::Once)
    }

    /// What it means.
    #[must_use]
    pub fn kind(&self) -> ResponseErrorKind {
        self.0.kind
    }

    /// The status of the response.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// The member `error` of the body: escaped, at most 64 characters, secrets replaced.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// The member `error_description` of the body, escaped, at most 512 characters, secrets and the
    /// user ID replaced; for a malformed answer, what is wrong with it; for a redirect, where to.
    #[must_use]
    pub fn description(&self) -> Option<&str> {
        self.0.description.as_deref()
    }

    /// What the service asked for in `Retry-After`, taken between one second and one hour.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// What may be tried again, and when.
    #[must_use]
    pub fn retry_advice(&self) -> RetryAdvice {
        self.0.advice
    }

    /// Whether the same request may succeed when it is sent again later.
    ///
    /// A 401 on a grant that carried an app token is not: it takes a new app token, so a new
    /// request ([`RetryAdvice::WithNewAppToken`]).
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(self.0.advice, RetryAdvice::Once | RetryAdvice::After(_) | RetryAdvice::Backoff)
    }

    /// Whether the body is the service's own error: a JSON object with one of its error codes.
    ///
    /// A firewall or a gateway refuses with pages and codes of its own. Such a refusal says nothing
    /// about the credentials or the user, and may be gone in a moment. A gateway that writes codes
    /// in the service's style (`invalid_token`) cannot be told from it. Always `false` for a redirect
    /// and for a malformed answer.
    #[must_use]
    pub fn is_from_service(&self) -> bool {
        self.0.is_from_service
    }

    fn phrase(&self) -> &'static str {
        match self.0.kind {
            ResponseErrorKind::Unauthorized | ResponseErrorKind::Rejected
                if !self.0.is_from_service =>
            {
                "refused, but not by the service: check the base URL, proxies and firewalls"
            }
            ResponseErrorKind::InvalidClient => "the client ID or client secret is wrong",
            ResponseErrorKind::InvalidPassword => "the user ID or password is wrong",
            ResponseErrorKind::UserNotFound => "there is no such user",
            ResponseErrorKind::UserDeactivated => "the user's account is banned",
            ResponseErrorKind::InvalidUsername => "the user ID breaks the service's rules",
            ResponseErrorKind::ApplicationNotFound => {
                "no such app on this cluster: check the app key and the base URL"
            }
            ResponseErrorKind::Unauthorized => "the app token is not accepted",
            ResponseErrorKind::Conflict => "the user is being created by another request",
            ResponseErrorKind::RateLimited => "asked too often",
            ResponseErrorKind::QuotaExceeded => "the plan's quota is used up",
            ResponseErrorKind::Rejected => "the service refused the request",
            ResponseErrorKind::ServerError => "the service has trouble",
            ResponseErrorKind::Redirected => {
                "the server redirects, which is not followed: check the base URL"
            }
            ResponseErrorKind::Malformed => "the answer is no token answer",
        }
    }
}

impl fmt::Display for ResponseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}", self.phrase(), self.0.status.as_u16())?;
        if let Some(code) = &self.0.code {
            write!(f, " {code}")?;
        }
        if let Some(description) = &self.0.description {
            write!(f, ": {description}")?;
        }
        f.write_str(")")
    }
}

impl std::error::Error for ResponseError {}

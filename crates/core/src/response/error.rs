//! Error for a response without a token: the kind, the service's own words, and advice.

use std::fmt;
use std::time::Duration;

use http::StatusCode;

use super::kind::{ErrorCategory, ResponseErrorKind, RetryAdvice};

/// A response without a token: a refusal, or a body that cannot be read.
///
/// `Display` is one phrase with the status, the error code and the description, escaped and at
/// most 512 characters of it; secrets and the user ID that the service sent back are replaced.
#[derive(Clone, Debug)]
pub struct ResponseError(Box<Details>);

#[derive(Clone, Debug)]
pub(super) struct Details {
    pub(super) kind: ResponseErrorKind,
    pub(super) status: StatusCode,
    pub(super) code: Option<String>,
    pub(super) description: Option<String>,
    pub(super) retry_after: Option<Duration>,
    pub(super) advice: RetryAdvice,
    pub(super) is_from_service: bool,
}

impl From<Details> for ResponseError {
    fn from(details: Details) -> Self {
        Self(Box::new(details))
    }
}

impl ResponseError {
    fn malformed(description: String, advice: RetryAdvice) -> Self {
        Self::from(Details {
            kind: ResponseErrorKind::Malformed,
            status: StatusCode::OK,
            code: None,
            description: Some(description),
            retry_after: None,
            advice,
            is_from_service: false,
        })
    }

    /// A 200 whose JSON does not have the shape of a token response.
    pub(crate) fn wrong_shape(fault: &str) -> Self {
        Self::malformed(fault.to_owned(), RetryAdvice::Never)
    }

    /// A 200 whose body is not JSON: of another form, or torn (`is_cut`), or damaged.
    pub(super) fn not_json(
        form: Option<&str>,
        is_cut: bool,
        (line, column): (usize, usize),
    ) -> Self {
        let text = match (form, is_cut) {
            (Some(form), _) => format!("{form}; check the base URL, proxies and firewalls"),
            (None, true) => {
                format!("the body ends too early to be JSON (line {line}, column {column})")
            }
            (None, false) => format!("the body is not JSON (line {line}, column {column})"),
        };
        Self::malformed(text, RetryAdvice::Once)
    }

    /// A response that another process got, which is remembered for this time.
    pub(crate) fn remembered_elsewhere(
        kind: ResponseErrorKind,
        status: StatusCode,
        code: Option<String>,
        is_from_service: bool,
        retry_after: Duration,
    ) -> Self {
        let advice = match kind.retry_advice() {
            RetryAdvice::After(_) | RetryAdvice::Backoff => RetryAdvice::After(retry_after),
            advice => advice,
        };
        Self::from(Details {
            kind,
            status,
            code,
            description: Some("remembered from a request of another process".to_owned()),
            retry_after: Some(retry_after),
            advice,
            is_from_service,
        })
    }

    /// The kind, for decisions of the caller.
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
    /// user ID replaced.
    ///
    /// For a malformed response it is the fault, for a redirect its target, and for a refusal that is not
    /// JSON the form of its body: a web page, plain text, nothing.
    #[must_use]
    pub fn description(&self) -> Option<&str> {
        self.0.description.as_deref()
    }

    /// The pause that `Retry-After` asks for, between one second and one hour.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Whether to send the request again, and when.
    #[must_use]
    pub fn retry_advice(&self) -> RetryAdvice {
        self.0.advice
    }

    /// Whether the same request may succeed when it is sent again later.
    ///
    /// After a 401 on a grant that carried an app token it takes a new app token, so a new request
    /// ([`RetryAdvice::WithNewAppToken`]).
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.0.advice.is_retryable()
    }

    /// Whether the body is the service's own error: a JSON object with one of its error codes.
    ///
    /// A firewall or a gateway refuses with pages and codes of its own. Such a refusal is not
    /// about the credentials or the user, and may soon pass. A gateway with codes in the service's
    /// style (`invalid_token`) cannot be distinguished from it. Always `false` for a redirect
    /// and for a malformed response.
    #[must_use]
    pub fn is_from_service(&self) -> bool {
        self.0.is_from_service
    }

    /// The time for which to remember this refusal; `None` if it may pass soon.
    ///
    /// A page of a gateway is passing trouble whatever its status, except for an exceeded limit, which
    /// gateways report too. A refused app token is replaced, so the refusal is not remembered.
    pub(crate) fn remembered(&self) -> Option<Duration> {
        if self.0.retry_after.is_some() {
            return self.0.retry_after;
        }
        let is_final = self.0.is_from_service || self.0.kind.category() == ErrorCategory::Limited;
        let is_replaced = self.0.advice == RetryAdvice::WithNewAppToken;
        if is_final && !is_replaced { self.0.kind.remembered() } else { None }
    }

    fn phrase(&self) -> &'static str {
        if self.0.kind.category() == ErrorCategory::Refused && !self.0.is_from_service {
            return "refused, but not by the service: check the base URL, proxies and firewalls";
        }
        // With an app token in the request, the advice would be to get a new one.
        if self.0.kind == ResponseErrorKind::Unauthorized && self.0.advice == RetryAdvice::Never {
            return "the service requires an app token, and the request carried none: send one with it";
        }
        self.0.kind.phrase()
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

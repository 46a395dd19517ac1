//! Errors of the control plane.

use std::error::Error;
use std::fmt;

use http::StatusCode;
use serde_json::{Value, json};

use crate::error::SetupError;
use crate::response::Response;

/// A refused call of the control plane: what is wrong, and what is allowed. Repeats no value of the call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControlError {
    status: StatusCode,
    code: &'static str,
    member: Option<String>,
    problem: String,
}

impl ControlError {
    fn new(status: StatusCode, code: &'static str, problem: impl Into<String>) -> Self {
        Self { status, code, member: None, problem: problem.into() }
    }

    /// The call as a whole is wrong.
    pub(super) fn invalid(problem: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request", problem)
    }

    /// One member is wrong; `name` is a name of ours.
    pub(super) fn member_is(name: &str, problem: impl Into<String>) -> Self {
        Self { member: Some(name.to_owned()), ..Self::invalid(problem) }
    }

    pub(super) fn not_found(problem: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", problem)
    }

    pub(super) fn method_not_allowed(problem: impl Into<String>) -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", problem)
    }

    pub(super) fn forbidden(problem: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", problem)
    }

    pub(super) fn too_large(problem: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", problem)
    }

    pub(super) fn timed_out(problem: impl Into<String>) -> Self {
        Self::new(StatusCode::GATEWAY_TIMEOUT, "timed_out", problem)
    }

    /// The member of the call that is wrong, if it is one.
    #[must_use]
    pub fn member(&self) -> Option<&str> {
        self.member.as_deref()
    }

    /// What is wrong, without the member.
    #[must_use]
    pub fn problem(&self) -> &str {
        &self.problem
    }

    /// The HTTP status of the response.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status.as_u16()
    }

    pub(super) fn into_response(self) -> Response {
        let mut error = json!({ "code": self.code, "message": self.to_string() });
        if let Some(member) = &self.member {
            error["member"] = Value::from(member.as_str());
        }
        Response::json(self.status, &json!({ "error": error }))
    }
}

impl fmt::Display for ControlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.member {
            Some(member) => write!(f, "`{member}` {}", self.problem),
            None => f.write_str(&self.problem),
        }
    }
}

impl Error for ControlError {}

impl From<SetupError> for ControlError {
    fn from(error: SetupError) -> Self {
        Self::invalid(error.to_string())
    }
}

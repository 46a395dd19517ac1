//! Answers to paths that the emulator does not know, behind a check of the token.

use std::fmt;

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::error::SetupError;
use crate::response::Response;
use crate::service::decoded;

/// An answer for one path below an application, such as `GET /{org}/{app}/chatgroups`.
///
/// A request needs a good app token and is refused like one of the service otherwise, so that a test can
/// see how its code renews a token. Pass it to [`Emulator::stub`](crate::Emulator::stub).
#[derive(Clone)]
#[must_use = "a stub does nothing until it is added to an emulator"]
pub struct Stub {
    method: Method,
    /// Decoded segments; `*` stands for any.
    path: Vec<String>,
    status: StatusCode,
    body: Value,
    pub(crate) takes_user_tokens: bool,
    invalid: Option<SetupError>,
}

impl Stub {
    /// Answers `method` and `path` with 200 and `body` as JSON. The path begins below the application, as
    /// in `/chatgroups/*/users`, where `*` stands for any one segment.
    pub fn new(method: &str, path: &str, body: Value) -> Self {
        let mut invalid = None;
        let method = method.parse().unwrap_or_else(|_| {
            invalid = Some(SetupError::new("method", "must be one of HTTP, such as GET"));
            Method::GET
        });
        let segments = path.strip_prefix('/').unwrap_or_default().split('/').map(decoded);
        let segments = segments.collect::<Option<Vec<_>>>().unwrap_or_default();
        let odd = segments.is_empty() || segments.iter().any(String::is_empty);
        if odd || path.contains(['?', '#']) {
            let problem = "must begin with / and have neither empty parts nor a query";
            invalid = Some(SetupError::new("path", problem));
        } else if segments == ["token"] {
            invalid = Some(SetupError::new("path", "must not be /token; inject a fault instead"));
        }
        let (status, takes_user_tokens) = (StatusCode::OK, false);
        Self { method, path: segments, status, body, takes_user_tokens, invalid }
    }

    /// Answers with another status, 200 to 599.
    pub fn status(mut self, status: u16) -> Self {
        match StatusCode::from_u16(status) {
            Ok(status) if (200..600).contains(&status.as_u16()) => self.status = status,
            _ => self.invalid = Some(SetupError::new("status", "must be 200 to 599")),
        }
        self
    }

    /// Takes tokens of the application's users too, as the endpoints for client SDKs do.
    pub fn take_user_tokens(mut self) -> Self {
        self.takes_user_tokens = true;
        self
    }

    pub(crate) fn check(&self) -> Result<(), SetupError> {
        self.invalid.clone().map_or(Ok(()), Err)
    }

    pub(crate) fn matches(&self, method: &Method, path: &[String]) -> bool {
        *method == self.method
            && path.len() == self.path.len()
            && self.path.iter().zip(path).all(|(wanted, it)| wanted == "*" || wanted == it)
    }

    /// Whether both answer the same requests.
    pub(crate) fn replaces(&self, other: &Self) -> bool {
        self.method == other.method && self.path == other.path
    }

    /// The stub as the control plane shows it.
    pub(crate) fn shown(&self) -> Value {
        json!({
            "method": self.method.as_str(),
            "path": format!("/{}", self.path.join("/")),
            "status": self.status.as_u16(),
            "take_user_tokens": self.takes_user_tokens,
        })
    }

    pub(crate) fn response(&self) -> Response {
        if self.status == StatusCode::NO_CONTENT {
            return Response::empty(self.status);
        }
        Response::json(self.status, &self.body)
    }
}

impl fmt::Debug for Stub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.join("/");
        write!(f, "Stub({} /{path} -> {})", self.method, self.status.as_u16())
    }
}

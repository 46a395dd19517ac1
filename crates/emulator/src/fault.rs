//! Scripted faults, applied to the next requests instead of or before the service.

mod queue;

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use http::header::{HeaderName, HeaderValue, LOCATION, RETRY_AFTER};
use serde_json::Value;

pub(crate) use self::queue::FaultQueue;
use crate::error::SetupError;
use crate::grant::Grant;
use crate::received::ReceivedRequest;
use crate::refusal::Refusal;
use crate::response::{Response, Stamp};
use crate::service::AppKey;

/// The form of the body of a scripted failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BodyKind {
    /// The service's error object.
    Json,
    /// The page of an nginx-like gateway.
    Html,
    /// The reason phrase as plain text.
    Text,
    /// Nothing.
    Empty,
}

/// A scripted fault for the next request, or for several.
///
/// Create it with one of the constructors, narrow it with the methods that take `self`, and pass it
/// to [`Emulator::inject`](crate::Emulator::inject), which fails if a part of it is not possible in
/// HTTP. Faults are used in the order of their injection: each request takes the first that matches.
#[derive(Clone)]
#[must_use = "a fault does nothing until it is injected"]
pub struct Fault {
    pub(crate) action: Action,
    pub(crate) wait: Duration,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    times: Option<u32>,
    grant: Option<Grant>,
    user: Option<String>,
    path: Option<String>,
    pub(crate) app: Option<AppKey>,
    probability: f64,
    invalid: Option<SetupError>,
}

#[derive(Clone)]
pub(crate) enum Action {
    /// The service responds; then these members of its JSON are set, or removed.
    Serve(Vec<(String, Option<Value>)>),
    Refuse(Refusal),
    /// Status, `error`, `error_description`.
    Error(StatusCode, String, Option<String>),
    Respond(Response),
    Hang,
    Close,
}

impl Fault {
    fn new(action: Action) -> Self {
        Self {
            action,
            wait: Duration::ZERO,
            headers: Vec::new(),
            times: Some(1),
            grant: None,
            user: None,
            path: None,
            app: None,
            probability: 1.0,
            invalid: None,
        }
    }

    /// Responds with a documented refusal.
    pub fn refusal(refusal: Refusal) -> Self {
        Self::new(Action::Refuse(refusal))
    }

    /// Responds 429 `resource_limited`: the quota of the plan is used up.
    pub fn quota_exceeded() -> Self {
        Self::refusal(Refusal::QuotaExceeded)
    }

    /// Responds 429 `reach_limit`, with `retry_after` as a `Retry-After` in whole seconds. For a date
    /// or an invalid value in that field, pass `None` and use [`header`](Self::header).
    pub fn rate_limited(retry_after: Option<Duration>) -> Self {
        let mut fault = Self::refusal(Refusal::RateLimited);
        if let Some(pause) = retry_after {
            fault.headers.push((RETRY_AFTER, HeaderValue::from(pause.as_secs())));
        }
        fault
    }

    /// Responds 409 `concurrent_operation_error`.
    pub fn conflict() -> Self {
        Self::refusal(Refusal::ConcurrentCreation)
    }

    /// Responds with the service's error object and the given members. Some gateways send it with 200.
    pub fn error(status: u16, error: impl Into<String>, description: Option<&str>) -> Self {
        Self::with_status(status, |status| {
            Action::Error(status, error.into(), description.map(str::to_owned))
        })
    }

    /// Responds as a failing server or gateway, usually with 500 to 599. As JSON, `error` is the
    /// reason phrase in snake case: the documentation has "any or none".
    pub fn server_error(status: u16, body: BodyKind) -> Self {
        Self::with_status(status, |status| match body {
            BodyKind::Json => {
                let reason = status.canonical_reason().unwrap_or("server error");
                Action::Error(status, reason.to_ascii_lowercase().replace(' ', "_"), None)
            }
            BodyKind::Html => Action::Respond(Response::gateway(status)),
            BodyKind::Text => Action::Respond(Response::text(status)),
            BodyKind::Empty => Action::Respond(Response::empty(status)),
        })
    }

    /// Responds with the page of an nginx-like gateway, usually with 413, 415, 429, 502, 503 or 504. With
    /// 200 it is like the login page of a network.
    pub fn gateway(status: u16) -> Self {
        Self::server_error(status, BodyKind::Html)
    }

    /// Redirects with 302 to `location`, which is sent as it is, well-formed or not. For another
    /// status see [`redirect_with`](Self::redirect_with).
    pub fn redirect(location: &str) -> Self {
        Self::redirect_with(302, location)
    }

    /// Redirects with this status, 300 to 399.
    pub fn redirect_with(status: u16, location: &str) -> Self {
        let mut fault =
            Self::with_status(status, |status| Action::Respond(Response::empty(status)));
        if !(300..400).contains(&status) {
            fault.reject("status of a redirect", "must be 300 to 399");
        }
        fault.header(LOCATION.as_str(), location)
    }

    /// Sends exactly this response. `Content-Length`, `Date` and, unless it
    /// has one, `Access-Control-Allow-Origin` are added by the server.
    pub fn response<'a>(
        status: u16,
        headers: impl IntoIterator<Item = (&'a str, &'a str)>,
        body: impl Into<Bytes>,
    ) -> Self {
        let body = body.into();
        let fault = Self::with_status(status, |status| {
            Action::Respond(Response { status, headers: Vec::new(), body })
        });
        headers.into_iter().fold(fault, |fault, (name, value)| fault.header(name, value))
    }

    /// Sends the service's own response after a pause.
    pub fn delay(pause: Duration) -> Self {
        Self::new(Action::Serve(Vec::new())).after(pause)
    }

    /// Sends the service's own response with one member of the JSON object set to `value`.
    ///
    /// The member may be a documented one, such as `expires_in`, or unknown.
    pub fn set_member(name: impl Into<String>, value: Value) -> Self {
        Self::new(Action::Serve(vec![(name.into(), Some(value))]))
    }

    /// Sends the service's own response without one member of the JSON object.
    pub fn remove_member(name: impl Into<String>) -> Self {
        Self::new(Action::Serve(vec![(name.into(), None)]))
    }

    /// Sends no response for as long as the client waits.
    pub fn hang() -> Self {
        Self::new(Action::Hang)
    }

    /// Reads the request to its end and closes the connection without a response.
    pub fn close() -> Self {
        Self::new(Action::Close)
    }

    /// Applies to the next `count` requests instead of one.
    pub fn times(mut self, count: u32) -> Self {
        self.times = Some(count);
        self
    }

    /// Applies to every request until [`clear_faults`](crate::Emulator::clear_faults).
    pub fn always(mut self) -> Self {
        self.times = None;
        self
    }

    /// Applies only to requests of this grant.
    pub fn on(mut self, grant: Grant) -> Self {
        self.grant = Some(grant);
        self
    }

    /// Applies only to requests with this user ID, compared without regard to ASCII case.
    pub fn for_user(mut self, user: impl Into<String>) -> Self {
        self.user = Some(user.into());
        self
    }

    /// Applies only to requests with this path, such as `/easemob-demo/testapp/users`.
    pub fn on_path(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// Applies only to requests of this application.
    pub fn on_app(mut self, org: impl Into<String>, app: impl Into<String>) -> Self {
        self.app = Some((org.into(), app.into()));
        self
    }

    /// Applies to a request that matches with this probability, 0 to 1. The sequence of decisions is
    /// the same in each emulator, so that a test can be repeated.
    pub fn with_probability(mut self, probability: f64) -> Self {
        if !(0.0..=1.0).contains(&probability) {
            self.reject("probability", "must be 0 to 1");
        }
        self.probability = probability;
        self
    }

    /// Waits before the fault is applied.
    pub fn after(mut self, pause: Duration) -> Self {
        self.wait = pause;
        self
    }

    /// Adds a header field to the response. HTTP permits an invalid `Retry-After` or a
    /// `Content-Encoding` that does not match the body.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        match (name.parse::<HeaderName>(), HeaderValue::from_str(value)) {
            (Ok(name), Ok(value)) => self.headers.push((name, value)),
            _ => self.reject("header field", "must be a name and a value that HTTP permits"),
        }
        self
    }

    fn with_status(status: u16, action: impl FnOnce(StatusCode) -> Action) -> Self {
        match StatusCode::from_u16(status) {
            // The server library sends no final response below 200.
            Ok(status) if status.as_u16() >= 200 => Self::new(action(status)),
            _ => {
                let mut fault = Self::new(Action::Close);
                fault.reject("status", "must be 200 to 999");
                fault
            }
        }
    }

    fn reject(&mut self, setting: &'static str, problem: &'static str) {
        self.invalid.get_or_insert(SetupError::new(setting, problem));
    }

    pub(crate) fn check(&self) -> Result<(), SetupError> {
        self.invalid.clone().map_or(Ok(()), Err)
    }

    fn matches(&self, request: &ReceivedRequest) -> bool {
        let user =
            |wanted: &String| request.username().is_some_and(|it| it.eq_ignore_ascii_case(wanted));
        self.grant.is_none_or(|wanted| request.grant() == Some(wanted))
            && self.path.as_ref().is_none_or(|wanted| request.path() == wanted)
            && self.app.as_ref().is_none_or(|wanted| request.is_of(wanted))
            && self.user.as_ref().is_none_or(user)
    }
}

impl Action {
    /// The response, if it does not need the service.
    pub(crate) fn scripted(self, stamp: Stamp) -> Option<Response> {
        match self {
            Self::Refuse(refusal) => Some(Response::refusal(&refusal, stamp)),
            Self::Error(status, error, description) => {
                Some(Response::error(status, &error, description.as_deref(), stamp))
            }
            Self::Respond(response) => Some(response),
            Self::Serve(_) | Self::Hang | Self::Close => None,
        }
    }

    /// What it does, without bodies and header values, which may hold secrets of a test.
    fn shown(&self) -> String {
        match self {
            Action::Serve(edits) => format!("Serve({} edits)", edits.len()),
            Action::Refuse(refusal) => format!("Refuse({} {})", refusal.status(), refusal.error()),
            Action::Error(status, ..) => format!("Error({})", status.as_u16()),
            Action::Respond(response) => {
                format!("Respond({}, {} bytes)", response.status.as_u16(), response.body.len())
            }
            Action::Hang => "Hang".to_owned(),
            Action::Close => "Close".to_owned(),
        }
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fault")
            .field("action", &format_args!("{}", self.action.shown()))
            .field("after", &self.wait)
            .field("times", &self.times)
            .field("grant", &self.grant)
            .finish_non_exhaustive()
    }
}

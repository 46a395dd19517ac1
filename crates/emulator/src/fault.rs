//! Scripted faults: what the next requests meet instead of, or before, the service.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use http::header::{HeaderName, HeaderValue, LOCATION, RETRY_AFTER};
use serde_json::Value;

use crate::answer::{Answer, Stamp};
use crate::error::SetupError;
use crate::grant::Grant;
use crate::refusal::Refusal;

/// What the body of a scripted failure looks like.
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

/// What the next request meets, or the next few.
///
/// Made by one of the constructors, sharpened by the methods that take `self`, and handed to
/// [`Emulator::inject`](crate::Emulator::inject), which also says so when a part of it is not
/// possible in HTTP. Faults are used up in the order in which they were injected; each request
/// takes the first that fits it.
#[derive(Clone)]
#[must_use = "a fault does nothing until it is injected"]
pub struct Fault {
    pub(crate) action: Action,
    pub(crate) wait: Duration,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    times: Option<u32>,
    grant: Option<Grant>,
    user: Option<String>,
    invalid: Option<SetupError>,
}

#[derive(Clone)]
pub(crate) enum Action {
    /// The service answers; then these members of a JSON answer are set, or removed.
    Serve(Vec<(String, Option<Value>)>),
    Refuse(Refusal),
    /// Status, `error`, `error_description`.
    Error(StatusCode, String, Option<String>),
    Answer(Answer),
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
            invalid: None,
        }
    }

    /// A documented refusal.
    pub fn refusal(refusal: Refusal) -> Self {
        Self::new(Action::Refuse(refusal))
    }

    /// 429 `resource_limited`: the quota of the plan is used up.
    pub fn quota_exceeded() -> Self {
        Self::refusal(Refusal::QuotaExceeded)
    }

    /// 429 `reach_limit`; `retry_after` becomes a `Retry-After` in whole seconds. For a date or
    /// for rubbish in that field, give `None` here and use [`header`](Self::header).
    pub fn rate_limited(retry_after: Option<Duration>) -> Self {
        let mut fault = Self::refusal(Refusal::RateLimited);
        if let Some(pause) = retry_after {
            fault.headers.push((RETRY_AFTER, HeaderValue::from(pause.as_secs())));
        }
        fault
    }

    /// 409 `concurrent_operation_error`.
    pub fn conflict() -> Self {
        Self::refusal(Refusal::ConcurrentCreation)
    }

    /// The service's error object with words of your own.
    pub fn error(status: u16, error: impl Into<String>, description: Option<&str>) -> Self {
        Self::with_status(status, |status| {
            Action::Error(status, error.into(), description.map(str::to_owned))
        })
    }

    /// A failure of the server or of a gateway, 500 to 599 as a rule. As JSON, `error` is the
    /// reason phrase in snake case: the documentation has "any or none".
    pub fn server_error(status: u16, body: BodyKind) -> Self {
        Self::with_status(status, |status| match body {
            BodyKind::Json => {
                let reason = status.canonical_reason().unwrap_or("server error");
                Action::Error(status, reason.to_ascii_lowercase().replace(' ', "_"), None)
            }
            BodyKind::Html => Action::Answer(Answer::gateway(status)),
            BodyKind::Text => Action::Answer(Answer::text(status)),
            BodyKind::Empty => Action::Answer(Answer::empty(status)),
        })
    }

    /// The page of an nginx-like gateway with this status: 413, 415, 429, 502, 503, 504.
    pub fn gateway(status: u16) -> Self {
        Self::server_error(status, BodyKind::Html)
    }

    /// 302 to `location`, which is sent as it stands, well-formed or not. For another status see
    /// [`redirect_with`](Self::redirect_with).
    pub fn redirect(location: &str) -> Self {
        Self::redirect_with(302, location)
    }

    /// A redirect with this status, 300 to 399.
    pub fn redirect_with(status: u16, location: &str) -> Self {
        let mut fault = Self::with_status(status, |status| Action::Answer(Answer::empty(status)));
        if !(300..400).contains(&status) {
            fault.reject("status of a redirect", "must be 300 to 399");
        }
        fault.header(LOCATION.as_str(), location)
    }

    /// Exactly this answer. `Content-Length` and `Date` are added by the server.
    pub fn response<'a>(
        status: u16,
        headers: impl IntoIterator<Item = (&'a str, &'a str)>,
        body: impl Into<Bytes>,
    ) -> Self {
        let body = body.into();
        let fault = Self::with_status(status, |status| {
            Action::Answer(Answer { status, headers: Vec::new(), body })
        });
        headers.into_iter().fold(fault, |fault, (name, value)| fault.header(name, value))
    }

    /// The service's own answer, this much later.
    pub fn delay(pause: Duration) -> Self {
        Self::new(Action::Serve(Vec::new())).after(pause)
    }

    /// The service's own answer, with one member of the JSON object set to `value`: another
    /// `expires_in`, a member that nobody knows.
    pub fn set_member(name: impl Into<String>, value: Value) -> Self {
        Self::new(Action::Serve(vec![(name.into(), Some(value))]))
    }

    /// The service's own answer, without one member of the JSON object.
    pub fn remove_member(name: impl Into<String>) -> Self {
        Self::new(Action::Serve(vec![(name.into(), None)]))
    }

    /// No answer, as long as the caller waits.
    pub fn hang() -> Self {
        Self::new(Action::Hang)
    }

    /// The request is read to its end, then the connection is closed without an answer.
    pub fn close() -> Self {
        Self::new(Action::Close)
    }

    /// For the next `count` requests instead of one.
    pub fn times(mut self, count: u32) -> Self {
        self.times = Some(count);
        self
    }

    /// For every request until [`clear_faults`](crate::Emulator::clear_faults).
    pub fn always(mut self) -> Self {
        self.times = None;
        self
    }

    /// Only for requests of this grant.
    pub fn on(mut self, grant: Grant) -> Self {
        self.grant = Some(grant);
        self
    }

    /// Only for requests that name this user (compared without regard to ASCII case).
    pub fn for_user(mut self, user: impl Into<String>) -> Self {
        self.user = Some(user.into());
        self
    }

    /// Waits before it does what it does.
    pub fn after(mut self, pause: Duration) -> Self {
        self.wait = pause;
        self
    }

    /// Adds a header field to the answer. Anything that HTTP permits: a `Retry-After` of
    /// rubbish, a `Content-Encoding` that is not true.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        match (name.parse::<HeaderName>(), HeaderValue::from_str(value)) {
            (Ok(name), Ok(value)) => self.headers.push((name, value)),
            _ => self.reject("header field", "must be a name and a value that HTTP permits"),
        }
        self
    }

    fn with_status(status: u16, action: impl FnOnce(StatusCode) -> Action) -> Self {
        match StatusCode::from_u16(status) {
            // The server library sends no final answer below 200.
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

    fn fits(&self, grant: Option<Grant>, user: Option<&str>) -> bool {
        let user_fits = |wanted: &String| user.is_some_and(|it| it.eq_ignore_ascii_case(wanted));
        self.grant.is_none_or(|wanted| grant == Some(wanted))
            && self.user.as_ref().is_none_or(user_fits)
    }
}

impl Action {
    /// The answer that needs no service, where it is one.
    pub(crate) fn scripted(self, stamp: Stamp) -> Option<Answer> {
        match self {
            Self::Refuse(refusal) => Some(Answer::refusal(&refusal, stamp)),
            Self::Error(status, error, description) => {
                Some(Answer::error(status, &error, description.as_deref(), stamp))
            }
            Self::Answer(answer) => Some(answer),
            Self::Serve(_) | Self::Hang | Self::Close => None,
        }
    }
}

impl fmt::Debug for Fault {
    // Bodies and header values may be secrets that a test plants: only their sizes are shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let action = match &self.action {
            Action::Serve(edits) => format!("Serve({} edits)", edits.len()),
            Action::Refuse(refusal) => format!("Refuse({} {})", refusal.status(), refusal.error()),
            Action::Error(status, ..) => format!("Error({})", status.as_u16()),
            Action::Answer(answer) => {
                format!("Answer({}, {} bytes)", answer.status.as_u16(), answer.body.len())
            }
            Action::Hang => "Hang".to_owned(),
            Action::Close => "Close".to_owned(),
        };
        f.debug_struct("Fault")
            .field("action", &format_args!("{action}"))
            .field("after", &self.wait)
            .field("times", &self.times)
            .field("grant", &self.grant)
            .finish_non_exhaustive()
    }
}

/// The faults that wait for requests, in order.
#[derive(Debug, Default)]
pub(crate) struct FaultQueue(Vec<Fault>);

impl FaultQueue {
    pub(crate) fn push(&mut self, fault: Fault) {
        if fault.times != Some(0) {
            self.0.push(fault);
        }
    }

    /// The fault that this request meets; its count goes down by one.
    pub(crate) fn take(&mut self, grant: Option<Grant>, user: Option<&str>) -> Option<Fault> {
        let index = self.0.iter().position(|fault| fault.fits(grant, user))?;
        let fault = self.0.get_mut(index)?;
        match &mut fault.times {
            None => Some(fault.clone()),
            Some(left) if *left > 1 => {
                *left -= 1;
                Some(fault.clone())
            }
            Some(_) => Some(self.0.remove(index)),
        }
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

//! A received request, and how it ended.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use serde_json::{Value, json};

use crate::carrier::Carrier;
use crate::clock::unix_ms;
use crate::grant::Grant;
use crate::mask::{self, Known};
use crate::response::Response;
use crate::service::{AppKey, app_of};

/// A request that the emulator received, with its response once there is one.
///
/// Cloning is cheap: clones refer to the same request. `Display` is one line for a log, `Debug` has
/// more detail; both mask secrets. Methods without `masked` in their name return unmasked data.
#[derive(Clone)]
pub struct ReceivedRequest(Arc<Inner>);

struct Inner {
    number: u64,
    at: Duration,
    method: Method,
    uri: Uri,
    app: Option<AppKey>,
    headers: HeaderMap,
    body: Bytes,
    grant: Option<Grant>,
    username: Option<String>,
    /// Parsed when somebody asks: it can be many times as large as the body.
    json: OnceLock<Option<Value>>,
    finished: OnceLock<Finished>,
}

struct Finished {
    outcome: Outcome,
    response: Option<Response>,
    took: Duration,
}

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// A response was sent.
    Answered,
    /// The connection was closed without a response, by a fault.
    Closed,
    /// The client disconnected before there was a response.
    Abandoned,
}

impl ReceivedRequest {
    pub(crate) fn new(number: u64, at: Duration, head: http::request::Parts, body: Bytes) -> Self {
        let content_type = head.headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
        let members = Carrier::of(&head.method, head.uri.query(), content_type, &body).to_json();
        let username = members.as_ref().and_then(|it| it.get("username")).and_then(Value::as_str);
        Self(Arc::new(Inner {
            number,
            at,
            method: head.method,
            app: app_of(head.uri.path()),
            uri: own_uri(&head.uri),
            headers: own_fields(&head.headers),
            grant: members.as_ref().and_then(Grant::of),
            username: username.map(str::to_owned),
            body,
            json: OnceLock::new(),
            finished: OnceLock::new(),
        }))
    }

    /// Records the end; returns false if it is recorded already.
    pub(crate) fn finish(
        &self,
        outcome: Outcome,
        response: Option<Response>,
        took: Duration,
    ) -> bool {
        self.0.finished.set(Finished { outcome, response, took }).is_ok()
    }

    /// Roughly the memory that it occupies, in bytes.
    pub(crate) fn size(&self) -> usize {
        const FIXED: usize = 1024;
        const FIELD: usize = 64;
        let fields = |(name, value): (&str, &[u8])| name.len() + value.len() + FIELD;
        let head = self.headers().map(fields).sum::<usize>() + self.path().len();
        let response = self.response().map_or(0, |response| {
            let fields = response.headers.iter().map(|(name, it)| name.as_str().len() + it.len());
            response.body.len() + fields.map(|length| length + FIELD).sum::<usize>()
        });
        FIXED + head + self.query().map_or(0, str::len) + self.body().len() + response
    }

    /// Whether the path is one of this application.
    pub(crate) fn is_of(&self, app: &AppKey) -> bool {
        self.app() == Some(app)
    }

    /// The application of the path.
    pub(crate) fn app(&self) -> Option<&AppKey> {
        self.0.app.as_ref()
    }

    pub(crate) fn http_method(&self) -> &Method {
        &self.0.method
    }

    pub(crate) fn header_bytes(&self, name: &str) -> Option<&[u8]> {
        self.0.headers.get(name).map(HeaderValue::as_bytes)
    }

    /// The number of the request, from 1, in the order of arrival.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.0.number
    }

    /// The time of arrival of its head, on the emulator's clock.
    #[must_use]
    pub fn received_at(&self) -> SystemTime {
        UNIX_EPOCH.checked_add(self.0.at).unwrap_or(UNIX_EPOCH)
    }

    /// The method, such as `POST`.
    #[must_use]
    pub fn method(&self) -> &str {
        self.0.method.as_str()
    }

    /// The path, without a query.
    #[must_use]
    pub fn path(&self) -> &str {
        self.0.uri.path()
    }

    /// The query, if the URL has one.
    #[must_use]
    pub fn query(&self) -> Option<&str> {
        self.0.uri.query()
    }

    /// The header fields, grouped by name: lower-case name and raw value.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()))
    }

    /// The first field of this name, if its value is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.header_bytes(name).and_then(|value| std::str::from_utf8(value).ok())
    }

    /// The body as it was sent, cut at the body limit.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.0.body
    }

    /// The body, if it is JSON.
    #[must_use]
    pub fn json(&self) -> Option<&Value> {
        self.0.json.get_or_init(|| serde_json::from_slice(self.body()).ok()).as_ref()
    }

    /// The grant in the body, JSON or a form, or in the query of a `GET`.
    #[must_use]
    pub fn grant(&self) -> Option<Grant> {
        self.0.grant
    }

    /// The member `username` beside the grant, as it was sent.
    #[must_use]
    pub fn username(&self) -> Option<&str> {
        self.0.username.as_deref()
    }

    /// How the request ended; `None` while it is held, delayed or hanging.
    #[must_use]
    pub fn outcome(&self) -> Option<Outcome> {
        self.0.finished.get().map(|finished| finished.outcome)
    }

    /// The status of the response.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.response().map(|response| response.status.as_u16())
    }

    /// The first field of this name in the response, if its value is text. `Date` and
    /// `Content-Length` are added after the response is recorded.
    #[must_use]
    pub fn response_header(&self, name: &str) -> Option<&str> {
        let mut fields = self.response()?.headers.iter();
        fields.find(|(known, _)| known == name).and_then(|(_, value)| value.to_str().ok())
    }

    /// The body of the response.
    #[must_use]
    pub fn response_body(&self) -> Option<&[u8]> {
        self.response().map(|response| &response.body[..])
    }

    /// The body of the response, if it is JSON.
    #[must_use]
    pub fn response_json(&self) -> Option<Value> {
        serde_json::from_slice(self.response_body()?).ok()
    }

    /// The time from the arrival of the head to the end, on the emulator's clock.
    #[must_use]
    pub fn took(&self) -> Option<Duration> {
        self.0.finished.get().map(|finished| finished.took)
    }

    /// The body on one line for a log: JSON with its secrets masked (`"password":"***"`), anything
    /// else as its size.
    #[must_use]
    pub fn masked_body(&self) -> String {
        mask::body(self.body(), self.header("content-type"), &self.known())
    }

    /// The body of the response on one line for a log (`"access_token":"YWMt…(130 chars)"`).
    #[must_use]
    pub fn masked_response_body(&self) -> Option<String> {
        let body = self.response_body()?;
        Some(mask::body(body, self.response_header("content-type"), &self.known()))
    }

    /// The request and its response for a log, as one JSON object without secrets.
    #[must_use]
    pub fn masked_json(&self) -> Value {
        let outcome = self.outcome().map(|outcome| match outcome {
            Outcome::Answered => "answered",
            Outcome::Closed => "closed",
            Outcome::Abandoned => "abandoned",
        });
        // Parsed once: the body can be large.
        let known = self.known();
        let field = |name: &str| Some(mask::header(name, self.header_bytes(name)?, &known));
        let response = self
            .response_body()
            .map(|body| mask::body(body, self.response_header("content-type"), &known));
        json!({
            "number": self.number(),
            "received_at_ms": unix_ms(self.0.at),
            "method": self.method(),
            "path": self.masked_target(),
            "authorization": field("authorization"),
            "content_type": field("content-type"),
            "user_agent": field("user-agent"),
            "grant": self.grant().map(Grant::as_str),
            "username": self.username().map(|user| mask::plain(user, &known)),
            "body": mask::body(self.body(), self.header("content-type"), &known),
            "outcome": outcome,
            "status": self.status(),
            "response_body": response,
            "took_ms": self.took().map(unix_ms),
        })
    }

    /// A header field for a log (`Bearer YWMt…(130 chars)`).
    #[must_use]
    pub fn masked_header(&self, name: &str) -> Option<String> {
        let value = self.header_bytes(name)?;
        Some(mask::header(&name.to_ascii_lowercase(), value, &self.known()))
    }

    fn response(&self) -> Option<&Response> {
        self.0.finished.get()?.response.as_ref()
    }

    fn known(&self) -> Known {
        let content_type = self.header_bytes("content-type");
        let carrier = Carrier::of(self.http_method(), self.query(), content_type, self.body());
        Known::of_request(self.header_bytes("authorization"), carrier.to_json().as_ref())
    }

    /// The path for a log. A query is not part of this protocol and could hold anything.
    fn masked_target(&self) -> String {
        let path = mask::plain(self.path(), &self.known());
        if self.query().is_some() { format!("{path}?***") } else { path }
    }
}

/// A copy that does not keep the connection's whole read buffer alive.
fn own_uri(uri: &Uri) -> Uri {
    uri.to_string().parse().unwrap_or_default()
}

/// The same for header fields.
fn own_fields(fields: &HeaderMap) -> HeaderMap {
    let copied = fields.iter().filter_map(|(name, value)| {
        let name = HeaderName::from_bytes(name.as_str().as_bytes()).ok()?;
        Some((name, HeaderValue::from_bytes(value.as_bytes()).ok()?))
    });
    copied.collect()
}

impl fmt::Display for ReceivedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method(), self.masked_target())?;
        if let Some(credentials) = self.masked_header("authorization") {
            write!(f, " (Authorization: {credentials})")?;
        }
        write!(f, " {} -> ", self.masked_body())?;
        match (self.outcome(), self.status(), self.masked_response_body()) {
            (Some(Outcome::Answered), Some(status), Some(body)) => write!(f, "{status} {body}"),
            (Some(Outcome::Closed), ..) => f.write_str("connection closed without a response"),
            (Some(Outcome::Abandoned), ..) => f.write_str("the client disconnected"),
            _ => f.write_str("no response yet"),
        }
    }
}

impl fmt::Debug for ReceivedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = self.known();
        let headers: Vec<_> = self
            .headers()
            .map(|(name, value)| format!("{name}: {}", mask::header(name, value, &known)))
            .collect();
        f.debug_struct("ReceivedRequest")
            .field("number", &self.number())
            .field("method", &self.method())
            .field("path", &self.masked_target())
            .field("headers", &headers)
            .field("body", &self.masked_body())
            .field("outcome", &self.outcome())
            .field("status", &self.status())
            .field("response_body", &self.masked_response_body())
            .finish()
    }
}

//! The control plane: everything that the library can do, over HTTP.

mod apps;
mod error;
mod faults;
mod fields;
mod guard;
mod requests;
mod routes;
mod settings;
mod stubs;

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::header::{ALLOW, HeaderValue};
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use serde_json::{Value, json};
use tokio::sync::watch;

pub use self::error::ControlError;
use self::fields::Fields;
use self::routes::Verb;
use crate::exchange::Exchanges;
use crate::hold::Hold;
use crate::response::Response;

/// The largest body of a call.
const BODY_MAX: usize = 1024 * 1024;

/// The description of the control plane, as `/__emulator/openapi.json` serves it.
const OPENAPI: &str = include_str!("control/openapi.json");

/// The outcome of a call.
type Done = Result<Value, ControlError>;

/// The control plane of one emulator.
#[derive(Debug)]
pub(crate) struct Control {
    exchanges: Arc<Exchanges>,
    /// Host names that requests may name, besides those of loopback.
    names: Vec<String>,
    /// What `POST /hold` holds back.
    holds: Mutex<Vec<Hold>>,
    shutdown: watch::Sender<bool>,
}

impl Control {
    pub(crate) fn new(exchanges: Arc<Exchanges>, names: Vec<String>) -> Self {
        let (holds, shutdown) = (Mutex::default(), watch::Sender::new(false));
        Self { exchanges, names, holds, shutdown }
    }

    /// Waits for a request to shut down.
    pub(crate) async fn shutdown_requested(&self) {
        // The sender lives in `self`, so the wait cannot fail.
        let _ = self.shutdown.subscribe().wait_for(|it| *it).await;
    }

    /// Serves one request of the control plane.
    pub(crate) async fn serve(&self, request: Request<Incoming>) -> Response {
        let (head, body) = request.into_parts();
        if let Err(error) = guard::check(&head.headers, &head.uri, &self.names) {
            return error.into_response();
        }
        let path = path(head.uri.path()).unwrap_or_default();
        if head.method == Method::GET && path == "/openapi.json" {
            return description();
        }
        let answer = match routes::find(head.method.as_str(), path) {
            Err(error) => Err(error),
            Ok(verb) => match arguments(body, head.uri.query()).await {
                Ok(fields) => self.run(verb, fields).await,
                Err(error) => Err(error),
            },
        };
        match answer {
            Ok(value) => Response::json(StatusCode::OK, &value),
            Err(error) => refused(error, path),
        }
    }

    async fn run(&self, verb: Verb, fields: Fields) -> Done {
        match verb {
            Verb::Now(verb) => verb(self, fields),
            Verb::Wait => self.wait_for_requests(fields).await,
        }
    }

    /// The same call without HTTP.
    pub(crate) fn call(&self, method: &str, path: &str, body: &Value) -> Done {
        match routes::find(method, path)? {
            Verb::Now(verb) => verb(self, Fields::of_json(body)?),
            Verb::Wait => Err(ControlError::invalid("this call waits; use wait_for_requests")),
        }
    }

    fn holds(&self) -> std::sync::MutexGuard<'_, Vec<Hold>> {
        self.holds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The members of a call: of its body, or of its query.
async fn arguments(body: Incoming, query: Option<&str>) -> Result<Fields, ControlError> {
    let body = match Limited::new(body, BODY_MAX).collect().await {
        Ok(body) => body.to_bytes(),
        Err(_) => return Err(ControlError::too_large("the body must be at most 1 MiB")),
    };
    match (parsed(&body)?, query.unwrap_or_default()) {
        (Value::Null, query) => Fields::of_query(query),
        (body, "") => Fields::of_json(&body),
        _ => {
            Err(ControlError::invalid("give the members in the body or in the query, not in both"))
        }
    }
}

fn parsed(body: &Bytes) -> Result<Value, ControlError> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Value::Null);
    }
    serde_json::from_slice(body).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        ControlError::invalid(format!("the body is not JSON; see line {line}, column {column}"))
    })
}

fn refused(error: ControlError, path: &str) -> Response {
    let allowed = HeaderValue::from_str(&routes::methods(path).join(", "));
    let mut response = error.into_response();
    if response.status == StatusCode::METHOD_NOT_ALLOWED {
        response.headers.extend(allowed.map(|it| (ALLOW, it)));
    }
    response
}

fn description() -> Response {
    let mut response = Response::json(StatusCode::OK, &Value::Null);
    response.body = Bytes::from_static(OPENAPI.as_bytes());
    response
}

/// The rest of a path below `/__emulator`; `None` for a path of the service.
pub(crate) fn path(path: &str) -> Option<&str> {
    path.strip_prefix("/__emulator").filter(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The response of the health path.
pub(crate) fn health(method: &Method) -> Response {
    if !matches!(*method, Method::GET | Method::HEAD) {
        return refused(ControlError::method_not_allowed("use GET"), "/health");
    }
    let body = json!({ "status": "ok", "emulator": env!("CARGO_PKG_VERSION") });
    Response::json(StatusCode::OK, &body)
}

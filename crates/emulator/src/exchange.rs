//! One exchange: reads the request, applies a fault, responds, and records it.

use std::fmt;
use std::future::pending;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body, Incoming};
use serde_json::Value;

use crate::cors;
use crate::fault::{Action, Fault, FaultQueue};
use crate::hold::Gate;
use crate::journal::{Journal, Limits};
use crate::received::{Outcome, ReceivedRequest};
use crate::response::Response;
use crate::service::{self, AppKey, Call, Service};

/// State shared by the connections of one emulator.
#[derive(Debug)]
pub(crate) struct Exchanges {
    pub(crate) service: Service,
    pub(crate) journal: Journal,
    pub(crate) gate: Gate,
    faults: Mutex<FaultQueue>,
    faults_at_start: Mutex<FaultQueue>,
}

/// Makes the server library close the connection without a response.
#[derive(Debug)]
pub(crate) struct CloseConnection;

impl fmt::Display for CloseConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection is to be closed without a response")
    }
}

impl std::error::Error for CloseConnection {}

/// How the body of a request ended.
enum BodyEnd {
    Whole,
    /// Over the limit, and read to its end.
    TooLarge,
    /// So far over the limit that reading stopped.
    FarTooLarge,
    /// The client disconnected before the end.
    Broken,
}

impl Exchanges {
    pub(crate) fn new(service: Service, limits: Limits) -> Self {
        Self {
            service,
            journal: Journal::new(limits),
            gate: Gate::new(),
            faults: Mutex::default(),
            faults_at_start: Mutex::default(),
        }
    }

    /// Makes the present state the one that [`Self::reset`] restores.
    pub(crate) fn remember(&self) {
        self.service.remember();
        let faults = self.faults().clone();
        *self.faults_at_start.lock().unwrap_or_else(PoisonError::into_inner) = faults;
    }

    /// Restores the state after the start: accounts, settings, clock, faults and journal.
    pub(crate) fn reset(&self) {
        self.service.reset();
        let faults = self.faults_at_start.lock().unwrap_or_else(PoisonError::into_inner).clone();
        *self.faults() = faults;
        self.journal.clear();
    }

    /// The same for one application alone.
    pub(crate) fn reset_app(&self, app: &AppKey) {
        self.service.reset_app(app);
        let start = self.faults_at_start.lock().unwrap_or_else(PoisonError::into_inner).clone();
        self.faults().reset_app(app, start);
        self.journal.drop_if(|request| request.is_of(app));
    }

    pub(crate) fn faults(&self) -> MutexGuard<'_, FaultQueue> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Serves one request; the server library calls it.
    pub(crate) async fn serve(
        &self,
        request: Request<Incoming>,
    ) -> Result<http::Response<Full<Bytes>>, CloseConnection> {
        let arrived = self.service.clock.now();
        let (head, body) = request.into_parts();
        let app = service::app_of(head.uri.path());
        let settings = self.service.settings_of(app.as_ref());
        let (body, end) = read(body, settings.body_limit).await;
        let request =
            self.journal.enter(|number| ReceivedRequest::new(number, arrived, head, body));
        // From here on the request is recorded as abandoned if the client disconnects.
        let open = Open { exchanges: self, request: &request, arrived };
        if matches!(end, BodyEnd::Broken) {
            return Err(CloseConnection);
        }
        if cors::applies(&request) && *request.http_method() == Method::OPTIONS {
            // Neither held nor subject to a fault, which is meant for the request that follows.
            let response = cors::preflight(&request);
            open.finish(Outcome::Answered, Some(response.clone()));
            return Ok(response.into_response());
        }
        self.gate.passed(request.app()).await;
        let fault = self.faults().take(&request);
        match self.respond(fault, &request, arrived, &end).await {
            Some(response) => {
                let close = matches!(end, BodyEnd::FarTooLarge);
                let response = if close { response.closing() } else { response };
                let response =
                    if cors::applies(&request) { cors::allow(response) } else { response };
                open.finish(Outcome::Answered, Some(response.clone()));
                Ok(response.into_response())
            }
            None => {
                open.finish(Outcome::Closed, None);
                Err(CloseConnection)
            }
        }
    }

    /// Computes the response, with the fault applied; `None` closes the connection.
    async fn respond(
        &self,
        fault: Option<Fault>,
        request: &ReceivedRequest,
        arrived: Duration,
        end: &BodyEnd,
    ) -> Option<Response> {
        let Some(fault) = fault else {
            return Some(self.regular(request, arrived, end));
        };
        if !fault.wait.is_zero() {
            tokio::time::sleep(fault.wait).await;
        }
        let mut response = match fault.action {
            Action::Hang => pending().await,
            Action::Close => return None,
            Action::Serve(edits) => edited(self.regular(request, arrived, end), edits),
            scripted => scripted.scripted(self.service.stamp(request.app(), arrived))?,
        };
        response.headers.extend(fault.headers);
        Some(response)
    }

    /// The response of the gateway or the service without a fault.
    fn regular(&self, request: &ReceivedRequest, arrived: Duration, end: &BodyEnd) -> Response {
        if matches!(end, BodyEnd::TooLarge | BodyEnd::FarTooLarge) {
            return Response::gateway(StatusCode::PAYLOAD_TOO_LARGE);
        }
        self.service.answer(&Call {
            method: request.http_method(),
            path: request.path(),
            query: request.query(),
            content_type: request.header_bytes("content-type"),
            authorization: request.header_bytes("authorization"),
            host: request.header_bytes("host"),
            body: request.body(),
            arrived,
        })
    }
}

/// A request in progress. Dropped when the client disconnects, since the server library then
/// drops the exchange.
struct Open<'a> {
    exchanges: &'a Exchanges,
    request: &'a ReceivedRequest,
    arrived: Duration,
}

impl Open<'_> {
    fn finish(&self, outcome: Outcome, response: Option<Response>) {
        let took = self.exchanges.service.clock.now().saturating_sub(self.arrived);
        if self.request.finish(outcome, response, took) {
            self.exchanges.journal.publish(self.request);
        }
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        // Does nothing if the end is recorded already.
        self.finish(Outcome::Abandoned, None);
    }
}

/// Reads a body and stores as much of it as the limit allows. Bytes over the limit are still read
/// for a while: a client that cannot write may never read the response.
async fn read(mut body: impl Body<Data = Bytes> + Unpin, limit: usize) -> (Bytes, BodyEnd) {
    const MOST_DISCARDED: usize = 8 * 1024 * 1024;
    // No larger than the body, since it may be stored for a long time.
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    let mut stored = Vec::with_capacity(announced.min(limit));
    let finish = |stored: Vec<u8>| Bytes::from(stored.into_boxed_slice());
    let mut length = 0_usize;
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else {
            return (finish(stored), BodyEnd::Broken);
        };
        let Ok(data) = frame.into_data() else {
            continue;
        };
        length = length.saturating_add(data.len());
        let free = limit.saturating_sub(stored.len()).min(data.len());
        stored.extend_from_slice(&data[..free]);
        if length > limit.saturating_add(MOST_DISCARDED) {
            return (finish(stored), BodyEnd::FarTooLarge);
        }
    }
    let end = if length > limit { BodyEnd::TooLarge } else { BodyEnd::Whole };
    (finish(stored), end)
}

/// Sets and removes members of a JSON response.
fn edited(mut response: Response, edits: Vec<(String, Option<Value>)>) -> Response {
    if edits.is_empty() {
        return response;
    }
    if let Ok(Value::Object(mut members)) = serde_json::from_slice(&response.body) {
        for (name, value) in edits {
            match value {
                Some(value) => members.insert(name, value),
                None => members.remove(&name),
            };
        }
        response.body = Value::Object(members).to_string().into();
    }
    response
}

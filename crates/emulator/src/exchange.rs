//! One exchange: read the request, let the test interfere, answer, record.

use std::fmt;
use std::future::pending;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body, Incoming};
use serde_json::Value;

use crate::answer::Answer;
use crate::fault::{Action, Fault, FaultQueue};
use crate::hold::Gate;
use crate::journal::Journal;
use crate::received::{Outcome, ReceivedRequest};
use crate::service::{Call, Service};

/// Everything that the connections of one emulator share.
#[derive(Debug)]
pub(crate) struct Exchanges {
    pub(crate) service: Service,
    pub(crate) journal: Journal,
    pub(crate) gate: Gate,
    faults: Mutex<FaultQueue>,
}

/// Tells the server library to close the connection without an answer.
#[derive(Debug)]
pub(crate) struct CloseConnection;

impl fmt::Display for CloseConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection is to be closed without an answer")
    }
}

impl std::error::Error for CloseConnection {}

/// How the body of a request ended.
enum BodyEnd {
    Whole,
    /// Over the limit, and read to its end.
    TooLarge,
    /// So far over the limit that reading on makes no sense.
    FarTooLarge,
    /// The caller went away in the middle.
    Broken,
}

impl Exchanges {
    pub(crate) fn new(service: Service, keep: usize) -> Self {
        Self { service, journal: Journal::new(keep), gate: Gate::new(), faults: Mutex::default() }
    }

    pub(crate) fn faults(&self) -> MutexGuard<'_, FaultQueue> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the server library calls for each request.
    pub(crate) async fn serve(
        &self,
        request: Request<Incoming>,
    ) -> Result<Response<Full<Bytes>>, CloseConnection> {
        let arrived = self.service.clock.now();
        let (head, body) = request.into_parts();
        let (body, end) = read(body, self.service.settings.body_limit).await;
        let request =
            self.journal.enter(|number| ReceivedRequest::new(number, arrived, head, body));
        // From here on the request is recorded as abandoned if the caller goes away.
        let open = Open { exchanges: self, request: &request, arrived };
        if matches!(end, BodyEnd::Broken) {
            return Err(CloseConnection);
        }
        self.gate.passed().await;
        let fault = self.faults().take(request.grant(), request.username());
        match self.meet(fault, &request, arrived, &end).await {
            Some(answer) => {
                let answer =
                    if matches!(end, BodyEnd::FarTooLarge) { answer.closing() } else { answer };
                open.finish(Outcome::Answered, Some(answer.clone()));
                Ok(answer.into_response())
            }
            None => {
                open.finish(Outcome::Closed, None);
                Err(CloseConnection)
            }
        }
    }

    /// The answer to a request, by way of the fault that it meets; none to close the connection.
    async fn meet(
        &self,
        fault: Option<Fault>,
        request: &ReceivedRequest,
        arrived: Duration,
        end: &BodyEnd,
    ) -> Option<Answer> {
        let Some(fault) = fault else {
            return Some(self.natural(request, arrived, end));
        };
        if !fault.wait.is_zero() {
            tokio::time::sleep(fault.wait).await;
        }
        let mut answer = match fault.action {
            Action::Hang => pending().await,
            Action::Close => return None,
            Action::Serve(edits) => edited(self.natural(request, arrived, end), edits),
            scripted => scripted.scripted(self.service.stamp(arrived))?,
        };
        answer.headers.extend(fault.headers);
        Some(answer)
    }

    /// What the gateway or the service says by itself.
    fn natural(&self, request: &ReceivedRequest, arrived: Duration, end: &BodyEnd) -> Answer {
        if matches!(end, BodyEnd::TooLarge | BodyEnd::FarTooLarge) {
            return Answer::gateway(StatusCode::PAYLOAD_TOO_LARGE);
        }
        self.service.answer(&Call {
            method: request.http_method(),
            path: request.path(),
            content_type: request.header_bytes("content-type"),
            authorization: request.header_bytes("authorization"),
            body: request.body(),
            arrived,
        })
    }
}

/// A request without an end. Dropped when the caller goes away, since the server library then
/// drops the exchange.
struct Open<'a> {
    exchanges: &'a Exchanges,
    request: &'a ReceivedRequest,
    arrived: Duration,
}

impl Open<'_> {
    fn finish(&self, outcome: Outcome, answer: Option<Answer>) {
        let took = self.exchanges.service.stamp(self.arrived).took;
        if self.request.finish(outcome, answer, took) {
            self.exchanges.journal.publish(self.request);
        }
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        // Does nothing where the end is recorded.
        self.finish(Outcome::Abandoned, None);
    }
}

/// Reads a body and keeps as much of it as the limit allows. What is over the limit is still
/// read for a while: a caller whose bytes are refused may never get to see the answer.
async fn read(mut body: impl Body<Data = Bytes> + Unpin, limit: usize) -> (Bytes, BodyEnd) {
    const PATIENCE: usize = 8 * 1024 * 1024;
    let mut kept = BytesMut::new();
    let mut length = 0_usize;
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else {
            return (kept.freeze(), BodyEnd::Broken);
        };
        let Ok(data) = frame.into_data() else {
            continue;
        };
        length = length.saturating_add(data.len());
        let room = limit.saturating_sub(kept.len()).min(data.len());
        kept.extend_from_slice(&data[..room]);
        if length > limit.saturating_add(PATIENCE) {
            return (kept.freeze(), BodyEnd::FarTooLarge);
        }
    }
    let end = if length > limit { BodyEnd::TooLarge } else { BodyEnd::Whole };
    (kept.freeze(), end)
}

/// Sets and removes members of a JSON answer.
fn edited(mut answer: Answer, edits: Vec<(String, Option<Value>)>) -> Answer {
    if edits.is_empty() {
        return answer;
    }
    if let Ok(Value::Object(mut members)) = serde_json::from_slice(&answer.body) {
        for (name, value) in edits {
            match value {
                Some(value) => members.insert(name, value),
                None => members.remove(&name),
            };
        }
        answer.body = Value::Object(members).to_string().into();
    }
    answer
}

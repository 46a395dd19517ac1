//! The fixture of one case: a server, a transport and an executor.

mod expectations;
pub(crate) mod secrets;
pub(crate) mod setup;
pub(crate) mod tunnel;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use easemob_token_transport::bytes::Bytes;
use easemob_token_transport::http::{Request, Response};
use easemob_token_transport::{Exchange, Transport, TransportError};

use self::setup::Setup;
use crate::case_report::CaseReport;
use crate::harness::executor::{Executor, Parking};
use crate::harness::{Harness, Unable};
use crate::outcome::Outcome;
use crate::server::certificates::LOOPBACK;
use crate::server::{Connection, ScriptedServer};
use crate::watch::stopwatch::{Span, Stopwatch};
use crate::watch::{self, Watched};

/// The time limit of an exchange that is not about time; only a failure takes that long.
///
/// Long enough for an adapter that paces itself in a flood (rule 4) on a machine that is busy.
pub(crate) const AMPLE: Duration = Duration::from_secs(15);
/// The time after its own limit at which a call counts as hung.
const GRACE: Duration = Duration::from_millis(1500);
/// The time within which the server must see that a connection is closed.
const CLOSING: Duration = Duration::from_secs(1);

pub(crate) struct Scene<'a> {
    pub(crate) server: ScriptedServer,
    transport: Arc<dyn Transport>,
    executor: Box<dyn Executor>,
    harness: &'a dyn Harness,
    scheme: &'static str,
    outcomes: Vec<Outcome>,
    problems: Vec<String>,
    late: Vec<String>,
    /// By how much a call may overrun its time limit, apart from delays of the machine.
    lateness: Duration,
}

/// How one call ended, and when.
pub(crate) struct Call {
    pub(crate) outcome: Outcome,
    pub(crate) response: Option<Response<Bytes>>,
    /// Everything that the error shows; empty without one.
    pub(crate) error: String,
    pub(crate) span: Span,
    /// The body of the request.
    body: Bytes,
}

impl<'a> Scene<'a> {
    pub(crate) fn set(
        harness: &'a dyn Harness,
        setup: &Setup,
        lateness: Duration,
    ) -> Result<Self, Unable> {
        let transport = harness.transport(&setup.needs)?;
        let scheme = if setup.plan.is_tls() { "https" } else { "http" };
        Ok(Self {
            server: ScriptedServer::start(setup.plan.clone()),
            transport,
            executor: harness.executor(),
            harness,
            scheme,
            outcomes: Vec::new(),
            problems: Vec::new(),
            late: Vec::new(),
            lateness,
        })
    }

    /// Uses TLS with a server whose script does not begin with it.
    pub(crate) fn over_tls(&mut self) {
        self.scheme = "https";
    }

    /// The server's URL, with a secret in its query.
    pub(crate) fn url(&self) -> String {
        self.url_at(LOOPBACK, self.server.address().port())
    }

    pub(crate) fn url_at(&self, host: &str, port: u16) -> String {
        url(self.scheme, host, port)
    }

    pub(crate) fn exchange(&self) -> Exchange {
        exchange_to(&self.url())
    }

    pub(crate) fn send(&mut self) -> Call {
        self.send_exchange(self.exchange())
    }

    pub(crate) fn send_exchange(&mut self, exchange: Exchange) -> Call {
        let mut calls = self.send_all(vec![exchange]);
        // One exchange is one call.
        calls.remove(0)
    }

    /// Sends all exchanges at once.
    pub(crate) fn send_all(&mut self, exchanges: Vec<Exchange>) -> Vec<Call> {
        let transport = self.transport.clone();
        let bodies: Vec<Bytes> = exchanges.iter().map(|own| own.request().body().clone()).collect();
        let stopwatch = Stopwatch::start();
        let mut ends = Vec::new();
        self.executor.block_on(Box::pin(async {
            let pending = exchanges.into_iter().map(|exchange| {
                let patience = exchange.timeout().min(AMPLE) + GRACE;
                watch::Guarded::new(transport.send(exchange), patience)
            });
            ends = watch::all(pending).await;
        }));
        let span = stopwatch.stop();
        let mut calls = Vec::new();
        for (body, end) in bodies.into_iter().zip(ends) {
            calls.push(self.ended(end, span, body));
        }
        calls
    }

    fn ended(
        &mut self,
        end: Watched<Result<Response<Bytes>, TransportError>>,
        span: Span,
        body: Bytes,
    ) -> Call {
        let mut shown = String::new();
        let (outcome, response) = match end {
            Watched::Done(Ok(response)) => (Outcome::Ok, Some(response)),
            Watched::Done(Err(error)) => {
                shown = secrets::everything_of(&error);
                for marker in secrets::shown_in(&shown) {
                    self.problem(format!("the error shows {marker}"));
                }
                (error.kind().into(), None)
            }
            Watched::Panicked => (Outcome::Panicked, None),
            Watched::Late => (Outcome::Hung, None),
        };
        Call { outcome, response, error: shown, span, body }
    }

    /// Starts a call, drops it when the condition holds, and expects that its connection is closed.
    pub(crate) fn abandon(&mut self, when: impl Fn(&[Connection]) -> bool + Send + Sync) {
        let Self { server, transport, executor, .. } = &*self;
        let exchange = exchange_to(&url(self.scheme, LOOPBACK, server.address().port()));
        let mut pending = watch::Guarded::new(transport.send(exchange), AMPLE + GRACE);
        let mut abandoned = false;
        let mut stopwatch = None;
        executor.block_on(Box::pin(async {
            let end = watch::either(&mut pending, || when(&server.connections())).await;
            abandoned = end.is_none();
            stopwatch = Some(Stopwatch::start());
            // Inside the runtime, as the time limit of a caller would do it.
            drop(pending);
            server.wait_until_async(CLOSING * 2, all_closed).await;
        }));
        let span = stopwatch.map(Stopwatch::stop);
        if !abandoned {
            self.problem("the call ended by itself".to_owned());
            return;
        }
        if let Some(span) = span {
            self.expect_closed_since(span.begun, CLOSING + span.stall);
        }
    }

    /// Starts a call, ends its runtime when the condition holds, and goes on without a runtime.
    pub(crate) fn orphan(
        &mut self,
        limit: Duration,
        when: impl Fn(&[Connection]) -> bool + Send + Sync,
    ) -> Call {
        let transport = self.transport.clone();
        let exchange = self.exchange().with_timeout(limit);
        let body = exchange.request().body().clone();
        let stopwatch = Stopwatch::start();
        let mut pending = watch::Guarded::new(transport.send(exchange), limit + GRACE);
        let mut end = None;
        let server = &self.server;
        self.executor.block_on(Box::pin(async {
            let when = || when(&server.connections());
            end = watch::either(&mut pending, when).await;
        }));
        self.executor = Box::new(Parking);
        if end.is_none() {
            self.executor.block_on(Box::pin(async { end = Some(pending.await) }));
        }
        let end = end.unwrap_or(Watched::Late);
        self.ended(end, stopwatch.stop(), body)
    }

    /// Lets the runtime run for a moment, so that it finishes its work on connections.
    pub(crate) fn settle(&self) {
        self.executor.block_on(Box::pin(async {
            watch::until(Duration::from_millis(30), || false).await;
        }));
    }

    /// Replaces the executor, which ends the old one.
    pub(crate) fn change_executor(&mut self, executor: Box<dyn Executor>) {
        self.executor = executor;
    }

    pub(crate) fn fresh_executor(&mut self) {
        self.executor = self.harness.executor();
    }

    pub(crate) fn problem(&mut self, text: String) {
        self.problems.push(text);
    }

    fn late(&mut self, text: String) {
        self.late.push(text);
    }

    /// Ends everything and writes the report.
    pub(crate) fn end(self, sent: Option<usize>, report: &mut CaseReport) {
        let Self { server, transport, executor, harness, outcomes, mut problems, mut late, .. } =
            self;
        let shown = format!("{transport:?}");
        for marker in secrets::shown_in(&shown) {
            problems.push(format!("the transport's Debug shows {marker}"));
        }
        drop(transport);
        drop(executor);
        if !server.wait_until_closed(GRACE) {
            problems.push("a connection stays open after the transport is gone".to_owned());
        }
        let requests = server.requests().len();
        if let Some(sent) = sent.filter(|&sent| sent != requests) {
            let text = format!("{requests} requests were sent instead of {sent}");
            // On a busy machine a time limit may end before the request is sent.
            let is_late = requests < sent && outcomes.contains(&Outcome::Timeout);
            if is_late { late.push(text) } else { problems.push(text) }
        }
        // A part of a further request is a second attempt that did not get far.
        if sent == Some(requests) {
            for connection in server.connections() {
                let bytes = connection.unfinished().len();
                if bytes > 0 && !connection.requests().is_empty() {
                    problems.push(format!("{bytes} bytes arrived after the request"));
                }
            }
        }
        drop(server);
        if let Some(heard) = harness.captured_logs() {
            for marker in secrets::shown_in(&heard) {
                problems.push(format!("{marker} was logged"));
            }
        }
        report.outcomes = outcomes;
        report.problems = problems;
        report.late = late;
    }
}

/// Whether the other side closed every connection.
fn all_closed(connections: &[Connection]) -> bool {
    connections.iter().all(|own| own.closed().is_some())
}

fn url(scheme: &str, host: &str, port: u16) -> String {
    let query = secrets::IN_QUERY;
    format!("{scheme}://{host}:{port}/org/app/token?q={query}")
}

/// A `POST` with marked secrets and a body that no other request of this process has.
pub(crate) fn exchange_to(url: &str) -> Exchange {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let body = format!("{{\"number\":{number},\"secret\":\"{}\"}}", secrets::IN_BODY);
    exchange(url, body.into())
}

#[expect(clippy::expect_used, reason = "the URLs are the suite's own")]
pub(crate) fn exchange(url: &str, body: Bytes) -> Exchange {
    let request = Request::post(url)
        .header("content-type", "application/json")
        .header("authorization", format!("Bearer {}", secrets::IN_HEADER))
        .body(body)
        .expect("the URL and the headers are well formed");
    Exchange::new(request).with_timeout(AMPLE)
}

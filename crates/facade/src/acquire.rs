//! One token: a grant sent over the transport, again where that may help, and its answer read.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use easemob_token_core::{Flow, FlowLimits, Grant, NextStep, TokenEndpoint};
use easemob_token_transport::{Exchange, Runtime, Transport};

use tracing::Instrument;

use crate::clock::{Clock, jitter};
use crate::error::Error;
use crate::event::{Event, GrantType};
use crate::pacing::Pacing;
use crate::received::Received;
use crate::telemetry::Telemetry;

/// What every acquisition of a client shares.
pub(crate) struct Acquirer {
    pub(crate) endpoint: TokenEndpoint,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) runtime: Arc<dyn Runtime>,
    pub(crate) clock: Clock,
    pub(crate) limits: FlowLimits,
    pub(crate) pacing: Pacing,
    pub(crate) timeout: Duration,
    pub(crate) max_response_bytes: usize,
    pub(crate) plain_http_allowed: bool,
    pub(crate) telemetry: Telemetry,
}

impl fmt::Debug for Acquirer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acquirer").field("transport", &self.transport).finish_non_exhaustive()
    }
}

/// An acquisition in progress.
pub(crate) struct Attempts<'a, F> {
    acquirer: &'a Acquirer,
    grant: GrantType,
    flow: Flow,
    on_send: F,
}

impl Acquirer {
    /// The start of an acquisition of at most so many requests. `on_send` is told of each before
    /// it goes out.
    pub(crate) fn start<F: Fn()>(
        &self,
        grant: GrantType,
        attempts: u32,
        on_send: F,
    ) -> Attempts<'_, F> {
        let attempts = attempts.min(self.limits.attempts);
        let flow = Flow::new(FlowLimits { attempts, ..self.limits }, self.clock.uptime());
        Attempts { acquirer: self, grant, flow, on_send }
    }
}

impl<F: Fn()> Attempts<'_, F> {
    /// The token of the grant, or the last error when the flow gives up.
    pub(crate) async fn acquire<G: Grant<Token: Received>>(
        mut self,
        grant: &G,
    ) -> Result<G::Token, Error> {
        loop {
            let error = match self.send(grant).await {
                Ok(token) => return Ok(token),
                Err(error) => error,
            };
            match self.next_step(&error).await {
                NextStep::SendAt(_) => {}
                // A new app token makes another grant, which is the caller's business.
                NextStep::SendWithNewAppTokenAt(_) | NextStep::GiveUp => return Err(error),
            }
        }
    }

    /// What follows an error; where that is another request, its time has come.
    pub(crate) async fn next_step(&mut self, error: &Error) -> NextStep {
        let now = self.acquirer.clock.uptime();
        let step = error.next_step(&mut self.flow, now, jitter());
        if let NextStep::SendAt(time) | NextStep::SendWithNewAppTokenAt(time) = step {
            let pause = time.saturating_sub(now);
            self.tell(&Event::Retrying { grant: self.grant, error, pause });
            self.acquirer.sleep(pause).await;
        }
        step
    }

    /// Sends the grant once and reads the answer.
    pub(crate) async fn send<G: Grant<Token: Received>>(
        &self,
        grant: &G,
    ) -> Result<G::Token, Error> {
        let (acquirer, attempt) = (self.acquirer, self.flow.attempts());
        let request = acquirer.endpoint.request(grant)?;
        let mut now = acquirer.clock.uptime();
        let waited = acquirer.wait_for_its_turn(&self.flow, now).await?;
        if !waited.is_zero() {
            self.tell(&Event::Paced { grant: self.grant, time: waited });
            now = acquirer.clock.uptime();
        }
        let time = acquirer.timeout.min(self.flow.remaining(now));
        let mut exchange = Exchange::new(request)
            .with_timeout(time)
            .with_max_response_bytes(acquirer.max_response_bytes);
        if acquirer.plain_http_allowed {
            exchange = exchange.allow_plain_http();
        }
        (self.on_send)();
        self.tell(&Event::Sent { grant: self.grant, attempt });
        let response = acquirer.transport.send(exchange).await;
        let response = response.map_err(|error| Error::transport(error, attempt))?;
        let (head, body) = response.into_parts();
        let response = http::Response::from_parts(head, &body[..]);
        let token = acquirer
            .endpoint
            .parse(grant, response, SystemTime::now())
            .map_err(|error| Error::response(error, attempt))?;
        acquirer.telemetry.warnings.received(&token);
        Ok(token)
    }

    fn tell(&self, event: &Event<'_>) {
        self.acquirer.telemetry.emit(event);
    }
}

impl Acquirer {
    /// Longer than any acquisition takes: that of a user token may take one for an app token, its own,
    /// and one for another app token.
    pub(crate) fn patience(&self) -> Duration {
        self.limits.budget.saturating_mul(4)
    }

    /// An acquisition for one caller alone, whose token is not kept. It is handed in pinned, since an
    /// `async fn` would keep room for it twice and move it.
    pub(crate) async fn unkept<T>(
        &self,
        grant: GrantType,
        fetch: Pin<&mut impl Future<Output = Result<T, Error>>>,
    ) -> Result<T, Error> {
        let started = self.clock.uptime();
        let telemetry = &self.telemetry;
        let acquisition = async {
            telemetry.emit(&Event::Started { grant, refresh: false });
            let result = fetch.await;
            let time = self.clock.uptime().saturating_sub(started);
            telemetry.emit(&match &result {
                Ok(_) => Event::Succeeded { grant, generation: 0, time },
                Err(error) => Event::Failed { grant, error, usable: false, time },
            });
            result
        };
        acquisition.instrument(telemetry.span(grant, false)).await
    }

    async fn wait_for_its_turn(&self, flow: &Flow, now: Duration) -> Result<Duration, Error> {
        let latest = now.saturating_add(flow.remaining(now));
        // The request that is about to go out is counted already.
        let sent = flow.attempts().saturating_sub(1);
        let turn = self.pacing.turn(now, latest, || self.clock.uptime(), |pause| self.sleep(pause));
        turn.await.map_err(|too_late| Error::paced(too_late, sent))
    }

    pub(crate) async fn sleep(&self, pause: Duration) {
        if !pause.is_zero() {
            self.runtime.sleep(pause).await;
        }
    }
}

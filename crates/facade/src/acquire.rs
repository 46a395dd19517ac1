//! One token: a grant sent over the transport, again where that may help, and its answer read.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use easemob_token_core::{Flow, FlowLimits, Grant, NextStep, TokenEndpoint};
use easemob_token_transport::{Exchange, Runtime, Transport};

use crate::clock::{Clock, jitter};
use crate::error::Error;
use crate::warnings::{Received, Warnings};

/// What every acquisition of a client shares.
#[derive(Debug)]
pub(crate) struct Acquirer {
    pub(crate) endpoint: TokenEndpoint,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) runtime: Arc<dyn Runtime>,
    pub(crate) clock: Clock,
    pub(crate) limits: FlowLimits,
    pub(crate) timeout: Duration,
    pub(crate) max_response_bytes: usize,
    pub(crate) plain_http_allowed: bool,
    pub(crate) warnings: Warnings,
}

impl Acquirer {
    pub(crate) fn start(&self) -> Flow {
        Flow::new(self.limits, self.clock.uptime())
    }

    /// The token of the grant, or the last error when the flow gives up. `on_send` is told of each
    /// request before it goes out.
    pub(crate) async fn acquire<G: Grant<Token: Received>>(
        &self,
        grant: &G,
        on_send: impl Fn(),
    ) -> Result<G::Token, Error> {
        let mut flow = self.start();
        loop {
            on_send();
            let error = match self.send(grant, &flow).await {
                Ok(token) => return Ok(token),
                Err(error) => error,
            };
            match self.next_step(&error, &mut flow).await {
                NextStep::SendAt(_) => {}
                // A new app token makes another grant, which is the caller's business.
                NextStep::SendWithNewAppTokenAt(_) | NextStep::GiveUp => return Err(error),
            }
        }
    }

    /// What follows an error; where that is another request, its time has come.
    pub(crate) async fn next_step(&self, error: &Error, flow: &mut Flow) -> NextStep {
        let step = error.next_step(flow, self.clock.uptime(), jitter());
        if let NextStep::SendAt(time) | NextStep::SendWithNewAppTokenAt(time) = step {
            self.sleep_until(time).await;
        }
        step
    }

    pub(crate) async fn sleep_until(&self, time: Duration) {
        let pause = time.saturating_sub(self.clock.uptime());
        if !pause.is_zero() {
            self.runtime.sleep(pause).await;
        }
    }

    /// Sends the grant once and reads the answer.
    pub(crate) async fn send<G: Grant<Token: Received>>(
        &self,
        grant: &G,
        flow: &Flow,
    ) -> Result<G::Token, Error> {
        let attempts = flow.attempts();
        let time = self.timeout.min(flow.remaining(self.clock.uptime()));
        let mut exchange = Exchange::new(self.endpoint.request(grant)?)
            .with_timeout(time)
            .with_max_response_bytes(self.max_response_bytes);
        if self.plain_http_allowed {
            exchange = exchange.allow_plain_http();
        }
        let response = self
            .transport
            .send(exchange)
            .await
            .map_err(|error| Error::transport(error, attempts))?;
        let (head, body) = response.into_parts();
        let response = http::Response::from_parts(head, &body[..]);
        let token = self
            .endpoint
            .parse(grant, response, SystemTime::now())
            .map_err(|error| Error::response(error, attempts))?;
        self.warnings.received(&token);
        Ok(token)
    }
}

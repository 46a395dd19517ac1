//! Expectations of a call: its outcome, its content, its time.

use std::time::{Duration, Instant};

use easemob_token_transport::Exchange;

use super::{AMPLE, CLOSING, Call, Scene, all_closed};
use crate::outcome::{self, Outcome};
use crate::server::Connection;
use crate::watch::census;
use crate::watch::stopwatch::Span;

/// By how much a timer may be early: some count in whole milliseconds.
const EARLINESS: Duration = Duration::from_millis(5);

/// The number of threads that a call may pass through, each of which the machine may delay.
const HANDS: u32 = 3;

impl Scene<'_> {
    pub(crate) fn expect(&mut self, call: &Call, allowed: &[Outcome]) {
        self.outcomes.push(call.outcome);
        if !allowed.contains(&call.outcome) {
            let wanted = outcome::list(allowed.iter().copied());
            let text = format!("{} instead of {wanted}", call.outcome);
            // A short limit may have ended because the machine is busy.
            let is_late = call.outcome == Outcome::Timeout && call.span.took < AMPLE;
            if is_late { self.late(text) } else { self.problem(text) }
        }
    }

    /// Sends the exchange and expects one of these outcomes.
    pub(crate) fn send_expecting(&mut self, exchange: Exchange, allowed: &[Outcome]) -> Call {
        let call = self.send_exchange(exchange);
        self.expect(&call, allowed);
        call
    }

    /// Sends the usual exchange and expects its own echo.
    pub(crate) fn expect_echo(&mut self) {
        self.expect_echo_of(self.exchange());
    }

    /// Sends the exchange and expects its own echo.
    pub(crate) fn expect_echo_of(&mut self, exchange: Exchange) {
        let call = self.send_exchange(exchange);
        self.expect_own(&call);
    }

    /// Expects a response with exactly this body.
    pub(crate) fn expect_body(&mut self, call: &Call, body: &[u8]) {
        self.expect(call, &[Outcome::Ok]);
        if let Some(response) = &call.response {
            if response.body() != body {
                let (got, wanted) = (response.body().len(), body.len());
                self.problem(format!("the body has {got} bytes instead of the {wanted} that were sent, or other content"));
            }
        }
    }

    /// Expects the echo of this call's own request.
    pub(crate) fn expect_own(&mut self, call: &Call) {
        self.expect(call, &[Outcome::Ok]);
        if call.response.as_ref().is_some_and(|own| own.body() != &call.body) {
            self.problem("the response belongs to another request".to_owned());
        }
    }

    /// Expects that the call ended at this time limit.
    pub(crate) fn expect_end_at(&mut self, call: &Call, limit: Duration) {
        let Span { took, stall, .. } = call.span;
        if call.outcome == Outcome::Timeout && took + EARLINESS < limit {
            self.problem(format!("timed out after {took:?}, before the limit of {limit:?}"));
        }
        if took > limit + self.lateness + stall * HANDS {
            self.late(format!(
                "it took {took:?} for a limit of {limit:?} (the machine delayed it by {stall:?})"
            ));
        }
    }

    /// Expects that the call ended within this time.
    pub(crate) fn expect_end_within(&mut self, call: &Call, limit: Duration) {
        let Span { took, stall, .. } = call.span;
        if took > limit + stall * HANDS {
            self.late(format!(
                "it took {took:?}, and {limit:?} are allowed (the machine delayed it by {stall:?})"
            ));
        }
    }

    /// Expects that the adapter used at most a tenth of the limit in processor time since `before`.
    ///
    /// A build without optimization is several times as slow and may use a fifth. An adapter without
    /// a bound uses all of the limit.
    pub(crate) fn expect_little_work(
        &mut self,
        call: &Call,
        before: Option<Duration>,
        limit: Duration,
    ) {
        let connections = self.server.connections();
        let of_server: Duration = connections.iter().map(Connection::processor_time).sum();
        let (Some(before), Some(after)) = (before, census::processor_time()) else { return };
        let of_suite = of_server + call.span.processor_time;
        let took = after.saturating_sub(before).saturating_sub(of_suite);
        let part = if cfg!(debug_assertions) { 5 } else { 10 };
        if took > limit / part {
            self.late(format!("it used {took:?} of processor time for a limit of {limit:?}"));
        }
    }

    /// Expects that the connections were closed within a second after the limit.
    pub(crate) fn expect_closed_by(&mut self, call: &Call, limit: Duration) {
        let server = &self.server;
        let begun = call.span.begun;
        self.executor.block_on(Box::pin(async {
            server.wait_until_async(CLOSING * 2, all_closed).await;
        }));
        self.expect_closed_since(begun, limit + CLOSING + call.span.stall * HANDS);
    }

    /// Expects that every connection was closed within this time.
    pub(super) fn expect_closed_since(&mut self, begun: Instant, limit: Duration) {
        for connection in self.server.connections() {
            let took = connection.closed().map(|own| own.saturating_duration_since(begun));
            match took {
                None => self.problem("the connection stays open".to_owned()),
                Some(took) if took > limit => {
                    self.late(format!("the connection was closed after {took:?}"));
                }
                Some(_) => {}
            }
        }
    }
}

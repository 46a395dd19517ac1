//! What a case expects of an answer: its kind, its content, its time.

use std::time::Duration;

use easemob_token_transport::Exchange;

use super::{CLOSING, Call, Scene, all_closed};
use crate::outcome::{self, Outcome};
use crate::server::Connection;
use crate::watch::census;
use crate::watch::stopwatch::Span;

/// How much too early a timer may ring: some count in whole milliseconds.
const EARLINESS: Duration = Duration::from_millis(5);

/// Through how many threads an answer may pass, each of which the machine may have kept waiting for as
/// long as the control.
const HANDS: u32 = 3;

impl Scene<'_> {
    pub(crate) fn expect(&mut self, call: &Call, allowed: &[Outcome]) {
        self.outcomes.push(call.outcome);
        if !allowed.contains(&call.outcome) {
            let wanted = outcome::list(allowed.iter().copied());
            self.problem(format!("{} instead of {wanted}", call.outcome));
        }
    }

    /// Sends the exchange, which must end in one of these outcomes.
    pub(crate) fn send_expecting(&mut self, exchange: Exchange, allowed: &[Outcome]) -> Call {
        let call = self.send_exchange(exchange);
        self.expect(&call, allowed);
        call
    }

    /// Sends the usual exchange, whose response must be its own echo.
    pub(crate) fn expect_echo(&mut self) {
        let call = self.send();
        self.expect_own(&call);
    }

    /// The response must have exactly this body.
    pub(crate) fn expect_body(&mut self, call: &Call, body: &[u8]) {
        self.expect(call, &[Outcome::Ok]);
        if let Some(response) = &call.response {
            if response.body() != body {
                let (got, wanted) = (response.body().len(), body.len());
                self.problem(format!("another body: {got} bytes where {wanted} were sent"));
            }
        }
    }

    /// The response must be the echo of the very request.
    pub(crate) fn expect_own(&mut self, call: &Call) {
        self.expect(call, &[Outcome::Ok]);
        if call.response.as_ref().is_some_and(|own| own.body() != &call.body) {
            self.problem("the response belongs to another request".to_owned());
        }
    }

    /// The call must have ended with this limit.
    pub(crate) fn expect_end_at(&mut self, call: &Call, limit: Duration) {
        let Span { took, stall, .. } = call.span;
        if call.outcome == Outcome::Timeout && took + EARLINESS < limit {
            self.problem(format!("timed out after {took:?}, before the limit of {limit:?}"));
        }
        if took > limit + self.lateness + stall * HANDS {
            self.late(format!("{took:?} for a limit of {limit:?} (control stalled {stall:?})"));
        }
    }

    /// The call must have ended within this time.
    pub(crate) fn expect_end_within(&mut self, call: &Call, limit: Duration) {
        let Span { took, stall, .. } = call.span;
        if took > limit + stall * HANDS {
            self.late(format!("{took:?} where {limit:?} were allowed (control stalled {stall:?})"));
        }
    }

    /// The adapter must have taken at most a tenth of the limit of the processor since `before`.
    ///
    /// A build without optimization does the same work several times as slowly, so it may take a
    /// fifth; an adapter without a bound takes all of the limit.
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
            self.late(format!("{took:?} of the processor for a limit of {limit:?}"));
        }
    }

    /// The server must see its connections closed within a second after the limit.
    pub(crate) fn expect_closed_by(&mut self, call: &Call, limit: Duration) {
        let server = &self.server;
        let begun = call.span.begun;
        self.executor.block_on(Box::pin(async {
            server.wait_until_async(CLOSING * 2, all_closed).await;
        }));
        for connection in self.server.connections() {
            let took = connection.closed().map(|own| own.saturating_duration_since(begun));
            match took {
                None => self.problem("the connection stays open after the time limit".to_owned()),
                Some(took) if took > limit + CLOSING + call.span.stall * HANDS => {
                    self.late(format!("the connection closed after {took:?}"));
                }
                Some(_) => {}
            }
        }
    }
}

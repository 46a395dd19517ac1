//! What a case expects of an answer: its kind, its content, its time.

use std::time::Duration;

use super::{Answer, CLOSING, Scene, all_closed};
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
    pub(crate) fn expect(&mut self, answer: &Answer, allowed: &[Outcome]) {
        self.outcomes.push(answer.outcome);
        if !allowed.contains(&answer.outcome) {
            let wanted = outcome::list(allowed.iter().copied());
            self.problem(format!("{} instead of {wanted}", answer.outcome));
        }
    }

    /// The response must have exactly this body.
    pub(crate) fn expect_body(&mut self, answer: &Answer, body: &[u8]) {
        self.expect(answer, &[Outcome::Ok]);
        if let Some(response) = &answer.response {
            if response.body() != body {
                let (got, wanted) = (response.body().len(), body.len());
                self.problem(format!("another body: {got} bytes where {wanted} were sent"));
            }
        }
    }

    /// The response must be the echo of the very request.
    pub(crate) fn expect_own(&mut self, answer: &Answer) {
        self.expect(answer, &[Outcome::Ok]);
        if answer.response.as_ref().is_some_and(|own| own.body() != &answer.body) {
            self.problem("the response belongs to another request".to_owned());
        }
    }

    /// The call must have ended with this limit.
    pub(crate) fn expect_end_at(&mut self, answer: &Answer, limit: Duration) {
        let Span { took, stall, .. } = answer.span;
        if answer.outcome == Outcome::Timeout && took + EARLINESS < limit {
            self.problem(format!("timed out after {took:?}, before the limit of {limit:?}"));
        }
        if took > limit + self.lateness + stall * HANDS {
            self.late(format!("{took:?} for a limit of {limit:?} (control stalled {stall:?})"));
        }
    }

    /// The call must have ended within this time.
    pub(crate) fn expect_end_within(&mut self, answer: &Answer, limit: Duration) {
        let Span { took, stall, .. } = answer.span;
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
        answer: &Answer,
        before: Option<Duration>,
        limit: Duration,
    ) {
        let connections = self.server.connections();
        let of_server: Duration = connections.iter().map(Connection::processor_time).sum();
        let (Some(before), Some(after)) = (before, census::processor_time()) else { return };
        let of_suite = of_server + answer.span.processor_time;
        let took = after.saturating_sub(before).saturating_sub(of_suite);
        let part = if cfg!(debug_assertions) { 5 } else { 10 };
        if took > limit / part {
            self.late(format!("{took:?} of the processor for a limit of {limit:?}"));
        }
    }

    /// The server must see its connections closed within a second after the limit.
    pub(crate) fn expect_closed_by(&mut self, answer: &Answer, limit: Duration) {
        let server = &self.server;
        let begun = answer.span.begun;
        self.executor.block_on(Box::pin(async {
            server.wait_until_async(CLOSING * 2, all_closed).await;
        }));
        for connection in self.server.connections() {
            let took = connection.closed().map(|own| own.saturating_duration_since(begun));
            match took {
                None => self.problem("the connection stays open after the time limit".to_owned()),
                Some(took) if took > limit + CLOSING + answer.span.stall * HANDS => {
                    self.late(format!("the connection closed after {took:?}"));
                }
                Some(_) => {}
            }
        }
    }
}

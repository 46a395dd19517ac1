//! One acquisition: after each outcome, send again and when, or give up.

use std::time::Duration;

use super::Jitter;
use crate::response::{ResponseError, RetryAdvice};

/// The bounds of one acquisition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlowLimits {
    /// The most requests that it sends, 3 by default. At least one is sent.
    pub attempts: u32,
    /// The time in which it ends, 20 s by default: no request is begun after it.
    pub budget: Duration,
    /// The least time between two requests, 1 s by default.
    pub gap: Duration,
}

impl Default for FlowLimits {
    fn default() -> Self {
        let (budget, gap) = (Duration::from_secs(20), Duration::from_secs(1));
        Self { attempts: 3, budget, gap }
    }
}

/// The longest pause of a backoff inside an acquisition.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// What to do after a failed request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum NextStep {
    /// Send the same request at this time, on the clock that was passed in.
    SendAt(Duration),
    /// Get a new app token, then send with that one, at this time or later.
    SendWithNewAppTokenAt(Duration),
    /// It is over: the last failure is the result.
    GiveUp,
}

/// An acquisition in progress: how often it asked, and until when it may.
///
/// It holds the rules for repeating: transport failures and server errors after a pause that
/// grows (full jitter, doubling from one second), a pause that the service asks for where it fits
/// into the budget, one more try where a body was torn, one new app token after a 401, and
/// nothing after any other refusal. It reads no clock: times are those of one monotonic clock of
/// the caller's.
///
/// ```
/// use std::time::Duration;
/// use easemob_token_core::{Flow, FlowLimits, Jitter, NextStep};
///
/// let mut flow = Flow::new(FlowLimits::default(), Duration::ZERO);
/// // A request was sent and the connection broke half a second later.
/// let now = Duration::from_millis(500);
/// assert_eq!(
///     flow.after_transport_failure(true, now, Jitter::new(0.0)),
///     NextStep::SendAt(Duration::from_millis(1500)),
/// );
/// ```
#[derive(Clone, Debug)]
pub struct Flow {
    limits: FlowLimits,
    end: Duration,
    sent: u32,
    repeated_once: bool,
    renewed: bool,
}

impl Flow {
    /// An acquisition that sends its first request at `now`.
    #[must_use]
    pub fn new(limits: FlowLimits, now: Duration) -> Self {
        let end = now.saturating_add(limits.budget);
        Self { limits, end, sent: 1, repeated_once: false, renewed: false }
    }

    /// How many requests were sent, the one in progress included.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.sent
    }

    /// The time that is left at `now`; no request may take longer.
    #[must_use]
    pub fn remaining(&self, now: Duration) -> Duration {
        self.end.saturating_sub(now)
    }

    /// The step after a request that brought no response. `retryable` is the transport's word on
    /// whether the same exchange may succeed later.
    pub fn after_transport_failure(
        &mut self,
        retryable: bool,
        now: Duration,
        jitter: Jitter,
    ) -> NextStep {
        if retryable { self.again_after(self.backoff(jitter), now) } else { NextStep::GiveUp }
    }

    /// The step after a response without a token.
    pub fn after_response(
        &mut self,
        error: &ResponseError,
        now: Duration,
        jitter: Jitter,
    ) -> NextStep {
        match error.retry_advice() {
            RetryAdvice::Never => NextStep::GiveUp,
            RetryAdvice::After(pause) => self.again_after(pause, now),
            RetryAdvice::Backoff => self.again_after(self.backoff(jitter), now),
            RetryAdvice::Once if self.repeated_once => NextStep::GiveUp,
            RetryAdvice::Once => {
                self.repeated_once = true;
                self.again_after(self.backoff(jitter), now)
            }
            RetryAdvice::WithNewAppToken if self.renewed => NextStep::GiveUp,
            RetryAdvice::WithNewAppToken => {
                self.renewed = true;
                match self.again_after(Duration::ZERO, now) {
                    NextStep::SendAt(time) => NextStep::SendWithNewAppTokenAt(time),
                    other => other,
                }
            }
        }
    }

    /// Full jitter: anything up to one second, then two, four, to the longest.
    fn backoff(&self, jitter: Jitter) -> Duration {
        let doublings = self.sent.saturating_sub(1).min(16);
        let most = Duration::from_secs(1).saturating_mul(1 << doublings).min(LONGEST_PAUSE);
        jitter.between(Duration::ZERO, most)
    }

    fn again_after(&mut self, pause: Duration, now: Duration) -> NextStep {
        let time = now.saturating_add(pause.max(self.limits.gap));
        if self.sent >= self.limits.attempts || time >= self.end {
            return NextStep::GiveUp;
        }
        self.sent += 1;
        NextStep::SendAt(time)
    }
}

//! Retry rules: when to send a request again, and when to give up.

use std::time::Duration;

use super::{Jitter, Uptime};
use crate::response::{ResponseError, RetryAdvice};

/// Limits of one acquisition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryLimits {
    /// Maximum number of requests, 3 by default. At least one is sent.
    pub max_attempts: u32,
    /// Time limit of the acquisition, 20 s by default: no request is started after it.
    pub deadline: Duration,
    /// Minimum time between two requests, 1 s by default. A backoff doubles from it.
    pub min_interval: Duration,
}

impl Default for RetryLimits {
    fn default() -> Self {
        let (deadline, min_interval) = (Duration::from_secs(20), Duration::from_secs(1));
        Self { max_attempts: 3, deadline, min_interval }
    }
}

/// The longest pause of a backoff within an acquisition.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Next step after a failed request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum NextStep {
    /// Send the same request at this time, on the clock that was passed in.
    SendAt(Uptime),
    /// Get another app token, then send with it at this time or later.
    SendWithNewAppTokenAt(Uptime),
    /// End the acquisition: the last failure is its result.
    GiveUp,
}

/// Retry rules of one acquisition, with the number of its requests and its deadline.
///
/// After a transport failure or a server error the request is sent again after a growing pause (full
/// jitter, doubling from the minimum time between two requests). A pause that the service asks for is observed if it ends before the
/// deadline. After a torn body the request is sent once more, and after a 401 once with another app
/// token. No other refusal is retried. Times are those of one monotonic clock of the caller.
///
/// ```
/// use std::time::Duration;
/// use easemob_token_core::{Jitter, NextStep, Retry, RetryLimits, Uptime};
///
/// let mut retry = Retry::new(RetryLimits::default(), Uptime::ORIGIN);
/// // A request was sent and the connection broke half a second later.
/// let now = Uptime::from_origin(Duration::from_millis(500));
/// assert_eq!(
///     retry.after_transport_failure(true, now, Jitter::new(0.0)),
///     NextStep::SendAt(now.after(Duration::from_secs(1))),
/// );
/// ```
#[derive(Clone, Debug)]
pub struct Retry {
    limits: RetryLimits,
    end: Uptime,
    attempts: u32,
    repeated_once: bool,
    renewed: bool,
}

impl Retry {
    /// An acquisition that starts at `now`, with its first request.
    #[must_use]
    pub fn new(limits: RetryLimits, now: Uptime) -> Self {
        let end = now.after(limits.deadline);
        Self { limits, end, attempts: 1, repeated_once: false, renewed: false }
    }

    /// The number of requests, including the one in progress.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// The time at which the acquisition ends; no request may take longer.
    #[must_use]
    pub fn end(&self) -> Uptime {
        self.end
    }

    /// The step after a request without a response. `retryable` is whether the same exchange may succeed
    /// later.
    pub fn after_transport_failure(
        &mut self,
        retryable: bool,
        now: Uptime,
        jitter: Jitter,
    ) -> NextStep {
        if retryable { self.send_after(self.backoff(jitter), now) } else { NextStep::GiveUp }
    }

    /// The step after a response without a token.
    pub fn after_response(
        &mut self,
        error: &ResponseError,
        now: Uptime,
        jitter: Jitter,
    ) -> NextStep {
        match error.retry_advice() {
            RetryAdvice::Never => NextStep::GiveUp,
            RetryAdvice::After(pause) => self.send_after(pause, now),
            RetryAdvice::Backoff => self.send_after(self.backoff(jitter), now),
            RetryAdvice::Once => self.once_more(now, jitter),
            RetryAdvice::WithNewAppToken if self.renewed => NextStep::GiveUp,
            RetryAdvice::WithNewAppToken => {
                self.renewed = true;
                match self.send_after(Duration::ZERO, now) {
                    NextStep::SendAt(time) => NextStep::SendWithNewAppTokenAt(time),
                    other => other,
                }
            }
        }
    }

    /// The step after a failure that one more request may resolve, once in an acquisition.
    ///
    /// Examples are a torn body, a response that the transport lost and will probably lose again, and a
    /// 401 for an app token that the service accepted in a later request.
    pub fn once_more(&mut self, now: Uptime, jitter: Jitter) -> NextStep {
        if std::mem::replace(&mut self.repeated_once, true) {
            return NextStep::GiveUp;
        }
        self.send_after(self.backoff(jitter), now)
    }

    /// Full jitter: up to the minimum interval, then twice that, and so on to the longest pause.
    fn backoff(&self, jitter: Jitter) -> Duration {
        let doublings = self.attempts.saturating_sub(1).min(16);
        let most = self.limits.min_interval.saturating_mul(1 << doublings).min(LONGEST_PAUSE);
        jitter.between(Duration::ZERO, most)
    }

    fn send_after(&mut self, pause: Duration, now: Uptime) -> NextStep {
        let time = now.after(pause.max(self.limits.min_interval));
        if self.attempts >= self.limits.max_attempts || time >= self.end {
            return NextStep::GiveUp;
        }
        self.attempts += 1;
        NextStep::SendAt(time)
    }
}

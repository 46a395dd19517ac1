//! Cooldown after an acquisition: how long no request is sent for a token.

use std::time::Duration;

use super::{Jitter, Now, Uptime};
use crate::response::{ResponseError, RetryAdvice};

/// The longest cooldown while a token is usable, and while none is.
const LONGEST_WITH_TOKEN: Duration = Duration::from_secs(60);
const LONGEST_WITHOUT: Duration = Duration::from_secs(10);
/// The first pause of a backoff, and the shortest.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// A time in which nothing is sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cooldown {
    start: Now,
    while_usable: Duration,
    /// Applies when the token expires during the cooldown.
    without: Duration,
}

impl Cooldown {
    /// A cooldown that ends early if the token expires.
    pub(super) fn while_usable(start: Now, pause: Duration) -> Self {
        Self { start, while_usable: pause, without: Duration::ZERO }
    }

    /// A cooldown with a token and without one.
    pub(super) fn always(start: Now, pause: Duration) -> Self {
        Self { start, while_usable: pause, without: pause }
    }

    /// The rest of it at `now`.
    pub(super) fn remaining(&self, now: Now, usable: bool) -> Duration {
        let pause = if usable { self.while_usable } else { self.without };
        pause.saturating_sub(now.since(self.start))
    }

    /// The cooldown after so many failures in a row, the last of them with this response.
    pub(super) fn after_failure(
        failures: u32,
        response: Option<&ResponseError>,
        last_sent: Option<Uptime>,
        now: Now,
        jitter: Jitter,
    ) -> Option<Self> {
        if let Some(pause) = response.and_then(ResponseError::remembered) {
            return Some(Self { start: now, while_usable: pause, without: pause });
        }
        // The app token was refused, and is replaced meanwhile.
        let is_app_tokens = |it: &ResponseError| it.retry_advice() == RetryAdvice::WithNewAppToken;
        if failures == 1 && response.is_some_and(is_app_tokens) {
            return None;
        }
        let doublings = failures.saturating_sub(1).min(16);
        let most = FIRST_PAUSE.saturating_mul(1 << doublings);
        let backoff =
            |longest: Duration| jitter.between(Duration::ZERO, most.min(longest)).max(FIRST_PAUSE);
        let while_usable = if most < LONGEST_WITH_TOKEN {
            backoff(LONGEST_WITH_TOKEN)
        } else {
            // By now the requests of a fleet are spread out; each instance sends one a minute.
            LONGEST_WITH_TOKEN
        };
        // The pause counts from the last request, which may have taken long to fail.
        let waited = last_sent.map_or(Duration::ZERO, |sent| now.uptime.since(sent));
        Some(Self {
            start: now,
            while_usable: while_usable.saturating_sub(waited),
            without: backoff(LONGEST_WITHOUT).saturating_sub(waited),
        })
    }
}

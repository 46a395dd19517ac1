//! The pause after an acquisition: how long nothing is sent for a token.

use std::time::Duration;

use super::{Jitter, Now};
use crate::response::{ResponseError, ResponseErrorKind, RetryAdvice};

/// How long the service's own refusal is remembered, and a 429 that names no pause.
const REFUSED_PAUSE: Duration = Duration::from_secs(60);
/// The longest pause while a token is usable, and while none is.
const LONGEST_WITH_TOKEN: Duration = Duration::from_secs(60);
const LONGEST_WITHOUT: Duration = Duration::from_secs(10);
/// The first pause of a backoff, and the shortest.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// From when, and for how long, nothing is sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rest {
    start: Now,
    while_usable: Duration,
    /// A token may come to its end in the middle of a rest.
    without: Duration,
}

impl Rest {
    /// A pause that holds as long as a token is usable.
    pub(super) fn while_usable(start: Now, pause: Duration) -> Self {
        Self { start, while_usable: pause, without: Duration::ZERO }
    }

    /// What is left of it at `now`.
    pub(super) fn remaining(&self, now: Now, usable: bool) -> Duration {
        let pause = if usable { self.while_usable } else { self.without };
        pause.saturating_sub(now.since(self.start))
    }

    /// The pause after so many failures in a row, the last of them with this response.
    pub(super) fn after_failure(
        failures: u32,
        response: Option<&ResponseError>,
        last_sent: Option<Now>,
        now: Now,
        jitter: Jitter,
    ) -> Option<Self> {
        if let Some(pause) = response.and_then(remembered) {
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
            // By now the instances of a fleet are scattered; what counts is one request a minute.
            LONGEST_WITH_TOKEN
        };
        // From request to request: one that hung for long has waited already.
        let waited = last_sent.map_or(Duration::ZERO, |sent| now.since(sent));
        Some(Self {
            start: now,
            while_usable: while_usable.saturating_sub(waited),
            without: backoff(LONGEST_WITHOUT).saturating_sub(waited),
        })
    }
}

/// How long a refusal is remembered, if it does not pass soon by itself.
///
/// A page of a firewall or a gateway is passing trouble whatever its status; only a 429 keeps its
/// minute, since gateways answer it too. What is wrong with one user may be mended soon.
fn remembered(error: &ResponseError) -> Option<Duration> {
    use ResponseErrorKind as Kind;

    if let Some(pause) = error.retry_after() {
        return Some(pause);
    }
    let is_lasting = match error.kind() {
        Kind::RateLimited | Kind::QuotaExceeded => true,
        Kind::ServerError
        | Kind::Malformed
        | Kind::Conflict
        | Kind::UserNotFound
        | Kind::UserDeactivated
        | Kind::InvalidUsername => false,
        Kind::Unauthorized if error.retry_advice() == RetryAdvice::WithNewAppToken => false,
        Kind::InvalidClient
        | Kind::InvalidPassword
        | Kind::ApplicationNotFound
        | Kind::Unauthorized
        | Kind::Rejected
        | Kind::Redirected => error.is_from_service(),
    };
    is_lasting.then_some(REFUSED_PAUSE)
}

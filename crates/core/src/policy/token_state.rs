//! State of one cached token: who fetches it, who waits, who uses it, and what to keep.

mod resting;

use std::num::NonZeroU32;
use std::time::Duration;

pub use self::resting::RestingState;
use super::cooldown::Cooldown;
use super::evidence::{Evidence, Refusal, Strength};
use super::{Freshness, Jitter, Now, RateLimiter, Uptime};
use crate::response::ResponseError;
use crate::token::{IssuedToken, Lifetime};

/// Next step of a caller that needs the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Decision {
    /// Use the cached token.
    Use,
    /// Use the cached token, and start the acquisition that replaces it. Only one caller gets this.
    UseAndRefresh,
    /// Start the acquisition and wait for it. Only one caller gets this.
    Fetch,
    /// Wait for the acquisition in flight.
    Join,
    /// The last acquisition failed, or too many requests were sent: call again at this time, or return
    /// the last error.
    WaitUntil(Uptime),
}

/// Token to keep after an acquisition succeeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
// Complete: there is the new token, and there may be an old one.
pub enum Keep {
    /// The new one replaces the old one, if there is one.
    New,
    /// The old one is still good, and the lifetime of the new one is unknown.
    Old,
}

/// Result of a successful acquisition.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct Success {
    /// The number of the new token, higher than all before it.
    pub generation: u64,
    /// The times at which the new token is due for renewal and too old.
    pub freshness: Freshness,
    /// The token to keep.
    pub keep: Keep,
}

/// Result of a report that a token was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
// Complete: a caller has one reaction to each.
pub enum Report {
    /// Another token is cached, or none.
    Outdated,
    /// The service accepted the token in a later request: it is good.
    Disproved,
    /// Replace the token; it stays in use until the new one arrives.
    Replace,
    /// Do not use the token any more.
    Remove,
    /// Too many reports of this kind: the token stays in use and is not replaced.
    Ignored,
}

/// State of one cached token with many callers, without the token, a clock or a lock.
///
/// Call [`decide`](Self::decide) for each caller. The caller that gets `Fetch` or `UseAndRefresh` starts
/// one acquisition of at most [`max_requests`](Self::max_requests) requests, reports each by
/// [`sent`](Self::sent), and reports its end by [`succeeded`](Self::succeeded),
/// [`failed`](Self::failed) or [`abandoned`](Self::abandoned). In return:
///
/// - at most one acquisition is in flight;
/// - a failure never removes, shortens or delays a token that is still good, and neither does a new
///   token of unknown lifetime;
/// - generations only grow;
/// - no more than ten requests are sent in any minute, however often tokens are refused;
/// - while the service is unavailable and callers get errors, a request is sent at least every ten
///   seconds, so that the errors end soon after the service is back;
/// - while a token is good, failing requests become one a minute;
/// - a [report](Self::report) that a token was refused is only evidence: the token stays in use until
///   its replacement arrives, unless the reports of two users confirm it.
#[derive(Clone, Debug)]
pub struct TokenState {
    generation: u64,
    cached: Option<CachedToken>,
    /// The cached token was reported as refused, and is due at once.
    is_reported: bool,
    in_flight: bool,
    failures: u32,
    cooldown: Option<Cooldown>,
    last_sent: Option<Uptime>,
    limiter: RateLimiter,
    evidence: Evidence,
}

/// Facts about the cached token.
#[derive(Clone, Copy, Debug)]
struct CachedToken {
    generation: u64,
    freshness: Freshness,
    /// Whether the service reported its lifetime.
    has_lifetime: bool,
}

const MINUTE: Duration = Duration::from_secs(60);
/// The most requests in one minute, and how many of them at once; the others are sent every ten seconds.
const IN_A_MINUTE: NonZeroU32 = NonZeroU32::new(10).unwrap();
const AT_ONCE: NonZeroU32 = NonZeroU32::new(4).unwrap();

impl Default for TokenState {
    fn default() -> Self {
        Self {
            generation: 0,
            cached: None,
            is_reported: false,
            in_flight: false,
            failures: 0,
            cooldown: None,
            last_sent: None,
            limiter: RateLimiter::new(IN_A_MINUTE, MINUTE, AT_ONCE),
            evidence: Evidence::new(),
        }
    }
}

impl TokenState {
    /// The state before there is a token.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The number of the last token; each token has the next one.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Whether an acquisition is in flight.
    #[must_use]
    pub fn is_in_flight(&self) -> bool {
        self.in_flight
    }

    /// Whether a token is cached that may be used at `now`.
    #[must_use]
    pub fn is_usable(&self, now: Now) -> bool {
        self.cached.is_some_and(|cached| cached.freshness.is_usable(now))
    }

    /// Whether the cached token was reported as refused and is to be replaced.
    #[must_use]
    pub fn is_reported(&self) -> bool {
        self.is_reported
    }

    /// Decides what a caller does at `now`. After `Fetch` or `UseAndRefresh` an acquisition is in flight.
    pub fn decide(&mut self, now: Now) -> Decision {
        let usable = self.cached.filter(|cached| cached.freshness.is_usable(now));
        let pause = self.pause(now, usable.is_some());
        match usable {
            Some(cached) => {
                let is_due = self.is_reported || cached.freshness.is_due(now);
                if !is_due || self.in_flight || !pause.is_zero() {
                    return Decision::Use;
                }
                self.in_flight = true;
                Decision::UseAndRefresh
            }
            None if self.in_flight => Decision::Join,
            None if !pause.is_zero() => Decision::WaitUntil(now.uptime.after(pause)),
            None => {
                self.in_flight = true;
                Decision::Fetch
            }
        }
    }

    /// The time for which nothing is sent.
    fn pause(&self, now: Now, usable: bool) -> Duration {
        let cooldown = self.cooldown.map(|cooldown| cooldown.remaining(now, usable));
        let limit = self.limiter.next(now.uptime).since(now.uptime);
        cooldown.unwrap_or_default().max(limit)
    }

    /// The most requests that the acquisition which starts at `now` may send, at least one.
    ///
    /// It is one while a token is usable: no caller waits, and another acquisition follows. Without a token,
    /// or if it was reported as refused, it is what the limit of the minute leaves.
    #[must_use]
    pub fn max_requests(&self, now: Now) -> u32 {
        let nobody_waits = self.is_usable(now) && !self.is_reported;
        if nobody_waits { 1 } else { self.limiter.free(now.uptime).max(1) }
    }

    /// Reports that the acquisition in flight sent a request at `now`.
    pub fn sent(&mut self, now: Now) {
        self.last_sent = Some(now.uptime);
        self.limiter.take(now.uptime);
    }

    /// Reports that the acquisition got a token, which was received at `received`.
    ///
    /// Set `is_unchanged` if it is the same token that was last reported as refused: another request
    /// would get it again, so reports do not make it unusable.
    pub fn succeeded(
        &mut self,
        token: &impl IssuedToken,
        is_unchanged: bool,
        received: Now,
        jitter: Jitter,
    ) -> Success {
        self.in_flight = false;
        self.failures = 0;
        self.cooldown = None;
        self.keep(token, is_unchanged, received, jitter)
    }

    /// Reports that an abandoned acquisition got a token after all, which replaces only an unusable one.
    pub fn succeeded_late(
        &mut self,
        token: &impl IssuedToken,
        is_unchanged: bool,
        received: Now,
        jitter: Jitter,
    ) -> Option<Success> {
        let is_needed = !self.is_usable(received);
        is_needed.then(|| self.keep(token, is_unchanged, received, jitter))
    }

    fn keep(
        &mut self,
        token: &impl IssuedToken,
        is_unchanged: bool,
        received: Now,
        jitter: Jitter,
    ) -> Success {
        self.generation += 1;
        let generation = self.generation;
        let freshness = Freshness::with_age(
            token.cache_lifetime(),
            token.age_when_received(),
            received,
            jitter,
        );
        let has_lifetime = token.lifetime() != Lifetime::Unknown;
        let is_old_good = self.cached.is_some_and(|old| {
            old.has_lifetime && old.freshness.is_usable(received) && !self.is_reported
        });
        if !has_lifetime && is_old_good {
            self.cooldown = Some(Cooldown::while_usable(received, MINUTE));
            return Success { generation, freshness, keep: Keep::Old };
        }
        self.cached = Some(CachedToken { generation, freshness, has_lifetime });
        self.is_reported = false;
        self.evidence.renewed(is_unchanged);
        Success { generation, freshness, keep: Keep::New }
    }

    /// Reports that the acquisition failed at `now`, with a response or without one (`None`).
    pub fn failed(&mut self, response: Option<&ResponseError>, now: Now, jitter: Jitter) {
        self.in_flight = false;
        self.failures = self.failures.saturating_add(1);
        self.cooldown =
            Cooldown::after_failure(self.failures, response, self.last_sent, now, jitter);
    }

    /// Reports that another process renews the token, so the acquisition ended without a request.
    ///
    /// It is no failure. While the cached token is usable, the next acquisition starts after `pause`.
    pub fn deferred(&mut self, pause: Duration, now: Now) {
        self.in_flight = false;
        self.cooldown = Some(Cooldown::while_usable(now, pause));
    }

    /// Reports that no process sends a request for this time, so the acquisition ended without one.
    ///
    /// It is no failure of this process. The next acquisition starts after `pause` in any case.
    pub fn rested(&mut self, pause: Duration, now: Now) {
        self.in_flight = false;
        self.cooldown = Some(Cooldown::always(now, pause));
    }

    /// Forgets the failures before, since their cause is gone: refused credentials were replaced.
    ///
    /// The limit on requests stays.
    pub fn forget_failures(&mut self) {
        self.failures = 0;
        self.cooldown = None;
    }

    /// Reports that the acquisition will not end: its task was dropped or is not run any more. Another
    /// one may start at once.
    pub fn abandoned(&mut self) {
        self.in_flight = false;
    }

    /// Reports a 401 for a request that carried the token of this generation.
    ///
    /// After `Replace`, [`decide`](Self::decide) starts the acquisition of another token. `Remove` is
    /// returned only if that acquisition is in flight or may start at once.
    pub fn report(&mut self, generation: u64, refusal: &Refusal, now: Now) -> Report {
        if !self.is_cached(generation) {
            return Report::Outdated;
        }
        let strength = self.evidence.refused(refusal);
        let removes = match strength {
            Strength::Disproved => return Report::Disproved,
            Strength::Single => false,
            Strength::Repeated => self.may_replace(now) && self.evidence.try_spend(now.uptime),
            Strength::Confirmed => self.may_replace(now),
        };
        if removes {
            self.remove();
            return Report::Remove;
        }
        if !self.in_flight && !self.is_reported {
            if !self.evidence.try_spend(now.uptime) {
                return Report::Ignored;
            }
            self.is_reported = true;
        }
        Report::Replace
    }

    /// Reports that the service accepted the token of this generation in a request sent at this time.
    ///
    /// Earlier refusals do not count any more. Returns whether there were any.
    pub fn accepted(&mut self, generation: u64, sent: Uptime) -> bool {
        let is_cleared = self.is_cached(generation) && self.evidence.accepted(sent);
        if is_cleared {
            self.is_reported = false;
        }
        is_cleared
    }

    /// Removes the token of this generation. Returns whether it was removed.
    ///
    /// It stays if it cannot be replaced at once or if tokens were invalidated too often. A token of
    /// another generation is not cached any more.
    pub fn invalidate(&mut self, generation: u64, now: Now) -> bool {
        let is_removed = self.is_cached(generation)
            && self.may_replace(now)
            && self.evidence.try_spend(now.uptime);
        if is_removed {
            self.remove();
        }
        is_removed
    }

    fn is_cached(&self, generation: u64) -> bool {
        self.cached.is_some_and(|cached| cached.generation == generation)
    }

    fn may_replace(&self, now: Now) -> bool {
        self.in_flight || self.pause(now, false).is_zero()
    }

    fn remove(&mut self) {
        self.cached = None;
        self.is_reported = false;
    }
}

//! State of one cached token: who fetches it, who waits, who uses it, and what to keep.

use std::num::NonZeroU32;
use std::time::Duration;

use super::evidence::{Evidence, Refusal, Strength};
use super::rest::Rest;
use super::{Freshness, Jitter, Now, RateLimiter, Uptime};
use crate::response::ResponseError;
use crate::token::{IssuedToken, Lifetime};

/// What a caller that wants the token does now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Decision {
    /// Take the kept token.
    Use,
    /// Take the kept token, and start the acquisition that replaces it. Only one caller is told.
    UseAndRefresh,
    /// Start the acquisition and wait for it. Only one caller is told.
    Fetch,
    /// Wait for the acquisition in flight.
    Join,
    /// The last acquisition failed, or too many requests were sent: ask again at this time, or take
    /// the last error.
    WaitUntil(Uptime),
}

/// Which token to keep after an acquisition succeeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
// Complete: there is the new token, and there may be an old one.
pub enum Keep {
    /// The new one replaces the old one, if there is one.
    New,
    /// The old one is still good, and the lifetime of the new one is unknown.
    Old,
}

/// What became of a token that was just issued.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct Success {
    /// The number of the new token, higher than all before it.
    pub generation: u64,
    /// When the new token is due for renewal, and until when it may be handed out.
    pub freshness: Freshness,
    /// Which token to keep.
    pub keep: Keep,
}

/// What follows from the report that a token was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
// Complete: a caller does one thing for each.
pub enum Report {
    /// Another token is kept, or none.
    Outdated,
    /// The service accepted the token in a request that was sent later: it is good.
    Disproved,
    /// The token is to be replaced, and stays in use until the new one is there.
    Replace,
    /// The token must not be used any more.
    Remove,
    /// Too many reports of this kind: the token stays in use and is not replaced.
    Ignored,
}

/// The bookkeeping of one token for many callers, without the token, a clock or a lock.
///
/// Ask [`decide`](Self::decide) for each caller. The caller that is told `Fetch` or `UseAndRefresh`
/// starts one acquisition of at most [`max_requests`](Self::max_requests) requests, tells of each by
/// [`sent`](Self::sent), and reports its end by [`succeeded`](Self::succeeded),
/// [`failed`](Self::failed) or [`abandoned`](Self::abandoned). Then these hold:
///
/// - at most one acquisition is in flight;
/// - a failure never removes, shortens or delays a token that is still good, and neither does a new
///   token of unknown lifetime;
/// - generations only grow;
/// - no more than ten requests are sent in any minute, however often tokens are refused or callers
///   ask; while the service is away, a request is sent at least every ten seconds that somebody
///   asks in vain, so that errors end soon after it is back;
/// - while a token is good, failing requests become one a minute;
/// - a [report](Self::report) that a token was refused is evidence and no order: the token stays in use
///   until its replacement is there, unless two users confirm it.
#[derive(Clone, Debug)]
pub struct TokenState {
    generation: u64,
    kept: Option<Kept>,
    /// The kept token was reported as refused, and is due at once.
    is_reported: bool,
    in_flight: bool,
    failures: u32,
    rest: Option<Rest>,
    last_sent: Option<Now>,
    limiter: RateLimiter,
    evidence: Evidence,
}

/// The token that is kept.
#[derive(Clone, Copy, Debug)]
struct Kept {
    generation: u64,
    freshness: Freshness,
    /// Whether the service told its lifetime.
    is_known: bool,
}

const MINUTE: Duration = Duration::from_secs(60);
/// The most requests in one minute, and how many of them at once; the rest is one each ten seconds.
const IN_A_MINUTE: NonZeroU32 = NonZeroU32::new(10).unwrap();
const AT_ONCE: NonZeroU32 = NonZeroU32::new(4).unwrap();

impl Default for TokenState {
    fn default() -> Self {
        Self {
            generation: 0,
            kept: None,
            is_reported: false,
            in_flight: false,
            failures: 0,
            rest: None,
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

    /// The number of the last token; each is one higher than all before it.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Whether an acquisition is in flight.
    #[must_use]
    pub fn is_in_flight(&self) -> bool {
        self.in_flight
    }

    /// Whether a token is kept that may be handed out at `now`.
    #[must_use]
    pub fn is_usable(&self, now: Now) -> bool {
        self.kept.is_some_and(|kept| kept.freshness.is_usable(now))
    }

    /// What a caller does at `now`. After `Fetch` or `UseAndRefresh` an acquisition is in flight.
    pub fn decide(&mut self, now: Now) -> Decision {
        let usable = self.kept.filter(|kept| kept.freshness.is_usable(now));
        let pause = self.pause(now, usable.is_some());
        match usable {
            Some(kept) => {
                let is_due = self.is_reported || kept.freshness.is_due(now);
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

    /// How long nothing is sent.
    fn pause(&self, now: Now, usable: bool) -> Duration {
        let rest = self.rest.map(|rest| rest.remaining(now, usable));
        let limit = self.limiter.next(now.uptime).since(now.uptime);
        rest.unwrap_or_default().max(limit)
    }

    /// The most requests that the acquisition which starts at `now` may send: one while a token
    /// is usable, since nobody waits and the next one comes anyway; otherwise, and for a token that was
    /// reported as refused, what the minute has left. At least one.
    #[must_use]
    pub fn max_requests(&self, now: Now) -> u32 {
        let nobody_waits = self.is_usable(now) && !self.is_reported;
        if nobody_waits { 1 } else { self.limiter.free(now.uptime).max(1) }
    }

    /// A request of the acquisition in flight was sent at `now`.
    pub fn sent(&mut self, now: Now) {
        self.last_sent = Some(now);
        self.limiter.take(now.uptime);
    }

    /// The acquisition brought a token, received at `received`.
    ///
    /// `is_unchanged` says that it is the very token that was last reported as refused: then asking
    /// once more gains nothing, and no number of reports makes it unusable.
    pub fn succeeded(
        &mut self,
        token: &impl IssuedToken,
        is_unchanged: bool,
        received: Now,
        jitter: Jitter,
    ) -> Success {
        self.in_flight = false;
        self.failures = 0;
        self.rest = None;
        self.keep(token, is_unchanged, received, jitter)
    }

    /// An acquisition that counted as abandoned brought a token after all: it is kept if no other one
    /// is usable.
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
        let freshness = Freshness::new(token.cache_lifetime(), received, jitter);
        let is_known = token.lifetime() != Lifetime::Unknown;
        let is_old_good = self.kept.is_some_and(|kept| {
            kept.is_known && kept.freshness.is_usable(received) && !self.is_reported
        });
        if !is_known && is_old_good {
            self.rest = Some(Rest::while_usable(received, MINUTE));
            return Success { generation, freshness, keep: Keep::Old };
        }
        self.kept = Some(Kept { generation, freshness, is_known });
        self.is_reported = false;
        self.evidence.renewed(is_unchanged);
        Success { generation, freshness, keep: Keep::New }
    }

    /// The acquisition failed, at `now`: with a response, or without one (`None`).
    pub fn failed(&mut self, response: Option<&ResponseError>, now: Now, jitter: Jitter) {
        self.in_flight = false;
        self.failures = self.failures.saturating_add(1);
        self.rest = Rest::after_failure(self.failures, response, self.last_sent, now, jitter);
    }

    /// The acquisition has no end: its task was dropped or is not run any more. Another one may
    /// start at once.
    pub fn abandoned(&mut self) {
        self.in_flight = false;
    }

    /// The service answered 401 to a request that carried the token of this generation.
    ///
    /// After `Replace`, [`decide`](Self::decide) starts the acquisition of another token. `Remove` is
    /// answered only if that acquisition is in flight or may start at once.
    pub fn report(&mut self, generation: u64, refusal: &Refusal<'_>, now: Now) -> Report {
        if !self.is_kept(generation) {
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

    /// The service accepted the token of this generation in a request that was sent then. A report
    /// about an earlier request does not count any more. Returns whether that takes one back.
    pub fn accepted(&mut self, generation: u64, sent: Uptime) -> bool {
        let is_cleared = self.is_kept(generation) && self.evidence.accepted(sent);
        if is_cleared {
            self.is_reported = false;
        }
        is_cleared
    }

    /// The owner of the token of this generation does not want it any more. Returns whether it is
    /// gone: an older one is gone already, and one stays if it cannot be replaced at once or was
    /// invalidated too often.
    pub fn invalidate(&mut self, generation: u64, now: Now) -> bool {
        let is_gone = self.is_kept(generation)
            && self.may_replace(now)
            && self.evidence.try_spend(now.uptime);
        if is_gone {
            self.remove();
        }
        is_gone
    }

    fn is_kept(&self, generation: u64) -> bool {
        self.kept.is_some_and(|kept| kept.generation == generation)
    }

    fn may_replace(&self, now: Now) -> bool {
        self.in_flight || self.pause(now, false).is_zero()
    }

    fn remove(&mut self) {
        self.kept = None;
        self.is_reported = false;
    }
}

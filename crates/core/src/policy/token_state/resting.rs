//! State of a cached token for which nothing happens: most tokens of a large cache.

use super::{CachedToken, TokenState};
use crate::policy::{Freshness, Now, Uptime};

/// A [`TokenState`] at rest: a cached token of known lifetime, no acquisition in flight, the last
/// one a success.
///
/// It takes a third of the memory. A cache of many tokens stores it in place of the state until the token
/// is due; `TokenState::from(resting)` is the state as it was.
#[derive(Clone, Copy, Debug)]
pub struct RestingState {
    generation: u64,
    freshness: Freshness,
    /// `NEVER` if nothing was sent.
    last_sent: Uptime,
    /// Of the limit on requests.
    taken: Uptime,
}

impl RestingState {
    /// The number of the cached token.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// The times at which the cached token is due for renewal and too old.
    #[must_use]
    pub fn freshness(&self) -> Freshness {
        self.freshness
    }
}

impl From<RestingState> for TokenState {
    fn from(resting: RestingState) -> Self {
        let RestingState { generation, freshness, last_sent, taken } = resting;
        let new = Self::new();
        Self {
            generation,
            cached: Some(CachedToken { generation, freshness, has_lifetime: true }),
            last_sent: (last_sent != Uptime::NEVER).then_some(last_sent),
            limiter: new.limiter.with_taken(taken),
            ..new
        }
    }
}

impl TokenState {
    /// The state at rest, of which this one can be made again. `None` if something is going on at `now`,
    /// or if the lifetime of the token is unknown.
    #[must_use]
    pub fn at_rest(&self, now: Now) -> Option<RestingState> {
        let CachedToken { generation, freshness, has_lifetime } = self.cached?;
        let is_at_rest = has_lifetime
            && generation == self.generation
            && !self.in_flight
            && !self.is_reported
            && self.failures == 0
            && self.cooldown.is_none()
            && self.evidence.is_blank(now.uptime);
        let last_sent = self.last_sent.unwrap_or(Uptime::NEVER);
        let taken = self.limiter.taken();
        is_at_rest.then_some(RestingState { generation, freshness, last_sent, taken })
    }
}

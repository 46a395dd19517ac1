//! State of a cached token for which nothing happens: most tokens of a large cache.

use super::{CachedToken, TokenState};
use crate::policy::{Freshness, Now, Uptime};

/// A [`TokenState`] at rest: a token is cached, no acquisition is in flight, and the last one succeeded.
///
/// It takes a third of the memory. A cache of many tokens stores it in place of the state until the token
/// is due; `TokenState::from(resting)` is the state as it was.
#[derive(Clone, Copy, Debug)]
pub struct RestingState {
    cached: CachedToken,
    last_sent: Option<Uptime>,
    /// Of the limit on requests.
    taken: Uptime,
}

impl RestingState {
    /// The number of the cached token.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.cached.generation
    }

    /// The times at which the cached token is due for renewal and too old.
    #[must_use]
    pub fn freshness(&self) -> Freshness {
        self.cached.freshness
    }
}

impl From<RestingState> for TokenState {
    fn from(RestingState { cached, last_sent, taken }: RestingState) -> Self {
        let new = Self::new();
        let limiter = new.limiter.with_taken(taken);
        Self { generation: cached.generation, cached: Some(cached), last_sent, limiter, ..new }
    }
}

impl TokenState {
    /// The state at rest, of which this one can be made again. `None` if something is going on at `now`.
    #[must_use]
    pub fn at_rest(&self, now: Now) -> Option<RestingState> {
        let cached = self.cached.filter(|cached| cached.generation == self.generation)?;
        let is_at_rest = !self.in_flight
            && !self.is_reported
            && self.failures == 0
            && self.cooldown.is_none()
            && self.evidence.is_blank(now.uptime);
        let (last_sent, taken) = (self.last_sent, self.limiter.taken());
        is_at_rest.then_some(RestingState { cached, last_sent, taken })
    }
}

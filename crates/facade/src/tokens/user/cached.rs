//! A user in the cache: a token at rest, or a cache with all its state.

use std::sync::Arc;

use easemob_token_core::{AccessToken, Now, RestingState};

use super::UserCache;
use crate::issued::UserToken;

/// What is cached for a user. Most tokens rest: the rest of the state is made when it is needed.
#[derive(Clone)]
pub(super) enum CachedUser {
    Resting(RestingUser),
    Active(UserCache),
}

/// A token that needs nothing until it is due.
#[derive(Clone)]
pub(super) struct RestingUser {
    pub(super) token: UserToken,
    pub(super) state: RestingState,
}

impl CachedUser {
    /// The form that takes the least memory.
    pub(super) fn of(user: &UserCache) -> Self {
        match user.at_rest() {
            Some((token, state)) => Self::Resting(RestingUser { token, state }),
            None => Self::Active(Arc::clone(user)),
        }
    }

    pub(super) fn is(&self, user: &UserCache) -> bool {
        matches!(self, Self::Active(it) if Arc::ptr_eq(it, user))
    }

    /// Whether this is the cached token.
    pub(super) fn holds(&self, token: &AccessToken) -> bool {
        match self {
            Self::Resting(user) => user.token.access_token().expose() == token.expose(),
            Self::Active(user) => user.holds(token),
        }
    }
}

impl RestingUser {
    pub(super) fn fresh(self, now: Now) -> Option<UserToken> {
        (!self.state.freshness().is_due(now)).then_some(self.token)
    }

    pub(super) fn usable(self, now: Now) -> Option<UserToken> {
        self.state.freshness().is_usable(now).then_some(self.token)
    }
}

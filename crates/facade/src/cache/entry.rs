//! A cached token in a caller's hand: a borrow that counts nothing.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use easemob_token_core::{AccessToken, Freshness, IssuedToken, Now};

use crate::sync::Guard;

/// A token with the number that it has among those of its cache.
#[derive(Debug)]
pub(crate) struct CacheEntry<T> {
    token: T,
    pub(super) generation: u64,
    freshness: Freshness,
    /// Whether it was reported as refused, and so is due at once.
    is_reported: AtomicBool,
}

impl<T> CacheEntry<T> {
    pub(super) fn new(token: T, generation: u64, freshness: Freshness) -> Arc<Self> {
        Arc::new(Self { token, generation, freshness, is_reported: AtomicBool::new(false) })
    }

    /// Whether it is time to renew it.
    #[inline]
    pub(super) fn is_due(&self, now: Now) -> bool {
        self.freshness.is_due(now) || self.is_reported.load(Ordering::Relaxed)
    }

    pub(super) fn is_usable(&self, now: Now) -> bool {
        self.freshness.is_usable(now)
    }

    /// Makes it due at once. Returns whether it was already.
    pub(super) fn mark_reported(&self) -> bool {
        self.is_reported.swap(true, Ordering::Relaxed)
    }

    pub(super) fn clear_report(&self) {
        self.is_reported.store(false, Ordering::Relaxed);
    }
}

impl<T: IssuedToken> CacheEntry<T> {
    pub(super) fn is(&self, token: &AccessToken) -> bool {
        self.token.access_token().expose() == token.expose()
    }
}

/// A guard over a token that the client shares among its callers: it derefs to the token.
///
/// Taking one from the cache allocates nothing, locks nothing and counts nothing, so threads do
/// not get into each other's way. It stays what it is when the client goes on to another token. To
/// keep one for long, or in many places, clone the token itself (`AppToken::clone(&it)`).
pub struct TokenGuard<T>(Guard<Option<Arc<CacheEntry<T>>>>);

impl<T> TokenGuard<T> {
    /// `None` if the guard guards nothing.
    pub(super) fn from_guard(guard: Guard<Option<Arc<CacheEntry<T>>>>) -> Option<Self> {
        guard.is_some().then_some(Self(guard))
    }

    pub(super) fn new(entry: Arc<CacheEntry<T>>) -> Self {
        Self(Guard::from_inner(Some(entry)))
    }

    pub(super) fn entry(&self) -> &CacheEntry<T> {
        #[expect(clippy::expect_used, reason = "both ways of making one see to it")]
        self.0.as_deref().expect("a guard does not change what it guards")
    }

    /// The number of this token: each token of a cache has a higher one than all before it.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.entry().generation
    }
}

impl<T> Deref for TokenGuard<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.entry().token
    }
}

impl<T> Clone for TokenGuard<T> {
    fn clone(&self) -> Self {
        Self(Guard::from_inner(self.0.as_ref().map(Arc::clone)))
    }
}

impl<T: fmt::Debug> fmt::Debug for TokenGuard<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

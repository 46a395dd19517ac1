//! A cached token and the guard that callers get.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use easemob_token_core::{AccessToken, Freshness, IssuedToken, Now};

use crate::acquire::{InFlight, RetryRun};
use crate::sync::Guard;

/// An acquisition whose waiters get a cached token.
pub(crate) type EntryInFlight<T> = InFlight<Arc<CacheEntry<T>>>;

/// The requests of such an acquisition.
pub(crate) type EntryRetryRun<'a, T> = RetryRun<'a, Arc<CacheEntry<T>>>;

/// A cached token with its number in the cache and its freshness.
#[derive(Debug)]
pub(crate) struct CacheEntry<T> {
    token: T,
    pub(super) generation: u64,
    freshness: Freshness,
    /// Whether it was reported as refused, and so is due for refresh at once.
    is_reported: AtomicBool,
}

impl<T> CacheEntry<T> {
    pub(super) fn new(token: T, generation: u64, freshness: Freshness) -> Arc<Self> {
        Arc::new(Self { token, generation, freshness, is_reported: AtomicBool::new(false) })
    }

    pub(super) fn token(&self) -> &T {
        &self.token
    }

    /// Whether it is due for refresh.
    #[inline]
    pub(super) fn is_due(&self, now: Now) -> bool {
        self.freshness.is_due(now) || self.is_reported.load(Ordering::Relaxed)
    }

    pub(super) fn is_usable(&self, now: Now) -> bool {
        self.freshness.is_usable(now)
    }

    /// Makes it due for refresh at once. Returns whether it was reported before.
    pub(super) fn mark_reported(&self) -> bool {
        self.is_reported.swap(true, Ordering::Relaxed)
    }

    pub(super) fn clear_report(&self) {
        self.is_reported.store(false, Ordering::Relaxed);
    }
}

impl<T: IssuedToken> CacheEntry<T> {
    #[cfg(feature = "fleet")]
    pub(super) fn access_token(&self) -> &AccessToken {
        self.token.access_token()
    }

    pub(super) fn is(&self, token: &AccessToken) -> bool {
        self.token.access_token().expose() == token.expose()
    }
}

/// A guard over a cached token that all callers share; it derefs to the token.
///
/// So what is [left](crate::Issued::remaining) of its lifetime is `guard.remaining()`.
///
/// Taking one from the cache allocates nothing, takes no lock and changes no shared counter, so
/// threads do not slow each other down. The guard keeps its token when the client goes on to
/// another one.
///
/// Like [`std::cell::Ref`], a guard has no `clone` of its own. To store the token, or to use it in
/// several places, clone the token through the guard:
///
/// ```
/// use easemob_token::{AppToken, Client, Error};
///
/// async fn owned(client: &Client) -> Result<AppToken, Error> {
///     Ok(client.app_token().await?.clone())
/// }
/// ```
pub struct TokenGuard<T>(Guard<Option<Arc<CacheEntry<T>>>>);

impl<T> TokenGuard<T> {
    /// Wraps a guard from the cache; `None` if the cache is empty.
    pub(super) fn from_guard(guard: Guard<Option<Arc<CacheEntry<T>>>>) -> Option<Self> {
        guard.is_some().then_some(Self(guard))
    }

    pub(super) fn new(entry: Arc<CacheEntry<T>>) -> Self {
        Self(Guard::from_inner(Some(entry)))
    }

    pub(super) fn entry(&self) -> &CacheEntry<T> {
        #[expect(clippy::expect_used, reason = "both constructors check it")]
        self.0.as_deref().expect("a guard holds an entry")
    }

    /// The number of this token in its cache; later tokens have higher numbers.
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

impl<T: fmt::Debug> fmt::Debug for TokenGuard<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

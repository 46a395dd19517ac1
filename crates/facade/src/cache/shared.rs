//! A kept token in a caller's hand: a borrow that counts nothing.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use easemob_token_core::Freshness;

use crate::sync::Guard;

/// A token with the number it has among those of its cache.
#[derive(Debug)]
pub(crate) struct Kept<T> {
    pub(crate) token: T,
    pub(crate) generation: u64,
    /// `None` for a token of unknown lifetime, which is handed out and not kept.
    pub(crate) freshness: Option<Freshness>,
}

/// A token that the client shares among its callers, read in place: it derefs to the token.
///
/// Taking one from the cache allocates nothing, locks nothing and counts nothing, so threads do
/// not get into each other's way. It stays what it is when the client goes on to another token.
/// Where one is to be kept for long, or by many, clone the token itself (`AppToken::clone(&it)`).
pub struct Shared<T>(Guard<Option<Arc<Kept<T>>>>);

impl<T> Shared<T> {
    /// `None` where the guard guards nothing.
    pub(crate) fn from_guard(guard: Guard<Option<Arc<Kept<T>>>>) -> Option<Self> {
        guard.is_some().then_some(Self(guard))
    }

    pub(crate) fn new(kept: Arc<Kept<T>>) -> Self {
        Self(Guard::from_inner(Some(kept)))
    }

    pub(crate) fn kept(&self) -> &Kept<T> {
        #[expect(clippy::expect_used, reason = "both ways of making one see to it")]
        self.0.as_deref().expect("a guard does not change what it guards")
    }

    /// The number of this token: each token of a cache has a higher one than all before it.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.kept().generation
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.kept().token
    }
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self(Guard::from_inner(self.0.as_ref().map(Arc::clone)))
    }
}

impl<T: fmt::Debug> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

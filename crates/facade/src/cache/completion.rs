//! The completion guard: ends an acquisition even if its task is dropped.

use std::sync::Arc;

use super::{EntryInFlight, Fetched, TokenCache, TokenSource};
use crate::error::Error;

/// A guard that ends an acquisition once: with its result, or as abandoned if it is dropped first.
pub(super) struct CompletionGuard<S: TokenSource> {
    cache: Arc<TokenCache<S>>,
    in_flight: Arc<EntryInFlight<S::Token>>,
    is_finished: bool,
}

impl<S: TokenSource> CompletionGuard<S> {
    pub(super) fn new(
        cache: &Arc<TokenCache<S>>,
        in_flight: &Arc<EntryInFlight<S::Token>>,
    ) -> Self {
        Self { cache: Arc::clone(cache), in_flight: Arc::clone(in_flight), is_finished: false }
    }

    pub(super) fn finish(mut self, result: Result<Fetched<S::Token>, Error>) {
        self.is_finished = true;
        self.cache.finish(&self.in_flight, result);
    }
}

impl<S: TokenSource> Drop for CompletionGuard<S> {
    fn drop(&mut self) {
        if !self.is_finished {
            self.cache.abandon(&self.in_flight);
        }
    }
}

//! Access to a store that may fail, hang, block or panic, within a time limit.

use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;

use easemob_token_core::Uptime;
use easemob_token_store::{StoreError, StoreErrorKind, Stored, Swap, TokenStore};

use crate::acquire::RequestContext;

/// The store of a client.
pub(super) struct StoreAccess {
    store: Arc<dyn TokenStore>,
    timeout: Duration,
    /// Since when the store's code has been running, in nanoseconds since the clock's origin, if it is.
    ///
    /// Only a store that blocks its thread stays in there.
    running_since: AtomicU64,
}

const IDLE: u64 = u64::MAX;

impl StoreAccess {
    pub(super) fn new(store: Arc<dyn TokenStore>, timeout: Duration) -> Self {
        Self { store, timeout, running_since: AtomicU64::new(IDLE) }
    }

    /// Another access to the same store, which notes by itself whether the store blocks.
    pub(super) fn another(&self) -> Self {
        Self::new(Arc::clone(&self.store), self.timeout)
    }

    pub(super) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Whether the store blocks the thread of another acquisition for longer than the time limit.
    fn blocks(&self, now: Uptime) -> bool {
        let since = self.running_since.load(Ordering::Relaxed);
        let since = Uptime::from_origin(Duration::from_nanos(since));
        now.since(since) > self.timeout
    }

    pub(super) async fn read(
        &self,
        context: &RequestContext,
        name: &str,
    ) -> Result<Option<Stored>, StoreError> {
        self.guarded(context, || self.store.read(name)).await
    }

    pub(super) async fn swap(
        &self,
        context: &RequestContext,
        name: &str,
        expected: Option<&Stored>,
        record: &[u8],
        keep: Duration,
    ) -> Result<Swap, StoreError> {
        self.guarded(context, || self.store.swap(name, expected, record, keep)).await
    }

    /// Runs an operation within the time limit; a panic of the store is an error of it.
    async fn guarded<O, F>(
        &self,
        context: &RequestContext,
        operation: impl FnOnce() -> F,
    ) -> Result<O, StoreError>
    where
        F: Future<Output = Result<O, StoreError>>,
    {
        if self.blocks(context.clock.uptime()) {
            return Err(StoreError::new(StoreErrorKind::Broken, "it blocks its thread"));
        }
        let panicked = || StoreError::new(StoreErrorKind::Timeout, "it panicked");
        let timed_out = || StoreError::new(StoreErrorKind::Timeout, "");
        let Ok(operation) = catch_unwind(AssertUnwindSafe(operation)) else {
            return Err(panicked());
        };
        let (mut operation, mut limit) = (pin!(operation), pin!(context.pause(self.timeout)));
        poll_fn(|cx| {
            let started = context.clock.uptime().since_origin().as_nanos();
            let started = u64::try_from(started).unwrap_or(IDLE);
            self.running_since.store(started, Ordering::Relaxed);
            let polled = catch_unwind(AssertUnwindSafe(|| operation.as_mut().poll(cx)));
            self.running_since.store(IDLE, Ordering::Relaxed);
            match polled {
                Ok(Poll::Ready(result)) => Poll::Ready(result),
                Ok(Poll::Pending) => limit.as_mut().poll(cx).map(|()| Err(timed_out())),
                Err(_) => Poll::Ready(Err(panicked())),
            }
        })
        .await
    }
}

impl fmt::Debug for StoreAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The application's store prints itself, which it may do as it likes; so it is not asked here.
        f.debug_struct("StoreAccess").field("timeout", &self.timeout).finish_non_exhaustive()
    }
}

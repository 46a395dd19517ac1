//! An acquisition under way, seen by those who wait for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use super::shared::Kept;
use crate::error::Error;
use crate::sync::{Event, OnceLock};

/// What an acquisition comes to: all who waited for it get the same.
pub(crate) type Outcome<T> = Result<Arc<Kept<T>>, Error>;

/// Ends once, for everybody who waits then and for everybody who looks later.
#[derive(Debug)]
pub(crate) struct Acquisition<T> {
    outcome: OnceLock<Outcome<T>>,
    ended: Event,
    /// On the client's monotonic clock.
    started: Duration,
    sent: AtomicU32,
}

impl<T> Acquisition<T> {
    pub(crate) fn new(started: Duration) -> Self {
        let (outcome, ended, sent) = (OnceLock::new(), Event::new(), AtomicU32::new(0));
        Self { outcome, ended, started, sent }
    }

    /// For how long it has been under way.
    pub(crate) fn age(&self, uptime: Duration) -> Duration {
        uptime.saturating_sub(self.started)
    }

    /// One more request goes out for it.
    pub(crate) fn count_request(&self) {
        self.sent.fetch_add(1, Ordering::Relaxed);
    }

    /// How many requests went out for it.
    pub(crate) fn sent(&self) -> u32 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Tells everybody. An acquisition has one end; a second one changes nothing.
    pub(crate) fn end(&self, outcome: Outcome<T>) {
        let _ = self.outcome.set(outcome);
        self.ended.notify(usize::MAX);
    }

    pub(crate) async fn wait(&self) -> Outcome<T> {
        loop {
            if let Some(outcome) = self.outcome.get() {
                return outcome.clone();
            }
            let ended = self.ended.listen();
            // It may have ended between the look and the listening.
            if self.outcome.get().is_none() {
                ended.await;
            }
        }
    }
}

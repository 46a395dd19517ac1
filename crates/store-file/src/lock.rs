//! The time for which a writer waits for the lock.

use std::thread;
use std::time::{Duration, Instant};

use easemob_token_store::{StoreError, StoreErrorKind};

use crate::thread::Caller;

/// The first and the longest pause between two attempts.
const FIRST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(8);

/// The pauses of one writer between its attempts to lock.
///
/// The operating system can wait without pauses, but not for a limited time.
pub(crate) struct Pauses {
    began: Instant,
    limit: Duration,
    next: Duration,
}

impl Pauses {
    pub(crate) fn new(limit: Duration) -> Self {
        Self { began: Instant::now(), limit, next: FIRST_PAUSE }
    }

    /// Waits until the next attempt; fails if the time is over or nobody waits for the result.
    pub(crate) fn pause<T>(&mut self, caller: &Caller<T>) -> Result<(), StoreError> {
        let left = self.limit.saturating_sub(self.began.elapsed());
        if left.is_zero() || caller.is_gone() {
            return Err(timeout());
        }
        thread::sleep(self.next.min(left));
        self.next = (2 * self.next).min(LONGEST_PAUSE);
        Ok(())
    }
}

/// The error of a writer that did not get the lock.
pub(crate) fn timeout() -> StoreError {
    StoreError::new(StoreErrorKind::Timeout, "another process holds the lock of the record")
}

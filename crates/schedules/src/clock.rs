//! The time, which stands still until a test moves it, and the chance, which is the schedule's.

use std::time::{Duration, SystemTime};

use easemob_token_core::{Jitter, Moment};
use shuttle::rand::{Rng as _, thread_rng};
use shuttle::sync::atomic::{AtomicU64, Ordering};

/// Seconds, on both clocks.
#[derive(Debug, Default)]
pub struct Clock(AtomicU64);

impl Clock {
    pub(crate) fn now(&self) -> Moment {
        let time = self.uptime();
        Moment { wall: SystemTime::UNIX_EPOCH + time, uptime: time }
    }

    pub(crate) fn uptime(&self) -> Duration {
        Duration::from_secs(self.0.load(Ordering::SeqCst))
    }

    /// Lets so many seconds pass.
    pub fn advance(&self, seconds: u64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

pub(crate) fn jitter() -> Jitter {
    Jitter::new(thread_rng().r#gen())
}

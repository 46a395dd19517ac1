//! The time, which stands still until a test moves it.

use std::time::{Duration, SystemTime};

use easemob_token_core::Moment;
use shuttle::sync::atomic::{AtomicU64, Ordering};

/// Seconds, on both clocks.
#[derive(Debug, Default)]
pub struct Clock(AtomicU64);

impl Clock {
    /// The moment.
    pub fn now(&self) -> Moment {
        let time = Duration::from_secs(self.0.load(Ordering::SeqCst));
        Moment { wall: SystemTime::UNIX_EPOCH + time, uptime: time }
    }

    /// Lets so many seconds pass.
    pub fn advance(&self, seconds: u64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

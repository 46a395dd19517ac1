//! The emulator's clock: real time plus an offset that a test can change.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A clock based on one reading of the system clock, so that later adjustments of that clock have no
/// effect.
#[derive(Debug)]
pub(crate) struct Clock {
    started: Instant,
    /// Time of the system clock at `started`, since the Unix epoch.
    origin: Duration,
    offset_ms: AtomicI64,
}

impl Clock {
    pub(crate) fn new() -> Self {
        Self {
            started: Instant::now(),
            origin: SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default(),
            offset_ms: AtomicI64::new(0),
        }
    }

    /// Time since the Unix epoch.
    pub(crate) fn now(&self) -> Duration {
        let real = self.origin.saturating_add(self.started.elapsed());
        let offset = self.offset_ms.load(Ordering::SeqCst);
        let distance = Duration::from_millis(offset.unsigned_abs());
        if offset < 0 { real.saturating_sub(distance) } else { real.saturating_add(distance) }
    }

    pub(crate) fn advance(&self, by: Duration) {
        self.shift(i64::try_from(by.as_millis()).unwrap_or(i64::MAX));
    }

    pub(crate) fn turn_back(&self, by: Duration) {
        self.shift(i64::try_from(by.as_millis()).map_or(i64::MIN, |ms| -ms));
    }

    /// Moves to this time since the Unix epoch.
    pub(crate) fn set(&self, now: Duration) {
        let before = self.now();
        match now.checked_sub(before) {
            Some(ahead) => self.advance(ahead),
            None => self.turn_back(before.saturating_sub(now)),
        }
    }

    /// Follows real time again.
    pub(crate) fn reset(&self) {
        self.offset_ms.store(0, Ordering::SeqCst);
    }

    fn shift(&self, by_ms: i64) {
        // The closure always returns `Some`, so the update cannot fail.
        let _ = self.offset_ms.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |offset| {
            Some(offset.saturating_add(by_ms))
        });
    }
}

/// Whole milliseconds, like every timestamp on the wire.
pub(crate) fn unix_ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moves_both_ways_and_saturates() {
        let clock = Clock::new();
        let start = clock.now();
        clock.advance(Duration::from_secs(3600));
        assert!(clock.now() >= start + Duration::from_secs(3600));
        clock.turn_back(Duration::from_secs(7200));
        assert!(clock.now() < start);
        clock.turn_back(Duration::MAX);
        assert_eq!(clock.now(), Duration::ZERO);
    }
}

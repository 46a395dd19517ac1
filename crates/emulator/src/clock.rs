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
        Offset(self.offset_ms.load(Ordering::SeqCst)).applied_to(self.real())
    }

    fn real(&self) -> Duration {
        self.origin.saturating_add(self.started.elapsed())
    }

    pub(crate) fn shift(&self, step: Step) {
        // The closure always returns `Some`, so the update cannot fail.
        let _ = self.offset_ms.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |offset| {
            Some(Offset(offset).and(step, self.real()).0)
        });
    }

    /// Follows real time again.
    pub(crate) fn reset(&self) {
        self.offset_ms.store(0, Ordering::SeqCst);
    }
}

/// A change of a clock.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    Ahead(Duration),
    Back(Duration),
    /// To this time since the Unix epoch.
    To(Duration),
}

/// The distance of a clock from another one, in milliseconds.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Offset(i64);

impl Offset {
    pub(crate) fn applied_to(self, time: Duration) -> Duration {
        let distance = Duration::from_millis(self.0.unsigned_abs());
        if self.0 < 0 { time.saturating_sub(distance) } else { time.saturating_add(distance) }
    }

    /// The distance after a step, from a clock that shows `base`.
    pub(crate) fn and(self, step: Step, base: Duration) -> Self {
        let ms = |by: Duration| i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        Self(match step {
            Step::Ahead(by) => self.0.saturating_add(ms(by)),
            Step::Back(by) => self.0.saturating_sub(ms(by)),
            Step::To(then) => ms(then).saturating_sub(ms(base)),
        })
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
        clock.shift(Step::Ahead(Duration::from_secs(3600)));
        assert!(clock.now() >= start + Duration::from_secs(3600));
        clock.shift(Step::Back(Duration::from_secs(7200)));
        assert!(clock.now() < start);
        clock.shift(Step::Back(Duration::MAX));
        assert_eq!(clock.now(), Duration::ZERO);
        clock.shift(Step::To(Duration::from_secs(5)));
        assert_eq!(clock.now().as_secs(), 5);
    }
}

//! The clock of a client: the system's, or one that a test moves.

#[cfg(any(test, feature = "test-util"))]
mod test_clock;

#[cfg(any(test, not(any(target_os = "linux", target_os = "android"))))]
use std::time::SystemTime;

use easemob_token_core::{Jitter, Now, Uptime, WallTime};

#[cfg(any(test, feature = "test-util"))]
pub use self::test_clock::TestClock;

/// The wall clock and the monotonic clock of a client.
#[derive(Clone, Debug)]
pub(crate) struct Clock {
    // The kernel's monotonic clock has an origin of its own.
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    origin: std::time::Instant,
    /// Set if a test moves the clock.
    by_hand: Option<TestClock>,
}

impl Clock {
    /// The system's clocks.
    pub(crate) fn system() -> Self {
        Self {
            #[cfg(not(any(target_os = "linux", target_os = "android")))]
            origin: std::time::Instant::now(),
            by_hand: None,
        }
    }

    /// A clock that a test moves.
    #[cfg(any(test, feature = "test-util"))]
    pub(crate) fn by_hand(clock: TestClock) -> Self {
        let mut this = Self::system();
        this.by_hand = Some(clock);
        this
    }

    /// The clock by which the client sleeps, if its runtime does not.
    pub(crate) fn apart_from_runtime(&self) -> Option<&TestClock> {
        self.by_hand.as_ref().filter(|clock| clock.is_apart())
    }

    /// Both clocks, for times in seconds: they may be some milliseconds behind.
    #[inline]
    pub(crate) fn now(&self) -> Now {
        match &self.by_hand {
            None => self.read(),
            Some(clock) => self.read_by_hand(clock),
        }
    }

    #[cold]
    #[expect(clippy::unused_self, reason = "measured: a method costs `now` an instruction less")]
    fn read_by_hand(&self, clock: &TestClock) -> Now {
        clock.read()
    }

    /// The monotonic clock, for pauses and time limits.
    pub(crate) fn uptime(&self) -> Uptime {
        match &self.by_hand {
            None => self.read_uptime(),
            Some(clock) => self.read_by_hand(clock).uptime,
        }
    }

    /// Reads the kernel's coarse clocks, a few milliseconds old. A precise clock costs four times as
    /// much, which would double the cost of returning a cached token.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    #[expect(clippy::unused_self, reason = "on other systems, time counts from `origin`")]
    fn read(&self) -> Now {
        use rustix::time::ClockId;

        let wall = WallTime::from_unix_nanos(kernel_nanos(ClockId::RealtimeCoarse));
        Now { wall, uptime: kernel_uptime(ClockId::MonotonicCoarse) }
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    #[expect(clippy::unused_self, reason = "on other systems, time counts from `origin`")]
    fn read_uptime(&self) -> Uptime {
        kernel_uptime(rustix::time::ClockId::Monotonic)
    }

    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    fn read(&self) -> Now {
        Now { wall: SystemTime::now().into(), uptime: self.read_uptime() }
    }

    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    fn read_uptime(&self) -> Uptime {
        Uptime::from_origin(self.origin.elapsed())
    }
}

/// No clock: without the feature `test-util` none can be moved.
#[cfg(not(any(test, feature = "test-util")))]
#[derive(Clone, Debug)]
pub(crate) enum TestClock {}

#[cfg(not(any(test, feature = "test-util")))]
impl TestClock {
    fn read(&self) -> Now {
        match *self {}
    }

    fn is_apart(&self) -> bool {
        match *self {}
    }
}

/// A clock of the kernel's in nanoseconds, without the detour over a `Duration`, which costs as much
/// as the clock.
#[cfg(any(target_os = "linux", target_os = "android"))]
#[inline]
fn kernel_nanos(clock: rustix::time::ClockId) -> i64 {
    let time = rustix::time::clock_gettime(clock);
    let nanos = u64::try_from(time.tv_nsec).unwrap_or_default();
    time.tv_sec.saturating_mul(1_000_000_000).saturating_add_unsigned(nanos)
}

#[cfg(any(target_os = "linux", target_os = "android"))]
#[inline]
fn kernel_uptime(clock: rustix::time::ClockId) -> Uptime {
    Uptime::from_origin_nanos(u64::try_from(kernel_nanos(clock)).unwrap_or_default())
}

pub(crate) fn jitter() -> Jitter {
    Jitter::new(fastrand::f64())
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn the_coarse_clocks_agree_with_the_precise_ones() {
        let clock = Clock::system();
        let (coarse, wall, uptime) =
            (clock.now(), WallTime::from(SystemTime::now()), clock.uptime());
        let apart = wall.since(coarse.wall);
        assert!(apart < Duration::from_millis(500), "{apart:?}");
        let apart = uptime.since(coarse.uptime);
        assert!(apart < Duration::from_millis(500), "{apart:?}");
        let (start, precise) = (clock.now(), Instant::now());
        std::thread::sleep(Duration::from_millis(50));
        let passed = clock.now().since(start);
        assert!(passed >= Duration::from_millis(30) && passed <= precise.elapsed() * 2);
    }
}

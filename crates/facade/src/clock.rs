//! The clock of a client: the system's, or one that a test sets by hand.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use easemob_token_core::{Jitter, Now, Uptime};

/// The wall clock and the monotonic clock of a client.
#[derive(Clone, Debug)]
pub(crate) struct Clock {
    #[cfg_attr(
        any(target_os = "linux", target_os = "android"),
        expect(dead_code, reason = "the kernel's monotonic clock has an origin of its own")
    )]
    origin: Instant,
    /// Set if the clock stands still unless a test moves it. Clones move together.
    by_hand: Option<Arc<Mutex<Moved>>>,
}

/// How far a clock was moved by hand.
#[derive(Debug, Default)]
struct Moved {
    uptime: Duration,
    wall_ahead: Duration,
    wall_behind: Duration,
}

impl Clock {
    /// The system's clocks.
    pub(crate) fn system() -> Self {
        Self { origin: Instant::now(), by_hand: None }
    }

    /// Both clocks, for times in seconds: they may be some milliseconds behind.
    #[inline]
    pub(crate) fn now(&self) -> Now {
        match &self.by_hand {
            None => self.read(),
            Some(moved) => self.read_by_hand(moved),
        }
    }

    #[cold]
    #[expect(clippy::unused_self, reason = "measured: a method costs `now` an instruction less")]
    fn read_by_hand(&self, moved: &Arc<Mutex<Moved>>) -> Now {
        let moved = moved.lock().unwrap_or_else(PoisonError::into_inner);
        Now {
            wall: SystemTime::UNIX_EPOCH + moved.wall_ahead - moved.wall_behind,
            uptime: Uptime::from_origin(moved.uptime),
        }
    }

    /// The monotonic clock, for pauses and time limits.
    pub(crate) fn uptime(&self) -> Uptime {
        match &self.by_hand {
            None => self.read_uptime(),
            Some(moved) => self.read_by_hand(moved).uptime,
        }
    }

    /// Reads the kernel's coarse clocks, a few milliseconds old. A precise clock costs four times as
    /// much, which would double the cost of returning a cached token.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    #[expect(clippy::unused_self, reason = "on other systems, time counts from `origin`")]
    fn read(&self) -> Now {
        use rustix::time::ClockId;

        let wall = SystemTime::UNIX_EPOCH + kernel_time(ClockId::RealtimeCoarse);
        Now { wall, uptime: Uptime::from_origin(kernel_time(ClockId::MonotonicCoarse)) }
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    #[expect(clippy::unused_self, reason = "on other systems, time counts from `origin`")]
    fn read_uptime(&self) -> Uptime {
        Uptime::from_origin(kernel_time(rustix::time::ClockId::Monotonic))
    }

    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    fn read(&self) -> Now {
        Now { wall: SystemTime::now(), uptime: self.read_uptime() }
    }

    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    fn read_uptime(&self) -> Uptime {
        Uptime::from_origin(self.origin.elapsed())
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
#[inline]
fn kernel_time(clock: rustix::time::ClockId) -> Duration {
    let time = rustix::time::clock_gettime(clock);
    let (seconds, nanos) = (u64::try_from(time.tv_sec), u32::try_from(time.tv_nsec));
    Duration::new(seconds.unwrap_or_default(), nanos.unwrap_or_default())
}

pub(crate) fn jitter() -> Jitter {
    Jitter::new(fastrand::f64())
}

/// Clocks that a test moves by hand.
#[cfg(test)]
impl Clock {
    /// A clock that stands still unless it is moved.
    pub(crate) fn still() -> Self {
        Self { by_hand: Some(Arc::default()), ..Self::system() }
    }

    fn with_moved(&self, change: impl FnOnce(&mut Moved)) {
        change(&mut self.by_hand.as_ref().unwrap().lock().unwrap());
    }

    /// Moves both clocks.
    pub(crate) fn advance(&self, time: Duration) {
        self.with_moved(|moved| {
            moved.uptime += time;
            moved.wall_ahead += time;
        });
    }

    /// Moves only the wall clock ahead, as when the machine is suspended or the clock is set.
    #[cfg(not(shuttle))]
    pub(crate) fn suspend(&self, time: Duration) {
        self.with_moved(|moved| moved.wall_ahead += time);
    }

    /// Sets the wall clock back.
    #[cfg(not(shuttle))]
    pub(crate) fn set_back(&self, time: Duration) {
        self.with_moved(|moved| moved.wall_behind += time);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_coarse_clocks_agree_with_the_precise_ones() {
        let clock = Clock::system();
        let (coarse, wall, uptime) = (clock.now(), SystemTime::now(), clock.uptime());
        let apart = wall.duration_since(coarse.wall).unwrap_or_default();
        assert!(apart < Duration::from_millis(500), "{apart:?}");
        let apart = uptime.since(coarse.uptime);
        assert!(apart < Duration::from_millis(500), "{apart:?}");
        let (start, precise) = (clock.now(), Instant::now());
        std::thread::sleep(Duration::from_millis(50));
        let passed = clock.now().since(start);
        assert!(passed >= Duration::from_millis(30) && passed <= precise.elapsed() * 2);
    }
}

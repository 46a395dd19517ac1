//! The clock of a client: the system's, or one that a test moves by hand.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use easemob_token_core::{Jitter, Now, Uptime};

/// The wall clock and the monotonic clock of a client, read together.
#[derive(Clone, Debug)]
pub(crate) struct Clock {
    #[cfg_attr(
        any(target_os = "linux", target_os = "android"),
        expect(dead_code, reason = "the kernel's monotonic clock has an origin of its own")
    )]
    origin: Instant,
    by_hand: Option<ByHand>,
}

/// How far a clock was moved by hand. Clones move together.
#[derive(Clone, Debug)]
struct ByHand {
    /// Whether time also passes by itself.
    runs: bool,
    moved: Arc<Mutex<Moved>>,
}

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

    /// Both clocks, for what is measured in seconds: they may be some milliseconds behind.
    #[inline]
    pub(crate) fn now(&self) -> Now {
        match &self.by_hand {
            None => self.read(),
            Some(by_hand) => self.read_by_hand(by_hand),
        }
    }

    #[cold]
    fn read_by_hand(&self, by_hand: &ByHand) -> Now {
        let now = if by_hand.runs { self.read() } else { Self::START };
        by_hand.moved().apply(now)
    }

    /// The monotonic clock, for pauses and time limits.
    pub(crate) fn uptime(&self) -> Uptime {
        match &self.by_hand {
            None => self.read_uptime(),
            Some(by_hand) => {
                let uptime = if by_hand.runs { self.read_uptime() } else { Self::START.uptime };
                uptime.after(by_hand.moved().uptime)
            }
        }
    }

    const START: Now = Now { wall: SystemTime::UNIX_EPOCH, uptime: Uptime::ORIGIN };

    /// A precise clock costs as much as all the rest of handing out a cached token; the kernel keeps
    /// the time of its last tick, a few milliseconds old, and reading that costs a quarter.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    #[expect(clippy::unused_self, reason = "elsewhere the time counts from the client's making")]
    fn read(&self) -> Now {
        use rustix::time::ClockId;

        let wall = SystemTime::UNIX_EPOCH + kernel_time(ClockId::RealtimeCoarse);
        Now { wall, uptime: Uptime::from_origin(kernel_time(ClockId::MonotonicCoarse)) }
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    #[expect(clippy::unused_self, reason = "elsewhere the time counts from the client's making")]
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

impl ByHand {
    fn moved(&self) -> MutexGuard<'_, Moved> {
        self.moved.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Moved {
    fn apply(&self, now: Now) -> Now {
        Now {
            wall: now.wall + self.wall_ahead - self.wall_behind,
            uptime: now.uptime.after(self.uptime),
        }
    }
}

/// Clocks that are moved by hand.
#[cfg(test)]
impl Clock {
    /// A clock that stands still unless it is moved.
    pub(crate) fn still() -> Self {
        Self::by_hand(false)
    }

    /// The system's clocks, ahead by what they are moved.
    #[cfg(any(feature = "hyper", all(feature = "isahc", feature = "blocking")))]
    pub(crate) fn movable() -> Self {
        Self::by_hand(true)
    }

    fn by_hand(runs: bool) -> Self {
        let by_hand = ByHand { runs, moved: Arc::default() };
        Self { by_hand: Some(by_hand), ..Self::system() }
    }

    fn with_moved(&self, change: impl FnOnce(&mut Moved)) {
        change(&mut self.by_hand.as_ref().unwrap().moved());
    }

    /// Time passes on both clocks.
    pub(crate) fn advance(&self, time: Duration) {
        self.with_moved(|moved| {
            moved.uptime += time;
            moved.wall_ahead += time;
        });
    }

    /// The machine is suspended, or somebody sets the wall clock ahead: it moves alone.
    #[cfg(not(shuttle))]
    pub(crate) fn suspend(&self, time: Duration) {
        self.with_moved(|moved| moved.wall_ahead += time);
    }

    /// Somebody sets the wall clock back.
    #[cfg(not(shuttle))]
    pub(crate) fn set_back(&self, time: Duration) {
        self.with_moved(|moved| moved.wall_behind += time);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_coarse_clocks_tell_the_same_time_as_the_precise_ones() {
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

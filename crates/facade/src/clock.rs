//! The time and the chance that the core's machines take as arguments.

use std::time::{Duration, Instant};

use easemob_token_core::{Jitter, Moment};

/// The clocks of a client.
#[derive(Clone, Debug)]
pub(crate) struct Clock {
    origin: Instant,
    /// How far a test has moved the clocks.
    #[cfg(test)]
    moved: std::sync::Arc<std::sync::Mutex<Moved>>,
}

impl Clock {
    pub(crate) fn new() -> Self {
        Self {
            origin: Instant::now(),
            #[cfg(test)]
            moved: std::sync::Arc::default(),
        }
    }

    /// Both clocks, for what is measured in seconds: they may be some milliseconds behind.
    pub(crate) fn now(&self) -> Moment {
        let now = self.read();
        #[cfg(test)]
        let now = self.moved.lock().unwrap().apply(now);
        now
    }

    /// The time since the client was made, for pauses and limits of time.
    pub(crate) fn uptime(&self) -> Duration {
        let uptime = self.origin.elapsed();
        #[cfg(test)]
        let uptime = uptime + self.moved.lock().unwrap().uptime;
        uptime
    }

    /// A precise clock costs as much as all the rest of handing out a kept token; the kernel keeps
    /// the time of its last tick, a few milliseconds old, and reading that costs a quarter.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    #[expect(clippy::unused_self, reason = "elsewhere the time counts from the client's making")]
    fn read(&self) -> Moment {
        use std::time::SystemTime;

        use rustix::time::{ClockId, clock_gettime};

        let time = |clock| {
            let time = clock_gettime(clock);
            let (seconds, nanos) = (u64::try_from(time.tv_sec), u32::try_from(time.tv_nsec));
            Duration::new(seconds.unwrap_or_default(), nanos.unwrap_or_default())
        };
        let wall = SystemTime::UNIX_EPOCH + time(ClockId::RealtimeCoarse);
        Moment { wall, uptime: time(ClockId::MonotonicCoarse) }
    }

    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    fn read(&self) -> Moment {
        Moment { wall: std::time::SystemTime::now(), uptime: self.origin.elapsed() }
    }
}

pub(crate) fn jitter() -> Jitter {
    Jitter::new(fastrand::f64())
}

/// Simulated time.
#[cfg(test)]
pub(crate) mod simulation {
    use super::{Clock, Duration, Moment};

    #[derive(Debug, Default)]
    pub(crate) struct Moved {
        pub(super) uptime: Duration,
        wall_ahead: Duration,
        wall_behind: Duration,
    }

    impl Moved {
        pub(super) fn apply(&self, now: Moment) -> Moment {
            Moment {
                wall: now.wall + self.wall_ahead - self.wall_behind,
                uptime: now.uptime + self.uptime,
            }
        }
    }

    impl Clock {
        /// Time passes on both clocks.
        pub(crate) fn advance(&self, time: Duration) {
            let mut moved = self.moved.lock().unwrap();
            moved.uptime += time;
            moved.wall_ahead += time;
        }

        /// The machine is suspended, or somebody sets the wall clock ahead: that one alone moves.
        pub(crate) fn suspend(&self, time: Duration) {
            self.moved.lock().unwrap().wall_ahead += time;
        }

        /// Somebody sets the wall clock back.
        pub(crate) fn set_back(&self, time: Duration) {
            self.moved.lock().unwrap().wall_behind += time;
        }
    }
}

#[cfg(test)]
use simulation::Moved;

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    #[test]
    fn the_coarse_clocks_tell_the_same_time_as_the_precise_ones() {
        let clock = Clock::new();
        let (coarse, wall) = (clock.now(), SystemTime::now());
        let apart = wall.duration_since(coarse.wall).unwrap_or_default();
        assert!(apart < Duration::from_millis(500), "{apart:?}");
        let (start, precise) = (clock.now(), Instant::now());
        std::thread::sleep(Duration::from_millis(50));
        let passed = clock.now().since(start);
        assert!(passed >= Duration::from_millis(30) && passed <= precise.elapsed() * 2);
    }
}

//! Times and random numbers, which are arguments of the core.

use std::time::{Duration, SystemTime};

/// A point in time on a monotonic clock of the caller's, counted from any fixed origin.
///
/// It counts nanoseconds, for 584 years. Arithmetic saturates: nothing overflows and nothing panics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uptime(u64);

impl Uptime {
    /// The origin of the clock.
    pub const ORIGIN: Self = Self(0);
    /// A time that never comes.
    pub const NEVER: Self = Self(u64::MAX);

    /// The point in time at this distance from the clock's origin.
    #[must_use]
    pub const fn from_origin(time: Duration) -> Self {
        Self(nanos(time))
    }

    /// The point in time so many nanoseconds from the clock's origin.
    #[must_use]
    pub const fn from_origin_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// The time since the clock's origin.
    #[must_use]
    pub const fn since_origin(self) -> Duration {
        Duration::from_nanos(self.0)
    }

    /// The time since `earlier`, zero if `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// The point in time that is `time` later.
    #[must_use]
    pub const fn after(self, time: Duration) -> Self {
        Self(self.0.saturating_add(nanos(time)))
    }

    /// The point in time that is `time` earlier, or the origin.
    #[must_use]
    pub const fn before(self, time: Duration) -> Self {
        Self(self.0.saturating_sub(nanos(time)))
    }
}

/// A point in time on the wall clock, in nanoseconds from 1678 to 2262. What is beyond is the end of that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WallTime(i64);

impl WallTime {
    /// The beginning of 1970, from which a Unix timestamp counts.
    pub const UNIX_EPOCH: Self = Self(0);
    /// A time that never comes: no clock shows it.
    pub(super) const NEVER: Self = Self(i64::MAX);
    pub(super) const LAST: Self = Self(i64::MAX - 1);

    /// The point in time of this Unix timestamp.
    #[must_use]
    pub const fn from_unix(time: Duration) -> Self {
        Self::UNIX_EPOCH.after(time)
    }

    /// The point in time of this Unix timestamp in nanoseconds.
    #[must_use]
    pub const fn from_unix_nanos(nanos: i64) -> Self {
        if nanos > Self::LAST.0 { Self::LAST } else { Self(nanos) }
    }

    /// The time since `earlier`, zero if `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        let nanos = self.0.saturating_sub(earlier.0);
        Duration::from_nanos(if nanos < 0 { 0 } else { nanos.unsigned_abs() })
    }

    /// The point in time that is `time` later.
    #[must_use]
    pub const fn after(self, time: Duration) -> Self {
        Self::from_unix_nanos(self.0.saturating_add_unsigned(nanos(time)))
    }

    /// The point in time that is `time` earlier.
    #[must_use]
    pub const fn before(self, time: Duration) -> Self {
        Self(self.0.saturating_sub_unsigned(nanos(time)))
    }
}

impl From<SystemTime> for WallTime {
    fn from(time: SystemTime) -> Self {
        match time.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(since) => Self::from_unix(since),
            Err(error) => Self::UNIX_EPOCH.before(error.duration()),
        }
    }
}

impl From<WallTime> for SystemTime {
    fn from(time: WallTime) -> Self {
        let distance = Duration::from_nanos(time.0.unsigned_abs());
        let epoch = Self::UNIX_EPOCH;
        let it = if time.0 < 0 { epoch.checked_sub(distance) } else { epoch.checked_add(distance) };
        it.unwrap_or(epoch)
    }
}

/// The nanoseconds of this time, as many as a number holds.
const fn nanos(time: Duration) -> u64 {
    let nanos = time.as_nanos();
    if nanos > u64::MAX as u128 { u64::MAX } else { nanos as u64 }
}

/// The present on two clocks: the wall clock and a monotonic one.
///
/// The wall clock can be set, and a monotonic clock may stop while the machine is suspended. So the clock
/// on which more time has passed decides: an expired token is used neither after a suspension nor after
/// the wall clock was set back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// The wall clock.
    pub wall: WallTime,
    /// A monotonic clock whose origin stays the same for the life of the process.
    pub uptime: Uptime,
}

impl Now {
    /// The time since `earlier`, zero if neither clock has advanced.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        self.wall.since(earlier.wall).max(self.uptime.since(earlier.uptime))
    }
}

/// A random number from 0 to 1, drawn by the caller.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Jitter(f64);

impl Jitter {
    /// Takes a number and limits it to 0 to 1; NaN counts as 0.
    #[must_use]
    pub fn new(number: f64) -> Self {
        Self(if number.is_nan() { 0.0 } else { number.clamp(0.0, 1.0) })
    }

    /// A time between `least` and `most`.
    pub(super) fn between(self, least: Duration, most: Duration) -> Duration {
        least + most.saturating_sub(least).mul_f64(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(wall: u64, uptime: u64) -> Now {
        let [wall, uptime] = [wall, uptime].map(Duration::from_secs);
        Now { wall: WallTime::from_unix(wall), uptime: Uptime::from_origin(uptime) }
    }

    #[test]
    fn the_clock_on_which_more_time_has_passed_decides() {
        let start = at(1_000, 10);
        assert_eq!(at(1_005, 15).since(start), Duration::from_secs(5));
        // Suspended: only the wall clock advanced.
        assert_eq!(at(6_000, 11).since(start), Duration::from_secs(5_000));
        // Set back: only the monotonic clock advanced.
        assert_eq!(at(0, 70).since(start), Duration::from_secs(60));
        assert_eq!(at(0, 0).since(start), Duration::ZERO);
    }

    #[test]
    fn points_in_time_do_not_overflow() {
        let second = Duration::from_secs(1);
        assert_eq!(Uptime::NEVER.after(second), Uptime::NEVER);
        assert_eq!(Uptime::ORIGIN.before(second), Uptime::ORIGIN);
        assert_eq!(Uptime::ORIGIN.since(Uptime::NEVER), Duration::ZERO);
        let (first, last) = (WallTime(i64::MIN), WallTime::LAST);
        assert_eq!((last.after(second), first.before(second)), (last, first));
        assert_eq!(last.since(first), Duration::from_nanos(i64::MAX as u64));
        assert_eq!(first.since(last), Duration::ZERO);
    }

    #[test]
    fn a_wall_clock_may_show_any_time() {
        let (epoch, century) = (SystemTime::UNIX_EPOCH, Duration::from_secs(100 * 31_556_952));
        let age = Duration::from_nanos(1_700_000_000_123_456_789);
        for time in [epoch, epoch + age, epoch - age] {
            assert_eq!(SystemTime::from(WallTime::from(time)), time);
        }
        assert_eq!(WallTime::from(epoch + 9 * century), WallTime::LAST);
        assert_eq!(WallTime::from(epoch - 9 * century), WallTime(i64::MIN));
        assert!(WallTime::from(epoch + 9 * century) < WallTime::NEVER);
        let oldest = SystemTime::from(WallTime(i64::MIN));
        assert_eq!(epoch.duration_since(oldest).unwrap(), Duration::from_nanos(1 << 63));
    }

    #[test]
    fn jitter_stays_between_its_bounds() {
        let (least, most) = (Duration::from_secs(1), Duration::from_secs(3));
        assert_eq!(Jitter::new(-5.0).between(least, most), least);
        assert_eq!(Jitter::new(f64::NAN).between(least, most), least);
        assert_eq!(Jitter::new(0.5).between(least, most), Duration::from_secs(2));
        assert_eq!(Jitter::new(f64::INFINITY).between(least, most), most);
        assert_eq!(Jitter::new(1.0).between(most, least), most);
    }
}

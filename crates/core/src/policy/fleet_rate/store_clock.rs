//! The store's clock, as far as one process knows it from its own clock.

use std::time::Duration;

use crate::policy::Uptime;

/// The most by which a reading of the process's own clock is late: clocks of the kernel advance in steps.
pub(super) const STEP: Duration = Duration::from_millis(10);
/// The precision of the time that a store returns.
const PRECISION: Duration = Duration::from_millis(1);
/// The precision of a time in whole seconds, which a store may have rounded.
const COARSE: Duration = Duration::from_secs(1);
/// Two clocks move apart by at most one part in this many.
const DRIFT: u32 = 5_000;

/// When the clock record was written, on the process's own clock: not before, and not after.
///
/// The fleet counts its time from that moment. Every reading of the record gives such a pair, as wide as
/// the round trip of the reading, and two pairs give a narrower one. So no process compares its own
/// clock with another process's clock, and the error of a time never exceeds the width of the pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct StoreClock {
    /// In nanoseconds of the own clock, negative if before its origin.
    earliest: i128,
    latest: i128,
    measured: Uptime,
}

impl StoreClock {
    /// The clock of a record that this process wrote between these times.
    pub(super) fn written(begin: Uptime, end: Uptime) -> Self {
        Self { earliest: nanos(begin), latest: nanos(end.after(STEP)), measured: end }
    }

    /// The clock of a record that was this old when it was read between these times.
    pub(super) fn read(begin: Uptime, end: Uptime, age: Duration, left: Duration) -> Self {
        let precision = if left.subsec_nanos() == 0 { COARSE } else { PRECISION };
        let (age, precision) = (as_nanos(age), as_nanos(precision));
        Self {
            earliest: nanos(begin) - age - precision,
            latest: nanos(end.after(STEP)) - age + precision,
            measured: end,
        }
    }

    /// What both readings say; `None` if they contradict each other, since the store's clock was set.
    pub(super) fn and(self, newer: Self) -> Option<Self> {
        let drift = as_nanos(newer.measured.since(self.measured) / DRIFT);
        let earliest = newer.earliest.max(self.earliest - drift);
        let latest = newer.latest.min(self.latest + drift);
        (earliest <= latest).then_some(Self { earliest, latest, ..newer })
    }

    /// The error of a time for the next seconds, rounded up.
    pub(super) fn error(&self, now: Uptime) -> Duration {
        let width = u64::try_from(self.latest - self.earliest).unwrap_or(u64::MAX);
        let drift = now.since(self.measured).saturating_add(Duration::from_secs(20)) / DRIFT * 2;
        Duration::from_nanos(width).saturating_add(drift).saturating_add(STEP)
    }

    /// The fleet's time, at least, in milliseconds.
    pub(super) fn at_least(&self, now: Uptime) -> u64 {
        u64::try_from((nanos(now) - self.latest) / 1_000_000).unwrap_or(0)
    }

    /// When this time of the fleet has come for certain, on the own clock.
    pub(super) fn local(&self, millis: u64) -> Uptime {
        let nanos = (i128::from(millis) * 1_000_000 + self.latest).max(0);
        Uptime::from_origin(Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX)))
    }
}

fn nanos(time: Uptime) -> i128 {
    as_nanos(time.since_origin())
}

fn as_nanos(time: Duration) -> i128 {
    i128::try_from(time.as_nanos()).unwrap_or(i128::MAX / 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Uptime {
        Uptime::from_origin(Duration::from_millis(millis))
    }

    fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn readings_narrow_the_clock_and_never_exclude_the_truth() {
        // Written at 1000 on the own clock; read twice, with the answer made at 5040 and at 6001.
        let slow = StoreClock::read(at(5_000), at(5_100), millis(4_040), millis(60_001));
        let quick = StoreClock::read(at(6_000), at(6_003), millis(5_001), millis(60_001));
        let both = slow.and(quick).unwrap();
        for clock in [slow, quick, both] {
            assert!(clock.local(0) >= at(1_000), "{clock:?}");
            assert!(clock.at_least(at(9_000)) <= 8_000);
            assert!(clock.local(0) <= at(1_000).after(clock.error(at(6_003))));
        }
        assert!(both.error(at(6_003)) < slow.error(at(6_003)) / 2);
        // A time in whole seconds may have been rounded, and adds nothing to a good reading.
        let rounded = StoreClock::read(at(7_000), at(7_001), millis(6_500), millis(60_000));
        assert!(rounded.error(at(7_001)) > millis(2_000));
        assert!(both.and(rounded).unwrap().error(at(7_001)) < millis(60));
    }

    #[test]
    fn a_store_whose_clock_was_set_is_noticed_and_nothing_overflows() {
        let before = StoreClock::written(at(0), at(1));
        let set = StoreClock::read(at(10), at(11), Duration::from_secs(3_600), millis(1));
        assert_eq!(before.and(set), None);
        // Older than the process's own clock.
        assert_eq!(set.local(0), Uptime::ORIGIN);
        assert_eq!(set.local(u64::MAX), Uptime::from_origin(Duration::from_nanos(u64::MAX)));
        let odd = StoreClock::read(at(0), Uptime::NEVER, Duration::MAX, Duration::MAX);
        let _ = (odd.error(Uptime::NEVER), odd.local(u64::MAX), odd.at_least(Uptime::NEVER));
    }
}

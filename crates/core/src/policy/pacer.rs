//! How often something may be done: so many in a time, of which a few at once.

use std::num::NonZeroU32;
use std::time::Duration;

/// Keeps requests under a limit, in the order in which they ask.
///
/// At most `limit` places are given out in any time of length `period`, of which `burst` at once;
/// the others follow one by one. A place belongs to whoever reserved it, so nobody who came later
/// overtakes. It reads no clock: times are those of one monotonic clock of the caller's.
///
/// ```
/// use std::time::Duration;
/// use easemob_token_core::Pacer;
///
/// // Ten a minute, four of them at once.
/// let mut pacer = Pacer::new(10.try_into()?, Duration::from_secs(60), 4.try_into()?);
/// let (now, far) = (Duration::ZERO, Duration::MAX);
/// for _ in 0..4 {
///     assert_eq!(pacer.reserve(now, far), Ok(now));
/// }
/// assert_eq!(pacer.reserve(now, far), Ok(Duration::from_secs(10)));
/// // Who cannot wait so long takes no place.
/// assert_eq!(pacer.reserve(now, Duration::from_secs(15)), Err(Duration::from_secs(20)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Pacer {
    /// The time that one place takes up.
    interval: Duration,
    /// How far ahead of time places may be given out: all of a burst but the first.
    ahead: Duration,
    /// Until when all time is taken up.
    taken: Duration,
}

impl Pacer {
    /// At most `limit` in any `period`, of which `burst` at once. A burst of the whole limit or
    /// more counts as all of the limit but one.
    #[must_use]
    pub fn new(limit: NonZeroU32, period: Duration, burst: NonZeroU32) -> Self {
        // Where the burst is spent, what is left of the limit is spread over the period.
        let burst = burst.get().min(limit.get() - 1).max(1);
        let spread = (limit.get() - burst).max(1);
        let rounded_down = period / spread;
        let is_exact = rounded_down.checked_mul(spread) == Some(period);
        let interval = rounded_down.saturating_add(Duration::from_nanos(u64::from(!is_exact)));
        Self { interval, ahead: interval.saturating_mul(burst - 1), taken: Duration::ZERO }
    }

    /// The time from one place to the next, where the burst is spent.
    #[must_use]
    pub fn interval(&self) -> Duration {
        self.interval
    }

    /// Takes the next place: the time at which it comes, `now` or later.
    ///
    /// # Errors
    ///
    /// The time at which it would come, where that is later than `latest`; no place is taken then.
    pub fn reserve(&mut self, now: Duration, latest: Duration) -> Result<Duration, Duration> {
        let time = self.next(now);
        if time > latest {
            return Err(time);
        }
        self.taken = self.taken.max(now).saturating_add(self.interval);
        Ok(time)
    }

    /// The time at which the next place comes, `now` or later.
    #[must_use]
    pub fn next(&self, now: Duration) -> Duration {
        self.taken.saturating_sub(self.ahead).max(now)
    }

    /// How many places are free at `now`.
    #[must_use]
    pub fn free(&self, now: Duration) -> u32 {
        let full = now.saturating_add(self.ahead).saturating_add(self.interval);
        let places = full.saturating_sub(self.taken.max(now)).as_nanos();
        // A place is a nanosecond long at least.
        u32::try_from(places / self.interval.as_nanos().max(1)).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAR: Duration = Duration::MAX;

    fn pacer(limit: u32, period: u64, burst: u32) -> Pacer {
        let number = |n: u32| NonZeroU32::new(n).unwrap();
        Pacer::new(number(limit), Duration::from_secs(period), number(burst))
    }

    /// The most times in any period, of those at which the pacer lets through whoever asks always.
    fn busiest(mut pacer: Pacer, period: Duration) -> usize {
        let mut now = Duration::ZERO;
        let mut times = Vec::new();
        for _ in 0..2_000 {
            now = pacer.reserve(now, FAR).unwrap();
            times.push(now);
        }
        let within = |start: Duration| {
            times.iter().filter(|time| (start..start + period).contains(*time)).count()
        };
        times.iter().map(|&start| within(start)).max().unwrap()
    }

    #[test]
    fn no_period_holds_more_than_the_limit() {
        for (limit, period, burst) in [(10, 60, 4), (300, 1, 30), (1, 1, 1), (2, 5, 9), (7, 3, 7)] {
            let most = busiest(pacer(limit, period, burst), Duration::from_secs(period));
            assert!(most <= limit as usize, "{most} of {limit}");
            assert!(most + 1 >= limit as usize, "{most} of {limit} is too few");
        }
    }

    #[test]
    fn what_was_not_used_is_not_saved_up_beyond_the_burst() {
        let mut pacer = pacer(10, 60, 4);
        let now = Duration::from_secs(10_000);
        assert_eq!(pacer.free(now), 4);
        for left in (0..4).rev() {
            assert_eq!(pacer.reserve(now, now), Ok(now));
            assert_eq!(pacer.free(now), left);
        }
        assert_eq!(pacer.reserve(now, now), Err(now + Duration::from_secs(10)));
        assert_eq!(pacer.free(now + Duration::from_secs(25)), 2);
    }

    #[test]
    fn those_who_wait_are_served_in_their_order_and_who_does_not_wait_takes_no_place() {
        let mut pacer = pacer(300, 1, 30);
        let mut last = Duration::ZERO;
        for _ in 0..1_000 {
            let time = pacer.reserve(Duration::ZERO, FAR).unwrap();
            assert!(time >= last);
            last = time;
        }
        let next = pacer.next(Duration::ZERO);
        for _ in 0..1_000 {
            assert_eq!(pacer.reserve(Duration::ZERO, last), Err(next));
        }
        assert_eq!(pacer.reserve(Duration::ZERO, FAR), Ok(next));
    }

    #[test]
    fn nothing_overflows() {
        let mut pacer = pacer(u32::MAX, u64::MAX, u32::MAX);
        assert!(pacer.reserve(FAR, FAR).is_ok() && pacer.reserve(Duration::ZERO, FAR).is_ok());
        assert_eq!(pacer.free(FAR), 0);
    }
}

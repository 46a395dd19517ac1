//! Rate limit with a small burst, without a clock.

use std::num::NonZeroU32;
use std::time::Duration;

use super::Uptime;

/// A limit on how often requests are sent, with a small burst.
///
/// At most `limit` slots are free in any time of length `period`, and `burst` of them at once; the others
/// follow one by one. Times are those of one monotonic clock of the caller.
///
/// ```
/// use std::time::Duration;
/// use easemob_token_core::{RateLimiter, Uptime};
///
/// // Ten a minute, four of them at once.
/// let mut limiter = RateLimiter::new(10.try_into()?, Duration::from_secs(60), 4.try_into()?);
/// let now = Uptime::ORIGIN;
/// for _ in 0..4 {
///     assert!(limiter.try_take(now));
/// }
/// assert!(!limiter.try_take(now));
/// assert_eq!(limiter.next(now), now.after(Duration::from_secs(10)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct RateLimiter {
    /// The time that one slot takes up.
    interval: Duration,
    /// The time by which slots may be taken early: a burst less one slot.
    ahead: Duration,
    /// Until when all time is taken up.
    taken: Uptime,
}

impl RateLimiter {
    /// A limiter of `limit` slots in any `period`, of which `burst` at once. A burst of the limit or more
    /// counts as the limit less one.
    #[must_use]
    pub fn new(limit: NonZeroU32, period: Duration, burst: NonZeroU32) -> Self {
        // After the burst, what is left of the limit is spread over the period.
        let burst = burst.get().min(limit.get() - 1).max(1);
        let spread = (limit.get() - burst).max(1);
        let rounded_down = period / spread;
        let is_exact = rounded_down.checked_mul(spread) == Some(period);
        let interval = rounded_down.saturating_add(Duration::from_nanos(u64::from(!is_exact)));
        Self { interval, ahead: interval.saturating_mul(burst - 1), taken: Uptime::ORIGIN }
    }

    /// Until when all time is taken up: all that a limiter remembers.
    pub(super) fn taken(&self) -> Uptime {
        self.taken
    }

    /// The same limit with other slots taken.
    pub(super) fn with_taken(self, taken: Uptime) -> Self {
        Self { taken, ..self }
    }

    /// Takes a slot if one is free at `now`.
    pub fn try_take(&mut self, now: Uptime) -> bool {
        let is_free = self.next(now) <= now;
        if is_free {
            self.take(now);
        }
        is_free
    }

    /// Takes a slot even if none is free, for a request that is sent in any case.
    pub fn take(&mut self, now: Uptime) {
        self.taken = self.taken.max(now).after(self.interval);
    }

    /// The time at which the next slot is free, `now` or later.
    #[must_use]
    pub fn next(&self, now: Uptime) -> Uptime {
        self.slot(now, 0)
    }

    /// The time at which a slot is free for a request with `ahead` others before it.
    #[must_use]
    pub fn slot(&self, now: Uptime, ahead: usize) -> Uptime {
        let others = self.interval.saturating_mul(u32::try_from(ahead).unwrap_or(u32::MAX));
        self.taken.max(now).after(others).before(self.ahead).max(now)
    }

    /// The number of slots that are free at `now`.
    #[must_use]
    pub fn free(&self, now: Uptime) -> u32 {
        let full = now.after(self.ahead).after(self.interval);
        let time = full.since(self.taken.max(now)).as_nanos();
        // A slot is a nanosecond long at least.
        u32::try_from(time / self.interval.as_nanos().max(1)).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limiter(limit: u32, period: u64, burst: u32) -> RateLimiter {
        let number = |n: u32| NonZeroU32::new(n).unwrap();
        RateLimiter::new(number(limit), Duration::from_secs(period), number(burst))
    }

    fn at(seconds: u64) -> Uptime {
        Uptime::from_origin(Duration::from_secs(seconds))
    }

    /// The most requests in any period, if one is sent at each slot.
    fn busiest(mut limiter: RateLimiter, period: Duration) -> usize {
        let mut now = Uptime::ORIGIN;
        let mut times = Vec::new();
        for _ in 0..2_000 {
            now = limiter.next(now);
            assert!(limiter.try_take(now));
            times.push(now);
        }
        let within = |start: Uptime| {
            times.iter().filter(|time| (start..start.after(period)).contains(*time)).count()
        };
        times.iter().map(|&start| within(start)).max().unwrap()
    }

    #[test]
    fn no_period_holds_more_than_the_limit() {
        for (limit, period, burst) in [(10, 60, 4), (300, 1, 30), (1, 1, 1), (2, 5, 9), (7, 3, 7)] {
            let most = busiest(limiter(limit, period, burst), Duration::from_secs(period));
            assert!(most <= limit as usize, "{most} of {limit}");
            assert!(most + 1 >= limit as usize, "{most} of {limit} is too few");
        }
    }

    #[test]
    fn unused_slots_are_not_saved_up_beyond_the_burst() {
        let mut limiter = limiter(10, 60, 4);
        let now = at(10_000);
        assert_eq!(limiter.free(now), 4);
        for left in (0..4).rev() {
            assert!(limiter.try_take(now));
            assert_eq!(limiter.free(now), left);
        }
        assert!(!limiter.try_take(now));
        assert_eq!(limiter.next(now), at(10_010));
        assert_eq!(limiter.slot(now, 2), at(10_030));
        assert_eq!(limiter.free(at(10_025)), 2);
    }

    #[test]
    fn the_slot_behind_others_is_the_one_that_they_leave() {
        let mut limiter = limiter(300, 1, 30);
        for ahead in 0..1_000 {
            let slot = limiter.slot(Uptime::ORIGIN, ahead);
            let mut others = limiter.clone();
            for _ in 0..ahead {
                others.take(Uptime::ORIGIN);
            }
            assert_eq!(slot, others.next(Uptime::ORIGIN));
        }
        limiter.take(Uptime::ORIGIN);
        assert_eq!(limiter.free(Uptime::ORIGIN), 29);
    }

    #[test]
    fn nothing_overflows() {
        let mut limiter = limiter(u32::MAX, u64::MAX, u32::MAX);
        limiter.take(Uptime::NEVER);
        limiter.take(Uptime::ORIGIN);
        assert_eq!(limiter.free(Uptime::NEVER), 0);
        assert_eq!(limiter.slot(Uptime::NEVER, usize::MAX), Uptime::NEVER);
    }
}

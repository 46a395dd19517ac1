//! Freshness of a cached token: good, due for renewal, or too old to be used.

use std::time::{Duration, SystemTime};

use super::{Jitter, Now, Uptime};
use crate::token::Lifetime;

/// The longest hard margin before a token expires.
const MARGIN: Duration = Duration::from_secs(60);

/// The times at which a cached token is due for renewal and at which it is too old.
///
/// A token is due at 75 to 85 % of its lifetime, by the jitter, and is used until a hard margin before
/// it expires: a tenth of its lifetime, at most 60 s. A permanent token is never due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Freshness {
    due: TimePoint,
    unusable: TimePoint,
}

impl Freshness {
    /// The freshness of a token that was received at `received` and may be cached for `lifetime`.
    ///
    /// Pass the [`cache_lifetime`](crate::IssuedToken::cache_lifetime) of the token: one of unknown
    /// lifetime is too old at once.
    #[must_use]
    pub fn new(lifetime: Lifetime, received: Now, jitter: Jitter) -> Self {
        Self::with_age(lifetime, Duration::ZERO, received, jitter)
    }

    /// The freshness of a token that was of this age already when it was received.
    ///
    /// The clocks of a process that started later cannot count back to the time of its issue.
    #[must_use]
    pub fn with_age(lifetime: Lifetime, age: Duration, received: Now, jitter: Jitter) -> Self {
        let life = match lifetime {
            Lifetime::Permanent => {
                return Self { due: TimePoint::NEVER, unusable: TimePoint::NEVER };
            }
            Lifetime::Expires(life) => life,
            Lifetime::Unknown => Duration::ZERO,
        };
        let due = jitter.between(life.mul_f64(0.75), life.mul_f64(0.85));
        let margin = MARGIN.min(life / 10);
        let unusable = life.saturating_sub(margin);
        Self {
            due: TimePoint::after(received, due.saturating_sub(age)),
            unusable: TimePoint::after(received, unusable.saturating_sub(age)),
        }
    }

    /// Whether the token may be used.
    #[must_use]
    pub fn is_usable(&self, now: Now) -> bool {
        !self.unusable.has_come(now)
    }

    /// Whether it is time to renew it.
    #[must_use]
    pub fn is_due(&self, now: Now) -> bool {
        self.due.has_come(now)
    }
}

/// A time on both clocks, which has come when it has come on either of them.
///
/// On a clock that cannot count so far it never comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct TimePoint {
    wall: WallTime,
    uptime: Uptime,
}

impl TimePoint {
    const NEVER: Self = Self { wall: WallTime::NEVER, uptime: Uptime::NEVER };

    fn after(start: Now, time: Duration) -> Self {
        let wall = start.wall.checked_add(time).map_or(WallTime::NEVER, WallTime::from);
        Self { wall, uptime: start.uptime.after(time) }
    }

    fn has_come(self, now: Now) -> bool {
        WallTime::from(now.wall) >= self.wall || now.uptime >= self.uptime
    }
}

/// A time of the wall clock in half the memory of a `SystemTime`: nanoseconds from 1678 to 2262.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct WallTime(i64);

impl WallTime {
    /// No time is as late.
    const NEVER: Self = Self(i64::MAX);
}

impl From<SystemTime> for WallTime {
    fn from(time: SystemTime) -> Self {
        let nanos = match time.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_nanos()).unwrap_or(i64::MAX),
            Err(before) => i64::try_from(before.duration().as_nanos()).map_or(i64::MIN, |it| -it),
        };
        Self(nanos.min(i64::MAX - 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Now = Now { wall: SystemTime::UNIX_EPOCH, uptime: Uptime::ORIGIN };

    fn after(seconds: f64) -> Now {
        let time = Duration::from_secs_f64(seconds);
        Now { wall: START.wall + time, uptime: Uptime::from_origin(time) }
    }

    fn freshness(life: u64, jitter: f64) -> Freshness {
        let life = Lifetime::Expires(Duration::from_secs(life));
        Freshness::new(life, START, Jitter::new(jitter))
    }

    #[test]
    fn renewal_starts_between_75_and_85_percent_of_the_life() {
        for (jitter, due) in [(0.0, 7_500.0), (0.5, 8_000.0), (1.0, 8_500.0)] {
            let fresh = freshness(10_000, jitter);
            assert!(!fresh.is_due(after(due - 0.1)) && fresh.is_due(after(due)), "{jitter}");
        }
    }

    #[test]
    fn the_hard_margin_is_a_tenth_of_the_life_and_at_most_a_minute() {
        for (life, end) in [(10_000, 9_940.0), (600, 540.0), (100, 90.0), (10, 9.0)] {
            let fresh = freshness(life, 0.0);
            assert!(fresh.is_usable(after(end - 0.1)) && !fresh.is_usable(after(end)), "{life}");
        }
    }

    #[test]
    fn a_permanent_token_is_never_due_and_one_of_unknown_lifetime_is_too_old_at_once() {
        let permanent = Freshness::new(Lifetime::Permanent, START, Jitter::new(0.0));
        let far = after(1e10);
        assert!(permanent.is_usable(far) && !permanent.is_due(far));
        let unknown = Freshness::new(Lifetime::Unknown, START, Jitter::new(0.0));
        assert!(!unknown.is_usable(START));
    }

    #[test]
    fn a_suspended_machine_and_a_clock_set_back_do_not_keep_a_token_alive() {
        let fresh = freshness(3_600, 0.0);
        let suspended = Now { wall: after(61.0 * 86_400.0).wall, uptime: START.uptime };
        assert!(!fresh.is_usable(suspended));
        let set_back =
            Now { wall: START.wall, uptime: Uptime::from_origin(Duration::from_secs(3_600)) };
        assert!(!fresh.is_usable(set_back));
    }

    #[test]
    fn a_life_beyond_what_a_clock_counts_ends_on_neither() {
        let life = Lifetime::Expires(Duration::MAX / 2);
        let fresh = Freshness::new(life, START, Jitter::new(0.0));
        assert!(fresh.is_usable(after(1e10)) && !fresh.is_due(after(1e10)));
    }

    #[test]
    fn the_clock_on_which_more_time_has_passed_decides() {
        let fresh = freshness(100, 0.0);
        for (wall, uptime) in [(74.0, 74.0), (75.0, 74.0), (74.0, 75.0), (0.0, 90.0), (-9.0, 0.0)] {
            let wall =
                if wall < 0.0 { START.wall - Duration::from_secs(9) } else { after(wall).wall };
            let uptime = Uptime::from_origin(Duration::from_secs_f64(uptime));
            let now = Now { wall, uptime };
            let passed = now.since(START);
            assert_eq!(fresh.is_due(now), passed >= Duration::from_secs(75), "{now:?}");
            assert_eq!(fresh.is_usable(now), passed < Duration::from_secs(90), "{now:?}");
        }
    }
}

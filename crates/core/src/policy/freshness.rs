//! Freshness of a cached token: good, due for renewal, or too old to be used.

use std::time::Duration;

use super::{Jitter, Now, Uptime, WallTime};
use crate::token::Lifetime;

/// The longest hard margin before a token expires.
const MARGIN: Duration = Duration::from_secs(60);

/// The times at which a cached token is due for renewal and at which it is too old.
///
/// A token is due at 75 to 85 % of its lifetime, by the jitter, and is used until a hard margin before
/// it expires: a tenth of its lifetime, at most 60 s. A permanent token is never due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Freshness {
    due: Now,
    unusable: Now,
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
                return Self { due: NEVER, unusable: NEVER };
            }
            Lifetime::Expires(life) => life,
            Lifetime::Unknown => Duration::ZERO,
        };
        let due = jitter.between(life.mul_f64(0.75), life.mul_f64(0.85));
        let margin = MARGIN.min(life / 10);
        let unusable = life.saturating_sub(margin);
        Self {
            due: after(received, due.saturating_sub(age)),
            unusable: after(received, unusable.saturating_sub(age)),
        }
    }

    /// Whether the token may be used.
    #[must_use]
    pub fn is_usable(&self, now: Now) -> bool {
        !has_come(self.unusable, now)
    }

    /// Whether it is time to renew it.
    #[must_use]
    pub fn is_due(&self, now: Now) -> bool {
        has_come(self.due, now)
    }
}

/// The time on both clocks for a token that is never too old.
const NEVER: Now = Now { wall: WallTime::NEVER, uptime: Uptime::NEVER };

/// The time on both clocks that is this much later. On a clock that cannot count so far it never comes.
fn after(start: Now, time: Duration) -> Now {
    let wall = match start.wall.after(time) {
        WallTime::LAST => WallTime::NEVER,
        wall => wall,
    };
    Now { wall, uptime: start.uptime.after(time) }
}

/// Whether this time has come on either clock.
fn has_come(time: Now, now: Now) -> bool {
    now.wall >= time.wall || now.uptime >= time.uptime
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Now = Now { wall: WallTime::UNIX_EPOCH, uptime: Uptime::ORIGIN };

    fn after(seconds: f64) -> Now {
        let time = Duration::from_secs_f64(seconds);
        Now { wall: START.wall.after(time), uptime: Uptime::from_origin(time) }
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
            let wall = if wall < 0.0 {
                START.wall.before(Duration::from_secs(9))
            } else {
                after(wall).wall
            };
            let uptime = Uptime::from_origin(Duration::from_secs_f64(uptime));
            let now = Now { wall, uptime };
            let passed = now.since(START);
            assert_eq!(fresh.is_due(now), passed >= Duration::from_secs(75), "{now:?}");
            assert_eq!(fresh.is_usable(now), passed < Duration::from_secs(90), "{now:?}");
        }
    }
}

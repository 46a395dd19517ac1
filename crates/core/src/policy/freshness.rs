//! How fresh a kept token is: good, due for renewal, or too old to be used.

use std::time::Duration;

use super::{Jitter, Moment};
use crate::token::Lifetime;

/// The longest hard margin before a token's end.
const MARGIN: Duration = Duration::from_secs(60);

/// The two ages that matter in the life of a kept token.
///
/// A token is due for renewal at 75 to 85 % of its life, where the jitter says, and is used until
/// a hard margin before its end: a tenth of its life, at most 60 s. A permanent token is never
/// due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Freshness {
    received: Moment,
    due_at: Option<Duration>,
    usable_until: Option<Duration>,
}

impl Freshness {
    /// The freshness of a token received at `received`; `None` for one of unknown lifetime, which
    /// is not to be kept.
    #[must_use]
    pub fn new(lifetime: Lifetime, received: Moment, jitter: Jitter) -> Option<Self> {
        let (due_at, usable_until) = match lifetime {
            Lifetime::Expires(life) => {
                let due_at = jitter.between(life.mul_f64(0.75), life.mul_f64(0.85));
                let margin = MARGIN.min(life / 10);
                (Some(due_at), Some(life.saturating_sub(margin)))
            }
            Lifetime::Permanent => (None, None),
            Lifetime::Unknown => return None,
        };
        Some(Self { received, due_at, usable_until })
    }

    /// Whether the token may be handed out.
    #[must_use]
    pub fn is_usable(&self, now: Moment) -> bool {
        self.usable_until.is_none_or(|end| now.since(self.received) < end)
    }

    /// Whether it is time to renew it.
    #[must_use]
    pub fn is_due(&self, now: Moment) -> bool {
        self.due_at.is_some_and(|due| now.since(self.received) >= due)
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    const START: Moment = Moment { wall: SystemTime::UNIX_EPOCH, uptime: Duration::ZERO };

    fn after(seconds: f64) -> Moment {
        let time = Duration::from_secs_f64(seconds);
        Moment { wall: START.wall + time, uptime: time }
    }

    fn freshness(life: u64, jitter: f64) -> Freshness {
        let life = Lifetime::Expires(Duration::from_secs(life));
        Freshness::new(life, START, Jitter::new(jitter)).unwrap()
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
    fn a_permanent_token_is_never_due_and_one_of_unknown_life_is_not_kept() {
        let permanent = Freshness::new(Lifetime::Permanent, START, Jitter::new(0.0)).unwrap();
        let far = after(1e10);
        assert!(permanent.is_usable(far) && !permanent.is_due(far));
        assert_eq!(Freshness::new(Lifetime::Unknown, START, Jitter::new(0.0)), None);
    }

    #[test]
    fn a_suspended_machine_and_a_clock_set_back_do_not_keep_a_token_alive() {
        let fresh = freshness(3_600, 0.0);
        let suspended = Moment { wall: after(61.0 * 86_400.0).wall, uptime: START.uptime };
        assert!(!fresh.is_usable(suspended));
        let set_back = Moment { wall: START.wall, uptime: Duration::from_secs(3_600) };
        assert!(!fresh.is_usable(set_back));
    }
}

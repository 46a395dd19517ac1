//! Lifetime of a token: the meaning of any number in `expires_in`.

use std::time::Duration;

use super::{Ttl, TtlUnit};

/// Lifetime of a token, counted from when it was received.
// Complete: a response can mean one of these three.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lifetime {
    /// It expires after this time, at most ten years.
    Expires(Duration),
    /// It never expires by itself. Only for a token that was requested as permanent.
    Permanent,
    /// The response has no `expires_in`, or one without a meaning.
    ///
    /// `0` or a negative number has none for a token that was not requested as permanent.
    Unknown,
}

/// The longest finite lifetime: ten years of 365 days.
const TEN_YEARS: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

impl Lifetime {
    /// Reads `expires_in`. Any number has a meaning; nothing overflows.
    pub(crate) fn from_wire(expires_in: Option<i64>, unit: TtlUnit, requested: Ttl) -> Self {
        let permanent = requested == Ttl::Permanent;
        let Some(number) = expires_in else {
            return Self::Unknown;
        };
        let time = match u64::try_from(number) {
            Ok(0) | Err(_) => {
                return if permanent { Self::Permanent } else { Self::Unknown };
            }
            Ok(units) => match unit {
                TtlUnit::Seconds => Duration::from_secs(units),
                TtlUnit::Milliseconds => Duration::from_millis(units),
            },
        };
        if permanent && time > TEN_YEARS { Self::Permanent } else { Self::limited(time) }
    }

    /// A finite lifetime of at most ten years.
    pub(crate) fn limited(time: Duration) -> Self {
        Self::Expires(time.min(TEN_YEARS))
    }

    /// The time, if it is known and finite.
    #[must_use]
    pub fn duration(self) -> Option<Duration> {
        match self {
            Self::Expires(time) => Some(time),
            Self::Permanent | Self::Unknown => None,
        }
    }

    /// The time that is left when this time has passed since the token was received: zero if it is over.
    ///
    /// `None` if it is permanent or unknown.
    #[must_use]
    pub fn remaining_after(self, passed: Duration) -> Option<Duration> {
        Some(self.duration()?.saturating_sub(passed))
    }

    /// Whether it never expires by itself.
    #[must_use]
    pub fn is_permanent(self) -> bool {
        self == Self::Permanent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FINITE: Ttl = Ttl::For(Duration::from_secs(60));

    #[test]
    fn for_a_permanent_token_numbers_without_a_meaning_mean_permanent() {
        for number in [0, -1, i64::MIN, i64::MAX, i64::MAX / 1000, 315_360_001] {
            let read = Lifetime::from_wire(Some(number), TtlUnit::Seconds, Ttl::Permanent);
            assert_eq!(read, Lifetime::Permanent, "{number}");
        }
        // A plain number counts even then, and a missing one leaves it unknown.
        let read = Lifetime::from_wire(Some(5_184_000), TtlUnit::Seconds, Ttl::Permanent);
        assert_eq!(read, Lifetime::Expires(Duration::from_secs(5_184_000)));
        let read = Lifetime::from_wire(None, TtlUnit::Seconds, Ttl::Permanent);
        assert_eq!(read, Lifetime::Unknown);
    }

    #[test]
    fn for_any_other_token_they_mean_unknown_or_ten_years() {
        for requested in [Ttl::ServerDefault, FINITE] {
            for number in [None, Some(0), Some(-1), Some(i64::MIN)] {
                let read = Lifetime::from_wire(number, TtlUnit::Seconds, requested);
                assert_eq!(read, Lifetime::Unknown, "{number:?}");
            }
            for number in [i64::MAX, 315_360_001] {
                let read = Lifetime::from_wire(Some(number), TtlUnit::Seconds, requested);
                assert_eq!(read, Lifetime::Expires(TEN_YEARS), "{number}");
            }
        }
    }

    #[test]
    fn the_bound_of_ten_years_is_in_time_not_in_units() {
        let ten_years_ms = 315_360_000_000;
        let read = |n| Lifetime::from_wire(Some(n), TtlUnit::Milliseconds, Ttl::Permanent);
        assert_eq!(read(ten_years_ms), Lifetime::Expires(TEN_YEARS));
        assert_eq!(read(ten_years_ms + 1), Lifetime::Permanent);
    }

    #[test]
    fn sixty_days_in_milliseconds_are_read_although_they_exceed_32_bits() {
        let read = Lifetime::from_wire(Some(5_184_000_000), TtlUnit::Milliseconds, FINITE);
        assert_eq!(read.duration(), Some(Duration::from_secs(5_184_000)));
    }
}

//! The lifetime that came back: what `expires_in` means, whatever number it is.

use std::time::{Duration, SystemTime};

use super::{Ttl, TtlUnit};

/// How long a token lives from the moment at which it was received.
// Complete: these are the three things that an answer can say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lifetime {
    /// So long, at most ten years.
    Expires(Duration),
    /// It never expires by itself. Only said where a permanent token was asked for.
    Permanent,
    /// The answer does not say, or says something that means nothing (`0`, a negative number)
    /// where no permanent token was asked for. Use it, do not keep it.
    Unknown,
}

/// The longest lifetime that is believed: ten years of 365 days.
const TEN_YEARS: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

impl Lifetime {
    /// Reads `expires_in`. Any number has a meaning; nothing overflows.
    pub(crate) fn from_wire(expires_in: Option<i64>, unit: TtlUnit, asked: Ttl) -> Self {
        let permanent = asked == Ttl::Permanent;
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
        if time <= TEN_YEARS {
            Self::Expires(time)
        } else if permanent {
            Self::Permanent
        } else {
            Self::Expires(TEN_YEARS)
        }
    }

    /// The time it lives, where that is known and finite.
    #[must_use]
    pub fn duration(self) -> Option<Duration> {
        match self {
            Self::Expires(time) => Some(time),
            Self::Permanent | Self::Unknown => None,
        }
    }

    /// Whether it never expires by itself.
    #[must_use]
    pub fn is_permanent(self) -> bool {
        self == Self::Permanent
    }

    pub(crate) fn end_from(self, start: SystemTime) -> Option<SystemTime> {
        start.checked_add(self.duration()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASKED_FOR_TIME: Ttl = Ttl::For(Duration::from_secs(60));

    #[test]
    fn where_permanent_was_asked_strange_numbers_mean_permanent() {
        for number in [0, -1, i64::MIN, i64::MAX, i64::MAX / 1000, 315_360_001] {
            let read = Lifetime::from_wire(Some(number), TtlUnit::Seconds, Ttl::Permanent);
            assert_eq!(read, Lifetime::Permanent, "{number}");
        }
        // A plain number is believed even then, and an absent one says nothing.
        let read = Lifetime::from_wire(Some(5_184_000), TtlUnit::Seconds, Ttl::Permanent);
        assert_eq!(read, Lifetime::Expires(Duration::from_secs(5_184_000)));
        let read = Lifetime::from_wire(None, TtlUnit::Seconds, Ttl::Permanent);
        assert_eq!(read, Lifetime::Unknown);
    }

    #[test]
    fn where_it_was_not_they_mean_unknown_or_ten_years() {
        for asked in [Ttl::ServerDefault, ASKED_FOR_TIME] {
            for number in [None, Some(0), Some(-1), Some(i64::MIN)] {
                let read = Lifetime::from_wire(number, TtlUnit::Seconds, asked);
                assert_eq!(read, Lifetime::Unknown, "{number:?}");
            }
            for number in [i64::MAX, 315_360_001] {
                let read = Lifetime::from_wire(Some(number), TtlUnit::Seconds, asked);
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
    fn sixty_days_in_milliseconds_do_not_fit_in_32_bits_and_are_read_all_the_same() {
        let read = Lifetime::from_wire(Some(5_184_000_000), TtlUnit::Milliseconds, ASKED_FOR_TIME);
        assert_eq!(read.duration(), Some(Duration::from_secs(5_184_000)));
    }
}

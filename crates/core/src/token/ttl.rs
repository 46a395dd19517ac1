//! Requested lifetime, and the units in which a deployment counts.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use easemob_token_host::OddCharacter;

use crate::build_error::{BuildError, Field};

/// Requested lifetime: the server's default, permanent, or a time. The three are never mixed up.
// Complete: the wire knows these three cases and no other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Ttl {
    /// The console's setting: the member `ttl` is left out.
    #[default]
    ServerDefault,
    /// A token that never expires: `ttl` is `0`.
    Permanent,
    /// This time. Fractions of the wire's unit are cut off, so a token never lives longer than
    /// requested.
    For(Duration),
}

impl Ttl {
    /// The number to send, or `None` to leave it out.
    pub(crate) fn to_wire(self, unit: TtlUnit) -> Result<Option<i64>, BuildError> {
        let time = match self {
            Self::ServerDefault => return Ok(None),
            Self::Permanent => return Ok(Some(0)),
            Self::For(time) => time,
        };
        let units = match unit {
            TtlUnit::Seconds => u128::from(time.as_secs()),
            TtlUnit::Milliseconds => time.as_millis(),
        };
        if units == 0 {
            let problem = match unit {
                TtlUnit::Seconds => {
                    "is shorter than one second and would be sent as 0, which means permanent; \
                     ask for a second or more, or for a permanent token by name"
                }
                TtlUnit::Milliseconds => {
                    "is shorter than one millisecond and would be sent as 0, which means \
                     permanent; ask for more, or for a permanent token by name"
                }
            };
            return Err(BuildError::new(Field::Ttl, problem));
        }
        i64::try_from(units).map(Some).map_err(|_| {
            BuildError::new(Field::Ttl, "is longer than the request can carry; ask for less")
        })
    }
}

impl From<Duration> for Ttl {
    fn from(time: Duration) -> Self {
        Self::For(time)
    }
}

/// Unit of lifetimes in one direction of the wire.
// Complete: the documentation knows these two.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TtlUnit {
    /// Seconds, on all clusters except VIP 5.
    #[default]
    Seconds,
    /// Milliseconds, on VIP 5 clusters.
    Milliseconds,
}

impl TtlUnit {
    pub(crate) fn other(self) -> Self {
        match self {
            Self::Seconds => Self::Milliseconds,
            Self::Milliseconds => Self::Seconds,
        }
    }
}

impl fmt::Display for TtlUnit {
    /// Writes `seconds` or `milliseconds`, which `FromStr` reads.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Seconds => "seconds",
            Self::Milliseconds => "milliseconds",
        })
    }
}

impl FromStr for TtlUnit {
    type Err = BuildError;

    /// Reads `seconds` or `milliseconds`.
    fn from_str(text: &str) -> Result<Self, BuildError> {
        match text {
            "seconds" => Ok(Self::Seconds),
            "milliseconds" => Ok(Self::Milliseconds),
            _ => Err(wrong_units(text, "is no unit; write seconds or milliseconds, in lower case")),
        }
    }
}

/// The error for a text that is no unit: an odd character in it, or else `problem`.
fn wrong_units(text: &str, problem: &'static str) -> BuildError {
    // `TtlUnits` permits spaces between its parts.
    match OddCharacter::first_hidden_in(text)
        .or_else(|| OddCharacter::find(text, |c| c == ' ' || c.is_ascii_graphic()))
    {
        Some(odd) => BuildError::new(Field::TtlUnits, odd.problem("write seconds or milliseconds")),
        None => BuildError::new(Field::TtlUnits, problem),
    }
}

/// Units of lifetimes of a deployment, for each direction.
///
/// Editions of the documentation disagree on the direction in which the VIP 5 cluster counts in
/// milliseconds: one page marks both, a later one only `expires_in`, another only `ttl`. So the two are
/// separate settings.
///
/// ```
/// use easemob_token_core::{TtlUnit, TtlUnits};
///
/// assert_eq!("seconds".parse(), Ok(TtlUnits::STANDARD));
/// assert_eq!("milliseconds".parse(), Ok(TtlUnits::VIP5));
/// let mixed = TtlUnits { request: TtlUnit::Seconds, response: TtlUnit::Milliseconds };
/// assert_eq!("request=seconds,response=milliseconds".parse(), Ok(mixed));
/// ```
// Complete: a request and its response are the only directions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct TtlUnits {
    /// The unit of `ttl` in requests.
    pub request: TtlUnit,
    /// The unit of `expires_in` in responses.
    pub response: TtlUnit,
}

impl TtlUnits {
    /// Seconds both ways: every cluster but VIP 5.
    pub const STANDARD: Self = Self { request: TtlUnit::Seconds, response: TtlUnit::Seconds };
    /// Milliseconds both ways: the VIP 5 cluster, as the password page describes it.
    pub const VIP5: Self = Self { request: TtlUnit::Milliseconds, response: TtlUnit::Milliseconds };
}

impl fmt::Display for TtlUnits {
    /// Writes one unit if both directions have it, or else `request=…,response=…`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { request, response } = self;
        if request == response {
            return request.fmt(f);
        }
        write!(f, "request={request},response={response}")
    }
}

impl FromStr for TtlUnits {
    type Err = BuildError;

    /// Reads one unit for both directions, or `request=…,response=…` in any order.
    fn from_str(text: &str) -> Result<Self, BuildError> {
        Self::parse(text).ok_or_else(|| {
            let problem = "is none of seconds, milliseconds and request=UNIT,response=UNIT; write one of \
                           them, in lower case";
            wrong_units(text, problem)
        })
    }
}

impl TtlUnits {
    fn parse(text: &str) -> Option<Self> {
        if let Ok(unit) = text.parse() {
            return Some(Self { request: unit, response: unit });
        }
        let (mut request, mut response) = (None, None);
        for part in text.split(',') {
            let (direction, unit) = part.split_once('=')?;
            let slot = match direction.trim() {
                "request" => &mut request,
                "response" => &mut response,
                _ => return None,
            };
            if slot.replace(unit.trim().parse().ok()?).is_some() {
                return None;
            }
        }
        Some(Self { request: request?, response: response? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_permanent_and_a_time_are_sent_differently() {
        for unit in [TtlUnit::Seconds, TtlUnit::Milliseconds] {
            assert_eq!(Ttl::ServerDefault.to_wire(unit), Ok(None));
            assert_eq!(Ttl::Permanent.to_wire(unit), Ok(Some(0)));
            assert!(Ttl::For(Duration::ZERO).to_wire(unit).is_err());
        }
    }

    #[test]
    fn fractions_of_a_unit_are_cut_off_and_never_become_permanent() {
        let time = Duration::from_millis(1_999);
        assert_eq!(Ttl::For(time).to_wire(TtlUnit::Seconds), Ok(Some(1)));
        assert_eq!(Ttl::For(time).to_wire(TtlUnit::Milliseconds), Ok(Some(1_999)));
        let error = Ttl::For(Duration::from_millis(999)).to_wire(TtlUnit::Seconds).unwrap_err();
        assert!(error.to_string().contains("permanent"), "{error}");
        assert!(Ttl::For(Duration::from_micros(999)).to_wire(TtlUnit::Milliseconds).is_err());
    }

    #[test]
    fn more_than_an_i64_is_an_error() {
        let most = Duration::from_secs(i64::MAX as u64);
        assert_eq!(Ttl::For(most).to_wire(TtlUnit::Seconds), Ok(Some(i64::MAX)));
        assert!(Ttl::For(most).to_wire(TtlUnit::Milliseconds).is_err());
        let more = most + Duration::from_secs(1);
        assert!(Ttl::For(more).to_wire(TtlUnit::Seconds).is_err());
        assert!(Ttl::For(Duration::MAX).to_wire(TtlUnit::Seconds).is_err());
    }

    #[test]
    fn units_are_read_for_each_direction() {
        let mixed = TtlUnits { request: TtlUnit::Milliseconds, response: TtlUnit::Seconds };
        assert_eq!("response=seconds, request=milliseconds".parse(), Ok(mixed));
        for units in [TtlUnits::STANDARD, TtlUnits::VIP5, mixed] {
            assert_eq!(units.to_string().parse(), Ok(units));
        }
        for bad in [
            "",
            "ms",
            "Seconds",
            "request=seconds",
            "request=seconds,request=seconds",
            "request=seconds,response=",
            "a=seconds,response=seconds",
            "=",
            "request=1,",
        ] {
            let error = bad.parse::<TtlUnits>().unwrap_err().to_string();
            assert!(error.starts_with("ttl unit: is none of seconds, milliseconds and"), "{error}");
        }
        let error = "ms".parse::<TtlUnit>().unwrap_err().to_string();
        assert_eq!(error, "ttl unit: is no unit; write seconds or milliseconds, in lower case");
        for (text, problem) in [
            ("seconds\n", "ends with U+000A (line feed) at character 8; remove it"),
            (" seconds", "begins with U+0020 (space) at character 1; remove it"),
            ("'seconds'", "is in quotes, U+0027 (') at character 1; remove them"),
            ("毫秒", "has U+6BEB at character 1; write seconds or milliseconds"),
            ("request＝seconds,a", "has U+FF1D (full-width =) at character 8; write = (U+003D)"),
        ] {
            let error = text.parse::<TtlUnits>().unwrap_err();
            assert_eq!(error.problem(), problem);
        }
    }
}

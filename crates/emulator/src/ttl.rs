//! Lifetimes of tokens: `ttl` in requests, `expires_in` in responses.

use std::time::Duration;

use serde_json::Value;

/// The unit of lifetimes in requests or in responses.
///
/// Exhaustive: the documentation has these two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Seconds: every deployment but VIP 5.
    Seconds,
    /// Milliseconds: the VIP 5 cluster.
    Milliseconds,
}

/// The value of `expires_in` for a permanent token, which is undocumented.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum PermanentAs {
    /// `i64::MAX / 1000`, the value of Apache Usergrid, on which the service is based. The same in
    /// both units. The default.
    #[default]
    UsergridMax,
    /// `0`, the value that requests a permanent token.
    Zero,
    /// `-1`.
    Negative,
    /// `i64::MAX`.
    I64Max,
}

impl PermanentAs {
    fn expires_in(self) -> i64 {
        match self {
            Self::UsergridMax => i64::MAX / 1000,
            Self::Zero => 0,
            Self::Negative => -1,
            Self::I64Max => i64::MAX,
        }
    }
}

/// The lifetime of a token that is about to be issued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lifetime {
    Permanent,
    For(Duration),
}

/// The four bytes inside a permanent token: the one public sample that was requested as permanent has
/// zero.
const PERMANENT_IN_TOKEN: u32 = 0;

impl Lifetime {
    /// Converts a duration; zero is permanent, as in `ttl`.
    pub(crate) fn from_duration(duration: Duration) -> Self {
        if duration.is_zero() { Self::Permanent } else { Self::For(duration) }
    }

    /// Parses the member `ttl`: absent or null is the console's setting; a number and its decimal
    /// text are the same. Returns `None` for anything else.
    pub(crate) fn requested(ttl: Option<&Value>, unit: Unit, console: Duration) -> Option<Self> {
        let count = match ttl {
            None | Some(Value::Null) => return Some(Self::from_duration(console)),
            Some(Value::Number(number)) => number.as_u64()?,
            Some(Value::String(text)) => decimal(text)?,
            Some(_) => return None,
        };
        // The member is documented as a Long.
        i64::try_from(count).ok()?;
        Some(Self::from_duration(match unit {
            Unit::Seconds => Duration::from_secs(count),
            Unit::Milliseconds => Duration::from_millis(count),
        }))
    }

    /// The member `expires_in`. A fraction of a second is rounded up, so that a short lifetime is
    /// not sent as `0`.
    pub(crate) fn expires_in(self, unit: Unit, permanent: PermanentAs) -> i64 {
        let count = match (self, unit) {
            (Self::Permanent, _) => return permanent.expires_in(),
            (Self::For(life), Unit::Seconds) => whole_seconds(life).into(),
            (Self::For(life), Unit::Milliseconds) => life.as_millis(),
        };
        i64::try_from(count).unwrap_or(i64::MAX)
    }

    /// The four bytes inside the token, in seconds in every deployment.
    pub(crate) fn in_token(self) -> u32 {
        match self {
            Self::Permanent => PERMANENT_IN_TOKEN,
            Self::For(life) => u32::try_from(whole_seconds(life)).unwrap_or(u32::MAX),
        }
    }

    /// When a token with this time of issue and these four bytes expires; `None` if it does not.
    pub(crate) fn end_ms(issued_ms: u64, in_token: u32) -> Option<u64> {
        let end = issued_ms.saturating_add(u64::from(in_token) * 1000);
        (in_token != PERMANENT_IN_TOKEN).then_some(end)
    }

    /// Whether such a token has expired at `now_ms`.
    pub(crate) fn is_expired(issued_ms: u64, in_token: u32, now_ms: u64) -> bool {
        Self::end_ms(issued_ms, in_token).is_some_and(|end| now_ms >= end)
    }
}

fn whole_seconds(life: Duration) -> u64 {
    life.as_secs().saturating_add(u64::from(life.subsec_nanos() > 0))
}

fn decimal(text: &str) -> Option<u64> {
    // `u64::from_str` would accept a leading plus sign.
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const CONSOLE: Duration = Duration::from_secs(60 * 86_400);

    fn requested(ttl: &Value) -> Option<Lifetime> {
        Lifetime::requested(Some(ttl), Unit::Seconds, CONSOLE)
    }

    #[test]
    fn absent_zero_and_a_number_are_three_lifetimes() {
        let absent = Lifetime::requested(None, Unit::Seconds, CONSOLE);
        assert_eq!(absent, Some(Lifetime::For(CONSOLE)));
        assert_eq!(requested(&json!(0)), Some(Lifetime::Permanent));
        assert_eq!(requested(&json!("0")), Some(Lifetime::Permanent));
        let counted = Some(Lifetime::For(Duration::from_secs(1_024_000)));
        assert_eq!(requested(&json!(1_024_000)), counted);
        assert_eq!(requested(&json!("1024000")), counted);
    }

    #[test]
    fn anything_but_a_count_is_refused() {
        for odd in [json!(-1), json!(1.5), json!("+1"), json!(""), json!("1e3"), json!(true)] {
            assert_eq!(requested(&odd), None, "{odd}");
        }
        assert_eq!(requested(&json!(u64::MAX)), None);
    }

    #[test]
    fn sixty_days_in_milliseconds_need_more_than_32_bits() {
        let life = Lifetime::For(CONSOLE);
        assert_eq!(life.expires_in(Unit::Milliseconds, PermanentAs::Zero), 5_184_000_000);
        assert_eq!(life.expires_in(Unit::Seconds, PermanentAs::Zero), 5_184_000);
        assert_eq!(life.in_token(), 5_184_000);
    }

    #[test]
    fn nothing_overflows() {
        let life = Lifetime::For(Duration::MAX);
        assert_eq!(life.expires_in(Unit::Milliseconds, PermanentAs::Zero), i64::MAX);
        assert_eq!(life.in_token(), u32::MAX);
        let short = Lifetime::For(Duration::from_millis(1));
        assert_eq!(short.expires_in(Unit::Seconds, PermanentAs::Zero), 1);
        assert!(!Lifetime::is_expired(u64::MAX, 1, u64::MAX - 1));
    }
}

//! Lifetimes and time limits as people write them.

use std::time::Duration;

use easemob_token_core::{OddCharacter, Ttl};
use easemob_token_transport::ConfigError;

/// The units, in the order in which they may follow each other.
const UNITS: [(&str, u64); 5] =
    [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// Parses a lifetime: `30s`, `15m`, `12h`, `60d`, a bare number of seconds, `permanent` or `default`.
///
/// `m` is minutes. There are no months, years or weeks, and no capitals. `1h30m` is read too.
/// `setting` names the text in the error, which does not repeat it.
///
/// # Errors
///
/// If the text is none of these, or zero, which the service would take for permanent.
///
/// ```
/// use std::time::Duration;
///
/// use easemob_token::Ttl;
/// use easemob_token::environment::parse_ttl;
///
/// assert_eq!(parse_ttl("ttl", "10m")?, Ttl::For(Duration::from_secs(600)));
/// assert!(parse_ttl("ttl", "10M").is_err());
/// # Ok::<(), easemob_token::ConfigError>(())
/// ```
pub fn parse_ttl(setting: &'static str, text: &str) -> Result<Ttl, ConfigError> {
    match text {
        "permanent" => return Ok(Ttl::Permanent),
        "default" => return Ok(Ttl::ServerDefault),
        _ => {}
    }
    match duration(text) {
        Some(time) if time.is_zero() => Err(ConfigError::new(
            setting,
            "is zero; write \"permanent\" for a token that never expires",
        )),
        Some(time) => Ok(Ttl::For(time)),
        None => Err(wrong(
            setting,
            "is not a lifetime",
            text,
            "write a number of seconds, or a number with s, m (minutes), h or d, such as 30s, 12h \
             or 60d, or \"permanent\" or \"default\"",
        )),
    }
}

/// Parses a time: `500ms`, `10s`, `2m`, `1h`, or a bare number of seconds.
///
/// `setting` names the text in the error, which does not repeat it.
///
/// # Errors
///
/// If the text is none of these.
pub fn parse_duration(setting: &'static str, text: &str) -> Result<Duration, ConfigError> {
    duration(text).ok_or_else(|| wrong(setting, "is not a time", text, TIME))
}

/// Parses a time limit, which is a time above zero; see [`parse_duration`].
///
/// # Errors
///
/// If the text is none.
pub fn parse_limit(setting: &'static str, text: &str) -> Result<Duration, ConfigError> {
    match parse_duration(setting, text)? {
        Duration::ZERO => Err(wrong(setting, "is zero, so nothing could be done", text, TIME)),
        limit => Ok(limit),
    }
}

const TIME: &str =
    "write a number of seconds, or a number with ms, s, m (minutes), h or d, such as 10s or 500ms";

/// The error, with the character that does not belong in any duration.
fn wrong(setting: &'static str, problem: &str, text: &str, remedy: &str) -> ConfigError {
    let odd = OddCharacter::first_in(text).map(|odd| format!(" ({odd})")).unwrap_or_default();
    ConfigError::new(setting, format!("{problem}{odd}; {remedy}"))
}

/// Numbers with units, each unit at most once and the largest first.
fn duration(text: &str) -> Option<Duration> {
    let mut units = &UNITS[..];
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if is_number(text) {
        return text.parse().ok().map(Duration::from_secs);
    }
    let mut rest = text;
    let mut sum = Duration::ZERO;
    while !rest.is_empty() {
        let (number, after) = split(rest, u8::is_ascii_digit);
        let (unit, after) = split(after, u8::is_ascii_lowercase);
        let place = units.iter().position(|(name, _)| *name == unit)?;
        let millis = number.parse::<u64>().ok()?.checked_mul(units[place].1)?;
        sum = sum.checked_add(Duration::from_millis(millis))?;
        units = &units[place + 1..];
        rest = after;
    }
    (!text.is_empty()).then_some(sum)
}

/// The longest prefix of such bytes, and the rest.
fn split(text: &str, is_in: impl Fn(&u8) -> bool) -> (&str, &str) {
    let end = text.bytes().take_while(is_in).count();
    text.split_at(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lifetime_is_read_in_each_of_its_forms() {
        let seconds = |text| match parse_ttl("ttl", text) {
            Ok(Ttl::For(time)) => Some(time.as_secs()),
            _ => None,
        };
        for (text, expected) in [
            ("30s", 30),
            ("10m", 600),
            ("12h", 43_200),
            ("60d", 5_184_000),
            ("1024000", 1_024_000),
            ("007", 7),
            ("1h30m", 5_400),
            ("1d2h3m4s", 93_784),
        ] {
            assert_eq!(seconds(text), Some(expected), "{text}");
        }
        assert_eq!(parse_ttl("ttl", "permanent").unwrap(), Ttl::Permanent);
        assert_eq!(parse_ttl("ttl", "default").unwrap(), Ttl::ServerDefault);
        assert!(parse_ttl("ttl", "0s").unwrap_err().to_string().contains("permanent"));
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        for bad in [
            "",
            "10M",
            "10H",
            "10D",
            "10S",
            "1mo",
            "1month",
            "1y",
            "2w",
            "1min",
            "10sec",
            "1e3",
            "-5",
            "+5",
            "1.5",
            "1.5h",
            "5 m",
            "5m ",
            "1h 30m",
            "30m1h",
            "1h1h",
            "h",
            "10µs",
            "0x10",
            "１０s",
            "10秒",
            "10ｓ",
            "1_000",
            "1,000",
            "1h30",
            "1hm",
            "Permanent",
            "soon",
            "99999999999999999999",
            "99999999999999999999d",
            "213503982334602d",
        ] {
            for problem in [
                parse_ttl("--ttl", bad).unwrap_err().to_string(),
                parse_duration("--ttl", bad).unwrap_err().to_string(),
            ] {
                assert!(problem.starts_with("--ttl: ") && problem.contains("m (minutes)"), "{bad}");
            }
        }
        let problem = parse_ttl("--ttl", "１０s").unwrap_err().to_string();
        assert!(problem.contains("(U+FF11 (full-width 1) at character 1); write"), "{problem}");
    }

    #[test]
    fn a_limit_may_be_in_milliseconds_and_is_never_zero() {
        let limit = |text| parse_limit("timeout", text).ok();
        assert_eq!(limit("500ms"), Some(Duration::from_millis(500)));
        assert_eq!(limit("1s500ms"), Some(Duration::from_millis(1_500)));
        assert_eq!(limit("5"), Some(Duration::from_secs(5)));
        for bad in ["0", "0s", "0ms", "permanent"] {
            assert_eq!(limit(bad), None, "{bad}");
        }
        assert_eq!(parse_duration("leeway", "0s").unwrap(), Duration::ZERO);
    }
}

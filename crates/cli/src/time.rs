//! Durations and times: parsed from arguments, formatted for people and for scripts.

use std::time::{Duration, SystemTime};

use easemob_token::Ttl;

/// Parses a lifetime: `30s`, `12h`, `60d`, a bare number of seconds, `permanent`, `default`.
pub(crate) fn ttl(text: &str) -> Result<Ttl, String> {
    match text {
        "permanent" => Ok(Ttl::Permanent),
        "default" => Ok(Ttl::ServerDefault),
        _ => match duration(text) {
            Some(time) if time.is_zero() => {
                Err("is zero; write \"permanent\" for a token that never expires".to_owned())
            }
            Some(time) => Ok(Ttl::For(time)),
            None => Err(
                "is not a lifetime; write 30s, 12h, 60d, a number of seconds, permanent or default"
                    .into(),
            ),
        },
    }
}

/// Parses a time limit: `10s`, `500ms`, a bare number of seconds.
pub(crate) fn limit(text: &str) -> Result<Duration, String> {
    match duration(text) {
        Some(time) if !time.is_zero() => Ok(time),
        _ => {
            Err("is not a time limit; write 10s, 500ms, or a number of seconds above zero"
                .to_owned())
        }
    }
}

/// Parses a leeway for clocks, which can be zero.
pub(crate) fn leeway(text: &str) -> Result<Duration, String> {
    duration(text).ok_or_else(|| "is not a time; write 60s, or 0s for none".to_owned())
}

fn duration(text: &str) -> Option<Duration> {
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        return text.parse().ok().map(Duration::from_secs);
    }
    humantime::parse_duration(text).ok()
}

/// Formats a duration in days, hours, minutes and seconds: `11d 20h 26m 40s`.
pub(crate) fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    let parts = [
        (seconds / 86_400, "d"),
        (seconds / 3_600 % 24, "h"),
        (seconds / 60 % 60, "m"),
        (seconds % 60, "s"),
    ];
    let words: Vec<_> =
        parts.iter().filter(|(n, _)| *n > 0).map(|(n, unit)| format!("{n}{unit}")).collect();
    if words.is_empty() { format!("{}ms", time.subsec_millis()) } else { words.join(" ") }
}

/// Formats a number in groups of three digits: `1 024 000`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

/// Formats a time as RFC 3339, UTC, whole seconds; `None` outside the years 1970 to 9999.
pub(crate) fn rfc3339(time: SystemTime) -> Option<String> {
    writable(time).then(|| humantime::format_rfc3339_seconds(time).to_string())
}

/// Formats a time as RFC 3339, UTC, milliseconds; `None` outside the years 1970 to 9999.
pub(crate) fn rfc3339_ms(time: SystemTime) -> Option<String> {
    writable(time).then(|| humantime::format_rfc3339_millis(time).to_string())
}

/// Whether the time is within the years 1970 to 9999; the formatter refuses all others.
fn writable(time: SystemTime) -> bool {
    const YEAR_10_000: Duration = Duration::from_secs(253_402_300_800);
    time.duration_since(SystemTime::UNIX_EPOCH).is_ok_and(|since| since < YEAR_10_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ttl_is_read_in_each_of_its_forms() {
        let secs = |n| Ok(Ttl::For(Duration::from_secs(n)));
        assert_eq!(ttl("30s"), secs(30));
        assert_eq!(ttl("12h"), secs(43_200));
        assert_eq!(ttl("60d"), secs(5_184_000));
        assert_eq!(ttl("1024000"), secs(1_024_000));
        assert_eq!(ttl("permanent"), Ok(Ttl::Permanent));
        assert_eq!(ttl("default"), Ok(Ttl::ServerDefault));
        for bad in ["", "0", "0s", "-5", "1.5", "soon", "99999999999999999999"] {
            assert!(ttl(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_limit_is_never_zero() {
        assert_eq!(limit("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(limit("5"), Ok(Duration::from_secs(5)));
        assert!(limit("0").is_err() && limit("0s").is_err());
        assert_eq!((leeway("0"), leeway("90s")), (Ok(Duration::ZERO), Ok(Duration::from_secs(90))));
        assert!(leeway("-1").is_err());
    }

    #[test]
    fn times_are_formatted_for_people_and_as_rfc_3339() {
        assert_eq!(span(Duration::from_secs(1_024_000)), "11d 20h 26m 40s");
        assert_eq!(span(Duration::from_secs(5_184_000)), "60d");
        assert_eq!(span(Duration::from_millis(5)), "5ms");
        let groups = [0, 999, 1_000, 1_024_000].map(grouped);
        assert_eq!(groups, ["0", "999", "1 000", "1 024 000"]);
        let time = SystemTime::UNIX_EPOCH + Duration::from_millis(1_637_740_866_157);
        assert_eq!(rfc3339(time).as_deref(), Some("2021-11-24T08:01:06Z"));
        assert_eq!(rfc3339_ms(time).as_deref(), Some("2021-11-24T08:01:06.157Z"));
        assert_eq!(rfc3339(SystemTime::UNIX_EPOCH - Duration::from_secs(1)), None);
        let far = SystemTime::UNIX_EPOCH + Duration::from_secs(253_402_300_800);
        assert_eq!(rfc3339(far), None);
    }
}

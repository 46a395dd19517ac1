//! Durations and times, formatted for people and for scripts.

use std::time::{Duration, SystemTime};

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

/// Whole seconds that are at least as long.
pub(crate) fn whole_seconds(time: Duration) -> u64 {
    time.as_secs().saturating_add(u64::from(time.subsec_nanos() > 0))
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
    fn times_are_formatted_for_people_and_as_rfc_3339() {
        assert_eq!(span(Duration::from_secs(1_024_000)), "11d 20h 26m 40s");
        assert_eq!(span(Duration::from_secs(5_184_000)), "60d");
        assert_eq!(span(Duration::from_millis(5)), "5ms");
        let rounded = [0, 1, 1_000, 1_001].map(|ms| whole_seconds(Duration::from_millis(ms)));
        assert_eq!(rounded, [0, 1, 1, 2]);
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

//! The header `Retry-After`: seconds or a date, within bounds.

use std::time::{Duration, SystemTime};

use http::HeaderMap;
use http::header::RETRY_AFTER;

const LEAST: f64 = 1.0;
const MOST: f64 = 3600.0;

/// The pause that the response asks for, between one second and one hour, in whole seconds.
///
/// The longest if it asks for several; `None` if there is none or it cannot be read.
pub(super) fn read(headers: &HeaderMap, received_at: SystemTime) -> Option<Duration> {
    let texts = headers.get_all(RETRY_AFTER).iter().filter_map(|value| value.to_str().ok());
    let seconds = texts.filter_map(|text| {
        let text = text.trim();
        seconds(text).or_else(|| seconds_until(text, received_at))
    });
    // Rounded up: a request before the end of the pause would be refused again.
    seconds.map(|seconds| Duration::from_secs_f64(seconds.ceil().clamp(LEAST, MOST))).max()
}

/// A number of seconds. Some gateways send a fraction, a plus sign or the unit.
fn seconds(text: &str) -> Option<f64> {
    let text = text.strip_suffix(['s', 'S']).unwrap_or(text).trim_end();
    let text = text.strip_prefix('+').unwrap_or(text);
    // Rust alone would also read a second sign, `1e3`, `inf` and `nan`.
    let is_decimal = text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    if is_decimal { text.parse().ok() } else { None }
}

/// The seconds until a date in one of the three forms of HTTP; none if it is in the past.
fn seconds_until(date: &str, received_at: SystemTime) -> Option<f64> {
    let date = httpdate::parse_http_date(date).ok()?;
    Some(date.duration_since(received_at).unwrap_or_default().as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pause_of(values: &[&str]) -> Option<Duration> {
        let values = values.iter().map(|value| (RETRY_AFTER, value.parse().unwrap()));
        let mut headers = HeaderMap::new();
        values.for_each(|(name, value)| {
            headers.append(name, value);
        });
        // 1994-11-06T08:49:37.5Z; the second is that of the HTTP specification's sample date.
        read(&headers, SystemTime::UNIX_EPOCH + Duration::from_millis(784_111_777_500))
    }

    #[test]
    fn seconds_and_dates_are_obeyed_within_bounds_and_rounded_up() {
        for (value, seconds) in [
            ("7", 7),
            ("0", 1),
            ("007", 7),
            ("2.5", 3),
            ("2.0", 2),
            ("0.001", 1),
            (".5", 1),
            ("59.999", 60),
            (" 3 ", 3),
            ("\t3", 3),
            ("+3", 3),
            ("3s", 3),
            ("3 s", 3),
            ("2.5S", 3),
            ("3600.1", 3600),
            ("99999", 3600),
            ("99999999999999999999999", 3600),
            // The three forms of a date.
            ("Sun, 06 Nov 1994 08:50:37 GMT", 60),
            ("Sunday, 06-Nov-94 08:50:37 GMT", 60),
            ("Sun Nov  6 08:50:37 1994", 60),
            ("Sun, 06 Nov 1994 08:00:00 GMT", 1),
            ("Thu, 01 Jan 1970 00:00:00 GMT", 1),
            ("Sun, 06 Nov 2044 08:00:00 GMT", 3600),
        ] {
            assert_eq!(pause_of(&[value]), Some(Duration::from_secs(seconds)), "{value}");
        }
    }

    #[test]
    fn garbage_is_ignored() {
        for value in [
            "",
            " ",
            "-5",
            "-0.5",
            "soon",
            "s",
            "+",
            ".",
            "+-7",
            "++7",
            "1e3",
            "inf",
            "NaN",
            "0x10",
            "7 min",
            "500ms",
            "1,5",
            "1.2.3",
            "never",
            "1994-11-06T08:50:37Z",
            "Sun, 06 Nov 1994",
        ] {
            assert_eq!(pause_of(&[value]), None, "{value}");
        }
        assert_eq!(pause_of(&[]), None);
    }

    #[test]
    fn of_several_pauses_the_longest_is_obeyed() {
        let seven = Some(Duration::from_secs(7));
        assert_eq!(pause_of(&["7", "3"]), seven);
        assert_eq!(pause_of(&["3", "7"]), seven);
        assert_eq!(pause_of(&["soon", "7", "-9"]), seven);
    }
}

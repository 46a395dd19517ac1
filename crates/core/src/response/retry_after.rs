//! The header `Retry-After`: seconds or a date, within bounds.

use std::time::{Duration, SystemTime};

use http::HeaderMap;
use http::header::RETRY_AFTER;

const LEAST: Duration = Duration::from_secs(1);
const MOST: Duration = Duration::from_secs(3600);

/// The pause that the response asks for, between one second and one hour.
///
/// `None` if there is none or it cannot be read.
pub(super) fn read(headers: &HeaderMap, received_at: SystemTime) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let pause = if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        // Digits that do not fit are a very long pause, not garbage.
        text.parse().map_or(MOST, Duration::from_secs)
    } else {
        let date = httpdate::parse_http_date(text).ok()?;
        date.duration_since(received_at).unwrap_or(Duration::ZERO)
    };
    Some(pause.clamp(LEAST, MOST))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pause(value: &str) -> Option<u64> {
        let headers = [(RETRY_AFTER, value.parse().unwrap())].into_iter().collect();
        // 1994-11-06T08:49:37Z, the sample date of the HTTP specification.
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        read(&headers, now).map(|pause| pause.as_secs())
    }

    #[test]
    fn seconds_and_dates_are_obeyed_within_bounds() {
        assert_eq!(pause("7"), Some(7));
        assert_eq!(pause("0"), Some(1));
        assert_eq!(pause("99999"), Some(3600));
        assert_eq!(pause("99999999999999999999999"), Some(3600));
        assert_eq!(pause("Sun, 06 Nov 1994 08:50:37 GMT"), Some(60));
        assert_eq!(pause("Sun, 06 Nov 1994 08:00:00 GMT"), Some(1));
        assert_eq!(pause("Sun, 06 Nov 2044 08:00:00 GMT"), Some(3600));
    }

    #[test]
    fn garbage_is_ignored() {
        for value in ["", "-5", "1.5", "soon", "7 s", "+7"] {
            assert_eq!(pause(value), None, "{value}");
        }
        assert_eq!(read(&HeaderMap::new(), SystemTime::UNIX_EPOCH), None);
    }
}

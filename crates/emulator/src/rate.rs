//! The limit on requests per second, for each App Key.

use std::collections::VecDeque;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

/// The requests that were admitted within the last second.
#[derive(Clone, Debug, Default)]
pub(crate) struct RateWindow {
    admitted: VecDeque<Duration>,
}

impl RateWindow {
    /// Whether another request is admitted at `now`. Refused requests do not count, so they do not
    /// delay the next admission.
    pub(crate) fn admit(&mut self, now: Duration, limit: Option<u32>) -> bool {
        let Some(limit) = limit else { return true };
        // The second test drops entries of the future, left by a clock that was turned back.
        while self.admitted.front().is_some_and(|at| now.abs_diff(*at) >= SECOND || *at > now) {
            self.admitted.pop_front();
        }
        if self.admitted.len() >= limit as usize {
            return false;
        }
        self.admitted.push_back(now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_holds_in_any_second_not_in_calendar_seconds() {
        let mut window = RateWindow::default();
        let at = Duration::from_millis;
        assert!(window.admit(at(900), Some(2)));
        assert!(window.admit(at(1_000), Some(2)));
        assert!(!window.admit(at(1_100), Some(2)));
        assert!(window.admit(at(1_900), Some(2)));
        assert!(!window.admit(at(1_950), Some(2)));
    }

    #[test]
    fn a_clock_turned_back_does_not_block() {
        let mut window = RateWindow::default();
        assert!(window.admit(Duration::from_secs(100), Some(1)));
        assert!(window.admit(Duration::from_secs(50), Some(1)));
        assert!(!window.admit(Duration::from_secs(50), Some(1)));
        assert!(window.admit(Duration::from_secs(50), None));
    }
}

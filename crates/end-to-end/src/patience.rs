//! Waiting for something to be so, and not for a time to pass.

use std::thread;
use std::time::{Duration, Instant};

/// How long a test waits for what it waits for. Generous: only a failure uses it up.
pub const LIMIT: Duration = Duration::from_secs(10);

/// Asks again and again until there is an answer; `None` where there is none within [`LIMIT`].
pub fn within_limit<T>(mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let begun = Instant::now();
    loop {
        let answer = ask();
        if answer.is_some() || begun.elapsed() > LIMIT {
            return answer;
        }
        thread::sleep(Duration::from_millis(2));
    }
}

/// Asks again and again until there is an answer.
///
/// # Panics
///
/// There is none within [`LIMIT`]; `what` says what was waited for.
#[expect(clippy::panic, reason = "a test that cannot go on fails")]
pub fn eventually<T>(what: &str, ask: impl FnMut() -> Option<T>) -> T {
    within_limit(ask).unwrap_or_else(|| panic!("waited {LIMIT:?} in vain: {what}"))
}

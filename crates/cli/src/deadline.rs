//! What is left of the time for the whole command.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

/// When the command began.
static BEGUN: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Starts to count.
pub(crate) fn begin() {
    LazyLock::force(&BEGUN);
}

/// What is left of this limit, which counts from the start of the command.
pub(crate) fn left(limit: Duration) -> Duration {
    limit.saturating_sub(BEGUN.elapsed())
}

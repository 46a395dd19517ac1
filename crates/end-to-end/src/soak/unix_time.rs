//! Time since the Unix epoch, which both processes share.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub(crate) fn now() -> Duration {
    since_epoch(SystemTime::now())
}

pub(crate) fn since_epoch(time: SystemTime) -> Duration {
    time.duration_since(UNIX_EPOCH).unwrap_or_default()
}

//! The time and the chance that the core's machines take as arguments.

use std::time::{Duration, Instant, SystemTime};

use easemob_token_core::{Jitter, Moment};

/// Both clocks, counted from the making of a client.
#[derive(Clone, Debug)]
pub(crate) struct Clock {
    origin: Instant,
    /// How far a test has moved the clocks ahead, in milliseconds.
    #[cfg(test)]
    ahead: std::sync::Arc<std::sync::atomic::AtomicU64>,
}

impl Clock {
    pub(crate) fn new() -> Self {
        Self {
            origin: Instant::now(),
            #[cfg(test)]
            ahead: std::sync::Arc::default(),
        }
    }

    pub(crate) fn now(&self) -> Moment {
        let wall = SystemTime::now();
        #[cfg(test)]
        let wall = wall + self.ahead();
        Moment { wall, uptime: self.uptime() }
    }

    pub(crate) fn uptime(&self) -> Duration {
        let uptime = self.origin.elapsed();
        #[cfg(test)]
        let uptime = uptime + self.ahead();
        uptime
    }

    #[cfg(test)]
    fn ahead(&self) -> Duration {
        Duration::from_millis(self.ahead.load(std::sync::atomic::Ordering::SeqCst))
    }

    #[cfg(test)]
    pub(crate) fn advance(&self, time: Duration) {
        let millis = u64::try_from(time.as_millis()).unwrap();
        self.ahead.fetch_add(millis, std::sync::atomic::Ordering::SeqCst);
    }
}

pub(crate) fn jitter() -> Jitter {
    Jitter::new(fastrand::f64())
}

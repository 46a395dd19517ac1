//! The service, which counts, fails by chance, and takes its time.

use easemob_token_core::Lifetime;
use shuttle::future::yield_now;
use shuttle::rand::{Rng as _, thread_rng};
use shuttle::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How long each token lives, in seconds.
const LIFE: u64 = 1_000;

/// Asked by one at a time, or it panics.
#[derive(Debug)]
pub struct Service {
    asked_now: AtomicU64,
    asked: AtomicU64,
    /// In a hundred.
    failing: u32,
    losing: u32,
}

/// How an acquisition ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Token(u64, Lifetime),
    Failure,
    /// Its task is dropped: the runtime ended, or the transport panicked.
    Lost,
}

impl Service {
    /// One that fails so often, and loses the task that asks so often, in a hundred requests.
    #[must_use]
    pub fn failing(failing: u32, losing: u32) -> Self {
        Self { asked_now: AtomicU64::new(0), asked: AtomicU64::new(0), failing, losing }
    }

    /// How many requests there were.
    #[must_use]
    pub fn asked(&self) -> u64 {
        self.asked.load(Ordering::SeqCst)
    }

    pub(crate) async fn ask(&self) -> Ending {
        let others = self.asked_now.fetch_add(1, Ordering::SeqCst);
        assert_eq!(others, 0, "a second acquisition is under way");
        let number = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
        let (pauses, chance) = (thread_rng().gen_range(0..3), thread_rng().gen_range(0..100));
        for _ in 0..pauses {
            yield_now().await;
        }
        self.asked_now.fetch_sub(1, Ordering::SeqCst);
        if chance < self.failing {
            Ending::Failure
        } else if chance < self.failing + self.losing {
            Ending::Lost
        } else {
            Ending::Token(number, Lifetime::Expires(Duration::from_secs(LIFE)))
        }
    }
}

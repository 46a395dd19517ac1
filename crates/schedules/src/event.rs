//! An event that tasks wait for, with the scheduler before each of its steps.

use event_listener::EventListener;
use shuttle::sync::atomic::{AtomicU64, Ordering};

/// The very event that the facade uses. It knows nothing of schedules, so a look at an atomic of
/// shuttle's goes before each step: others may run between it and what came before.
#[derive(Debug, Default)]
pub(crate) struct Event {
    inner: event_listener::Event,
    steps: AtomicU64,
}

impl Event {
    pub(crate) fn listen(&self) -> EventListener {
        self.steps.load(Ordering::SeqCst);
        self.inner.listen()
    }

    pub(crate) fn notify(&self, count: usize) {
        self.steps.load(Ordering::SeqCst);
        self.inner.notify(count);
    }
}

//! The primitives of a `cfg(shuttle)` build: the scheduler can switch tasks before each step.
//!
//! `arc-swap` and `event-listener` are the real ones. They do not know shuttle, so each of their
//! steps is preceded by a load of one of shuttle's atomics, at which others may run. The step itself
//! is atomic.

use std::sync::Arc;

pub(crate) use arc_swap::Guard;
use event_listener::EventListener;
use shuttle::sync::atomic::{AtomicU64, Ordering};
pub(crate) use shuttle::sync::{Mutex, MutexGuard};

/// A point at which the scheduler may switch to another task.
#[derive(Debug, Default)]
pub(crate) struct Step(AtomicU64);

impl Step {
    fn take(&self) {
        self.0.load(Ordering::SeqCst);
    }
}

#[derive(Debug)]
pub(crate) struct ArcSwapOption<T>(arc_swap::ArcSwapOption<T>, Step);

impl<T> ArcSwapOption<T> {
    pub(crate) fn new(value: Option<Arc<T>>) -> Self {
        Self(arc_swap::ArcSwapOption::new(value), Step::default())
    }

    pub(crate) fn load(&self) -> Guard<Option<Arc<T>>> {
        self.1.take();
        self.0.load()
    }

    pub(crate) fn load_full(&self) -> Option<Arc<T>> {
        self.1.take();
        self.0.load_full()
    }

    pub(crate) fn store(&self, value: Option<Arc<T>>) {
        self.1.take();
        self.0.store(value);
    }
}

#[derive(Debug)]
pub(crate) struct OnceLock<T>(std::sync::OnceLock<T>, Step);

impl<T> OnceLock<T> {
    pub(crate) fn new() -> Self {
        Self(std::sync::OnceLock::new(), Step::default())
    }

    pub(crate) fn get(&self) -> Option<&T> {
        self.1.take();
        self.0.get()
    }

    pub(crate) fn set(&self, value: T) -> Result<(), T> {
        self.1.take();
        self.0.set(value)
    }
}

#[derive(Debug)]
pub(crate) struct Event(event_listener::Event, Step);

impl Event {
    pub(crate) fn new() -> Self {
        Self(event_listener::Event::new(), Step::default())
    }

    pub(crate) fn listen(&self) -> EventListener {
        self.1.take();
        self.0.listen()
    }

    pub(crate) fn notify(&self, count: usize) {
        self.1.take();
        self.0.notify(count);
    }
}

//! A value that is read and replaced at once, as by `arc-swap`, with the scheduler between two steps.

use shuttle::sync::{Arc, Mutex};

/// The model's `ArcSwapOption`: the lock is never held across a step.
#[derive(Debug)]
pub(crate) struct Swap<T>(Mutex<Option<Arc<T>>>);

impl<T> Default for Swap<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Swap<T> {
    pub(crate) fn load(&self) -> Option<Arc<T>> {
        self.0.lock().ok()?.clone()
    }

    pub(crate) fn store(&self, value: Option<Arc<T>>) {
        if let Ok(mut place) = self.0.lock() {
            *place = value;
        }
    }
}

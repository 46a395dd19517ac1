//! Holds responses back until the test releases them.

use tokio::sync::watch;

/// Counts the holds. Requests pass while there is none.
#[derive(Debug)]
pub(crate) struct Gate(watch::Sender<usize>);

/// A guard that holds responses back. Created by [`Emulator::hold`](crate::Emulator::hold).
///
/// Requests still arrive and are counted and recorded. Responses are sent once every hold is
/// [released](Hold::release) or dropped.
#[derive(Debug)]
#[must_use = "responses are sent again when the hold is dropped"]
pub struct Hold(watch::Sender<usize>);

impl Gate {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(0))
    }

    pub(crate) fn close(&self) -> Hold {
        self.0.send_modify(|holds| *holds += 1);
        Hold(self.0.clone())
    }

    pub(crate) async fn passed(&self) {
        // The sender lives in `self`, so the wait cannot fail.
        let _ = self.0.subscribe().wait_for(|holds| *holds == 0).await;
    }
}

impl Hold {
    /// Releases the responses.
    pub fn release(self) {
        drop(self);
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.0.send_modify(|holds| *holds = holds.saturating_sub(1));
    }
}

//! Holding answers back: requests arrive and wait until the test lets them go.

use tokio::sync::watch;

/// How many holds are in force. Requests pass while there is none.
#[derive(Debug)]
pub(crate) struct Gate(watch::Sender<usize>);

/// While this lives, requests arrive, are counted and recorded, and get no answer.
///
/// Ended by [`release`](Hold::release) or by dropping it; several holds end with the last one.
#[derive(Debug)]
#[must_use = "requests pass again as soon as the hold is dropped"]
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
    /// Lets the requests go.
    pub fn release(self) {
        drop(self);
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.0.send_modify(|holds| *holds = holds.saturating_sub(1));
    }
}

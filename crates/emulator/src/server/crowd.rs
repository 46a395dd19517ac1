//! The limit on connections that are served at once.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// How long a new connection waits for a place before another is asked to leave.
const PATIENCE: Duration = Duration::from_millis(20);

/// Counts the connections. A new one beyond the limit waits, and idle ones are closed for it.
#[derive(Debug)]
pub(crate) struct Crowd {
    places: Option<Arc<Semaphore>>,
    leave: Notify,
}

impl Crowd {
    pub(crate) fn new(limit: Option<usize>) -> Self {
        let places = limit.map(|limit| Arc::new(Semaphore::new(limit.min(Semaphore::MAX_PERMITS))));
        Self { places, leave: Notify::new() }
    }

    /// Waits for a place; `None` if there is no limit.
    pub(crate) async fn enter(&self) -> Option<OwnedSemaphorePermit> {
        let places = self.places.as_ref()?;
        loop {
            let place = Arc::clone(places).acquire_owned();
            // Waiting for a place, so that keep-alive connections of one client cannot lock out another.
            match tokio::time::timeout(PATIENCE, place).await {
                Ok(place) => return place.ok(),
                Err(_) => self.leave.notify_one(),
            }
        }
    }

    /// Waits until this connection is to end: at once if it is idle, otherwise after its response.
    pub(crate) async fn asked_to_leave(&self) {
        self.leave.notified().await;
    }
}

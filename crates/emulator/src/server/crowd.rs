//! The limit on connections that are served at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// How long a new connection waits for another to end with a response, before an idle one is closed.
///
/// A client may be sending its next request on the idle one just then, so that is the second choice.
const PATIENCE: Duration = Duration::from_millis(100);

/// Counts the connections. A new one beyond the limit waits, and others are closed for it.
#[derive(Debug)]
pub(crate) struct Crowd {
    places: Option<Arc<Semaphore>>,
    /// Whether a connection waits, for which none was closed yet.
    is_waiting: AtomicBool,
    leave: Notify,
}

impl Crowd {
    pub(crate) fn new(limit: Option<usize>) -> Self {
        let places = limit.map(|limit| Arc::new(Semaphore::new(limit.min(Semaphore::MAX_PERMITS))));
        Self { places, is_waiting: AtomicBool::new(false), leave: Notify::new() }
    }

    /// Waits for a place; `None` if there is no limit.
    pub(crate) async fn enter(&self) -> Option<OwnedSemaphorePermit> {
        let places = self.places.as_ref()?;
        if let Ok(place) = Arc::clone(places).try_acquire_owned() {
            return Some(place);
        }
        self.is_waiting.store(true, Ordering::SeqCst);
        loop {
            let place = Arc::clone(places).acquire_owned();
            // Waiting for a place, so that keep-alive connections of one client cannot lock out another.
            match tokio::time::timeout(PATIENCE, place).await {
                Ok(place) => {
                    self.is_waiting.store(false, Ordering::SeqCst);
                    return place.ok();
                }
                Err(_) => self.leave.notify_one(),
            }
        }
    }

    /// Whether a connection is to end with its next response; true for one of them.
    pub(crate) fn takes_place(&self) -> bool {
        self.is_waiting.swap(false, Ordering::SeqCst)
    }

    /// Waits until this connection is to end: at once if it is idle, otherwise after its response.
    pub(crate) async fn asked_to_leave(&self) {
        self.leave.notified().await;
    }
}

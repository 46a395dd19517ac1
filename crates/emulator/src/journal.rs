//! The requests that have arrived: kept, counted, and told to whoever listens.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{mpsc, watch};

use crate::received::ReceivedRequest;

/// What one emulator has received.
#[derive(Debug)]
pub(crate) struct Journal {
    entries: Mutex<Entries>,
    arrived: watch::Sender<u64>,
    keep: usize,
}

#[derive(Debug, Default)]
struct Entries {
    kept: VecDeque<ReceivedRequest>,
    listeners: Vec<mpsc::UnboundedSender<ReceivedRequest>>,
}

/// The requests that end after [`Emulator::subscribe`](crate::Emulator::subscribe), one by one.
///
/// None is lost: what is not fetched waits in memory.
pub struct Subscription(mpsc::UnboundedReceiver<ReceivedRequest>);

impl Journal {
    pub(crate) fn new(keep: usize) -> Self {
        Self { entries: Mutex::default(), arrived: watch::Sender::new(0), keep }
    }

    /// Records an arrival; `make` is given its number.
    pub(crate) fn enter(&self, make: impl FnOnce(u64) -> ReceivedRequest) -> ReceivedRequest {
        let mut entries = self.lock();
        // Under the lock, so that numbers and order agree.
        let number = *self.arrived.borrow() + 1;
        let request = make(number);
        if entries.kept.len() >= self.keep {
            entries.kept.pop_front();
        }
        if self.keep > 0 {
            entries.kept.push_back(request.clone());
        }
        self.arrived.send_replace(number);
        request
    }

    /// Tells the listeners that a request has ended.
    pub(crate) fn publish(&self, request: &ReceivedRequest) {
        self.lock().listeners.retain(|listener| listener.send(request.clone()).is_ok());
    }

    pub(crate) fn subscribe(&self) -> Subscription {
        let (sender, receiver) = mpsc::unbounded_channel();
        self.lock().listeners.push(sender);
        Subscription(receiver)
    }

    /// No more will come.
    pub(crate) fn close(&self) {
        self.lock().listeners.clear();
    }

    pub(crate) fn kept(&self) -> Vec<ReceivedRequest> {
        self.lock().kept.iter().cloned().collect()
    }

    pub(crate) fn clear(&self) {
        self.lock().kept.clear();
    }

    pub(crate) fn arrived(&self) -> u64 {
        *self.arrived.borrow()
    }

    pub(crate) async fn wait_for(&self, count: u64) {
        // The sender lives in `self`, so the wait cannot fail.
        let _ = self.arrived.subscribe().wait_for(|arrived| *arrived >= count).await;
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Subscription {
    /// The next request that has ended; none once the emulator has stopped.
    pub async fn next(&mut self) -> Option<ReceivedRequest> {
        self.0.recv().await
    }

    /// The next one, if it has ended already.
    pub fn try_next(&mut self) -> Option<ReceivedRequest> {
        self.0.try_recv().ok()
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Subscription")
    }
}

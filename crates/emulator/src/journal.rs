//! The journal of received requests: stores, counts and publishes them.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{mpsc, watch};

use crate::received::ReceivedRequest;

/// The requests that one emulator received.
#[derive(Debug)]
pub(crate) struct Journal {
    entries: Mutex<Entries>,
    arrived: watch::Sender<u64>,
    capacity: usize,
}

#[derive(Debug, Default)]
struct Entries {
    requests: VecDeque<ReceivedRequest>,
    subscribers: Vec<mpsc::UnboundedSender<ReceivedRequest>>,
}

/// A stream of finished requests. Created by [`Emulator::subscribe`](crate::Emulator::subscribe).
///
/// No request is lost: those that were not read yet are stored in memory.
pub struct Subscription(mpsc::UnboundedReceiver<ReceivedRequest>);

impl Journal {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { entries: Mutex::default(), arrived: watch::Sender::new(0), capacity }
    }

    /// Records an arrival. `make` takes its number.
    pub(crate) fn enter(&self, make: impl FnOnce(u64) -> ReceivedRequest) -> ReceivedRequest {
        let mut entries = self.lock();
        // Under the lock, so that numbers and order agree.
        let number = *self.arrived.borrow() + 1;
        let request = make(number);
        if entries.requests.len() >= self.capacity {
            entries.requests.pop_front();
        }
        if self.capacity > 0 {
            entries.requests.push_back(request.clone());
        }
        self.arrived.send_replace(number);
        request
    }

    /// Sends a finished request to the subscribers.
    pub(crate) fn publish(&self, request: &ReceivedRequest) {
        self.lock().subscribers.retain(|subscriber| subscriber.send(request.clone()).is_ok());
    }

    pub(crate) fn subscribe(&self) -> Subscription {
        let (sender, receiver) = mpsc::unbounded_channel();
        self.lock().subscribers.push(sender);
        Subscription(receiver)
    }

    /// Ends every subscription.
    pub(crate) fn close(&self) {
        self.lock().subscribers.clear();
    }

    pub(crate) fn requests(&self) -> Vec<ReceivedRequest> {
        self.lock().requests.iter().cloned().collect()
    }

    pub(crate) fn clear(&self) {
        self.lock().requests.clear();
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
    /// Waits for the next finished request; returns `None` after the emulator has stopped.
    pub async fn next(&mut self) -> Option<ReceivedRequest> {
        self.0.recv().await
    }

    /// Returns the next finished request without waiting, if there is one.
    pub fn try_next(&mut self) -> Option<ReceivedRequest> {
        self.0.try_recv().ok()
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Subscription")
    }
}

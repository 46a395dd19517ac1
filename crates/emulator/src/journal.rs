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
    /// Changes with each arrival and each end.
    changed: watch::Sender<()>,
    limits: Limits,
}

/// The most that a journal stores; the oldest requests are dropped.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) requests: usize,
    pub(crate) bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { requests: 10_000, bytes: 8 * 1024 * 1024 }
    }
}

#[derive(Debug, Default)]
struct Entries {
    /// With their sizes, in the order of their numbers.
    requests: VecDeque<(ReceivedRequest, usize)>,
    bytes: usize,
    subscribers: Vec<mpsc::UnboundedSender<ReceivedRequest>>,
}

/// A stream of finished requests. Created by [`Emulator::subscribe`](crate::Emulator::subscribe).
///
/// No request is lost: those that were not read yet are stored in memory.
pub struct Subscription(mpsc::UnboundedReceiver<ReceivedRequest>);

impl Journal {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            entries: Mutex::default(),
            arrived: watch::Sender::new(0),
            changed: watch::Sender::new(()),
            limits,
        }
    }

    /// Records an arrival. `make` takes its number.
    pub(crate) fn enter(&self, make: impl FnOnce(u64) -> ReceivedRequest) -> ReceivedRequest {
        let mut entries = self.lock();
        // Under the lock, so that numbers and order agree.
        let number = *self.arrived.borrow() + 1;
        let request = make(number);
        entries.push(&request);
        entries.drop_oldest(self.limits);
        self.arrived.send_replace(number);
        self.changed.send_replace(());
        request
    }

    /// Sends a finished request to the subscribers.
    pub(crate) fn publish(&self, request: &ReceivedRequest) {
        let mut entries = self.lock();
        entries.measure_again(request);
        entries.drop_oldest(self.limits);
        entries.subscribers.retain(|subscriber| subscriber.send(request.clone()).is_ok());
        drop(entries);
        self.changed.send_replace(());
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
        self.requests_if(|_| true)
    }

    /// The stored requests for which this is true.
    pub(crate) fn requests_if(
        &self,
        wanted: impl Fn(&ReceivedRequest) -> bool,
    ) -> Vec<ReceivedRequest> {
        let entries = self.lock();
        let requests = entries.requests.iter().map(|(request, _)| request);
        requests.filter(|request| wanted(request)).cloned().collect()
    }

    /// How many stored requests there are for which this is true.
    pub(crate) fn count_if(&self, wanted: impl Fn(&ReceivedRequest) -> bool) -> usize {
        self.lock().requests.iter().filter(|(request, _)| wanted(request)).count()
    }

    pub(crate) fn clear(&self) {
        let mut entries = self.lock();
        entries.requests = VecDeque::new();
        entries.bytes = 0;
    }

    /// Drops the stored requests for which this is true.
    pub(crate) fn drop_if(&self, unwanted: impl Fn(&ReceivedRequest) -> bool) {
        let mut entries = self.lock();
        entries.requests.retain(|(request, _)| !unwanted(request));
        entries.bytes = entries.requests.iter().map(|(_, size)| size).sum();
    }

    pub(crate) fn arrived(&self) -> u64 {
        *self.arrived.borrow()
    }

    pub(crate) async fn wait_for(&self, count: u64) {
        // The sender lives in `self`, so the wait cannot fail.
        let _ = self.arrived.subscribe().wait_for(|arrived| *arrived >= count).await;
    }

    /// Waits until `found` returns something; it is asked after each change.
    pub(crate) async fn until<T>(&self, mut found: impl FnMut() -> Option<T>) -> T {
        let mut changed = self.changed.subscribe();
        loop {
            if let Some(found) = found() {
                return found;
            }
            // The sender lives in `self`, so the wait cannot fail.
            let _ = changed.changed().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entries {
    fn push(&mut self, request: &ReceivedRequest) {
        let size = request.size();
        self.bytes += size;
        self.requests.push_back((request.clone(), size));
    }

    /// Adds the response of a request that is still stored.
    fn measure_again(&mut self, request: &ReceivedRequest) {
        let number = request.number();
        let index = self.requests.binary_search_by_key(&number, |(it, _)| it.number());
        if let Some((_, size)) = index.ok().and_then(|index| self.requests.get_mut(index)) {
            self.bytes = self.bytes - *size + request.size();
            *size = request.size();
        }
    }

    fn drop_oldest(&mut self, limits: Limits) {
        while self.requests.len() > limits.requests || self.bytes > limits.bytes {
            let Some((_, size)) = self.requests.pop_front() else { return };
            self.bytes -= size;
        }
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

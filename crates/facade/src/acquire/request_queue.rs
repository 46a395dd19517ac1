//! The request queue of a client, shared by its callers: the core's queue behind a short lock.

use std::num::NonZeroU32;
use std::sync::PoisonError;

use easemob_token_core::{Priority, Ticket, Turn, Uptime};

use crate::sync::{Mutex, MutexGuard};

/// Decides whose request goes next, so that the App Key stays under its limit.
#[derive(Debug)]
pub(crate) struct RequestQueue(Mutex<easemob_token_core::RequestQueue>);

impl RequestQueue {
    /// At most so many requests in any second.
    pub(crate) fn new(per_second: NonZeroU32) -> Self {
        Self(Mutex::new(easemob_token_core::RequestQueue::new(per_second)))
    }

    /// A place in the order. It is given up when it is dropped.
    pub(crate) fn queued(&self, priority: Priority) -> Queued<'_> {
        Queued { ticket: self.lock().ticket(priority), queue: self, waits: false }
    }

    fn lock(&self) -> MutexGuard<'_, easemob_token_core::RequestQueue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A caller in the queue. It holds neither a lock nor a slot while it waits.
#[derive(Debug)]
pub(crate) struct Queued<'a> {
    queue: &'a RequestQueue,
    ticket: Ticket,
    waits: bool,
}

impl Queued<'_> {
    /// Whether the request is sent now; if not, when to ask again.
    pub(crate) fn turn(&mut self, now: Uptime, deadline: Uptime) -> Turn {
        let turn = self.queue.lock().turn(self.ticket, now, deadline);
        self.waits = matches!(turn, Turn::At(_));
        turn
    }
}

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        if self.waits {
            self.queue.lock().leave(self.ticket);
        }
    }
}

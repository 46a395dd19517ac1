//! The request queue of a client: the core's queue behind a lock.

use std::num::NonZeroU32;
use std::sync::PoisonError;

use easemob_token_core::{Priority, Ticket, Turn, Uptime};

use crate::sync::{Mutex, MutexGuard};

/// Orders the requests of all callers, so that the App Key stays under its rate limit.
#[derive(Debug)]
pub(crate) struct RequestQueue(Mutex<easemob_token_core::RequestQueue>);

impl RequestQueue {
    /// Allows at most `per_second` requests in any second.
    pub(crate) fn new(per_second: NonZeroU32) -> Self {
        Self(Mutex::new(easemob_token_core::RequestQueue::new(per_second)))
    }

    /// Joins the queue; dropping the result leaves it.
    pub(crate) fn queued(&self, priority: Priority) -> Queued<'_> {
        Queued { ticket: self.lock().ticket(priority), queue: self, waits: false }
    }

    fn lock(&self) -> MutexGuard<'_, easemob_token_core::RequestQueue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A caller in the queue, which holds neither a lock nor a slot while it waits.
#[derive(Debug)]
pub(crate) struct Queued<'a> {
    queue: &'a RequestQueue,
    ticket: Ticket,
    waits: bool,
}

impl Queued<'_> {
    /// Decides whether the request is sent now; if not, when to ask again.
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

//! The request queue of a client: the core's queue behind a lock.

use std::num::NonZeroU32;
use std::sync::PoisonError;

#[cfg(feature = "fleet")]
use easemob_token_core::{Jitter, RateAnswer, RateStep};
use easemob_token_core::{Priority, Ticket, Turn, Uptime};

#[cfg(feature = "fleet")]
use crate::clock::jitter;

use crate::sync::{Mutex, MutexGuard};

/// Orders the requests of all callers, so that the App Key stays under its rate limit.
#[derive(Debug)]
pub(crate) struct RequestQueue(Mutex<easemob_token_core::RequestQueue>);

impl RequestQueue {
    /// Allows at most `per_second` requests in any second.
    pub(crate) fn new(per_second: NonZeroU32) -> Self {
        Self(Mutex::new(easemob_token_core::RequestQueue::new(per_second)))
    }

    /// Allows as many for all processes of a fleet together. `random` differs in each of them.
    #[cfg(feature = "fleet")]
    pub(crate) fn shared(per_second: NonZeroU32, random: u64) -> Self {
        Self(Mutex::new(easemob_token_core::RequestQueue::shared(per_second, random)))
    }

    /// Whether there is something to do in the store.
    #[cfg(feature = "fleet")]
    pub(crate) fn wants_step(&self, now: Uptime) -> bool {
        self.lock().wants_step(now)
    }

    /// Decides what to do in the store.
    #[cfg(feature = "fleet")]
    pub(crate) fn step(&self, now: Uptime, jitter: Jitter) -> RateStep {
        self.lock().step(now, jitter)
    }

    /// Takes the end of a step. Returns how many callers should look for their slots again.
    #[cfg(feature = "fleet")]
    pub(crate) fn answer(&self, begin: Uptime, end: Uptime, answer: RateAnswer<'_>) -> usize {
        self.lock().answer(begin, end, answer, jitter())
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

//! The queue for permits. Time is an argument.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::task::Waker;
use std::time::{Duration, Instant};

/// The time for which a permit is reserved for a waiter that was called.
pub(super) const PATIENCE: Duration = Duration::from_millis(50);
/// The longest time after which a waiter checks by itself whether a permit is free.
const LONGEST_PAUSE: Duration = Duration::from_millis(500);
/// The additional pause for each waiter before it, so that thousands do not check all the time.
const PAUSE_PER_RANK: Duration = Duration::from_micros(500);
/// The same for the time at which a held permit expires.
const EXPIRY_PAUSE_PER_RANK: Duration = Duration::from_micros(50);
/// The factor by which more waiters are called for a permit if those that were called did not come.
const MORE_CALLS: usize = 4;

/// The permits of an [`ExchangeLimit`](super::ExchangeLimit), and those that wait for one.
///
/// Nothing depends on callers that are polled: a held permit ends at its deadline, and a waiter that was
/// called and does not come is skipped.
pub(super) struct Queue {
    permits: usize,
    next_number: u64,
    /// The end of each held permit, with the number of its holder.
    held: BTreeSet<(Instant, u64)>,
    /// The waiters that were not called yet, in their order.
    waiting: BTreeMap<u64, Waker>,
    /// The waiters that were woken for a permit, with the time.
    called: BTreeMap<u64, Instant>,
    /// The calls in the order of their time. Some waiters came already.
    calls: VecDeque<(Instant, u64)>,
    /// The number of waiters to call for one permit: more than one after calls in vain.
    calls_per_permit: usize,
}

/// The result of a waiter's check whether it is its turn.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Turn {
    Granted,
    /// Check again after this time, unless woken before.
    Wait(Duration),
}

impl Queue {
    pub(super) fn new(permits: usize) -> Self {
        Self {
            permits,
            next_number: 0,
            held: BTreeSet::new(),
            waiting: BTreeMap::new(),
            called: BTreeMap::new(),
            calls: VecDeque::new(),
            calls_per_permit: 1,
        }
    }

    /// The number of a new waiter or holder. Smaller numbers come first.
    pub(super) fn take_number(&mut self) -> u64 {
        self.next_number += 1;
        self.next_number
    }

    /// Takes a permit until `deadline` if one is free and nobody waits. Returns its number.
    ///
    /// `now` is called only if it matters.
    pub(super) fn enter(
        &mut self,
        deadline: Instant,
        now: impl FnOnce() -> Instant,
    ) -> Option<u64> {
        if self.held.len() >= self.permits {
            self.expire(now());
        }
        let reserved = self.held.len() + self.called.len();
        if !self.waiting.is_empty() || reserved >= self.permits {
            return None;
        }
        let number = self.take_number();
        self.held.insert((deadline, number));
        Some(number)
    }

    /// Checks whether the waiter `number` gets a permit. If not, its waker is stored.
    ///
    /// The caller wakes the wakers in `woken` after it has released the lock.
    pub(super) fn check(
        &mut self,
        number: u64,
        deadline: Instant,
        now: Instant,
        waker: &Waker,
        woken: &mut Vec<Waker>,
    ) -> Turn {
        let found_late = self.clear(now);
        if !self.called.contains_key(&number) {
            self.waiting.insert(number, waker.clone());
        }
        self.call(now, woken);
        if self.called.remove(&number).is_some() {
            if self.held.len() < self.permits {
                self.held.insert((deadline, number));
                self.withdraw_calls();
                return Turn::Granted;
            }
            // Several were called for one permit, and another came first.
            self.waiting.insert(number, waker.clone());
        }
        Turn::Wait(self.pause(number, now, found_late))
    }

    /// Removes the waiter `number`.
    pub(super) fn quit(&mut self, number: u64, now: Instant, woken: &mut Vec<Waker>) {
        self.waiting.remove(&number);
        if self.called.remove(&number).is_some() {
            self.clear(now);
            self.call(now, woken);
        }
    }

    /// Releases the permit of the holder `number`.
    pub(super) fn leave(
        &mut self,
        deadline: Instant,
        number: u64,
        now: impl FnOnce() -> Instant,
        woken: &mut Vec<Waker>,
    ) {
        self.held.remove(&(deadline, number));
        if !self.waiting.is_empty() {
            let now = now();
            self.clear(now);
            self.call(now, woken);
        }
    }

    /// Calls as many waiters as there are free permits.
    fn call(&mut self, now: Instant, woken: &mut Vec<Waker>) {
        let free = self.permits.saturating_sub(self.held.len());
        let wanted = free.saturating_mul(self.calls_per_permit);
        while self.called.len() < wanted {
            let Some((number, waker)) = self.waiting.pop_first() else { break };
            self.called.insert(number, now);
            self.calls.push_back((now, number));
            woken.push(waker);
        }
    }

    /// Withdraws the calls beyond the free permits. Those waiters were woken and will queue up again.
    fn withdraw_calls(&mut self) {
        self.calls_per_permit = 1;
        let free = self.permits.saturating_sub(self.held.len());
        while self.called.len() > free {
            self.called.pop_last();
        }
    }

    /// Removes what has expired. Returns whether a waiter that was called did not come.
    fn clear(&mut self, now: Instant) -> bool {
        self.expire(now);
        self.pass_over(now)
    }

    /// Releases the permits that have expired.
    fn expire(&mut self, now: Instant) {
        while self.held.first().is_some_and(|(deadline, _)| *deadline <= now) {
            self.held.pop_first();
        }
    }

    /// Removes the calls of waiters that did not come in time. Such a waiter keeps its number, and so
    /// its turn, if it comes later.
    fn pass_over(&mut self, now: Instant) -> bool {
        let mut found_late = false;
        while let Some(&(at, number)) = self.calls.front() {
            if now.saturating_duration_since(at) < PATIENCE {
                break;
            }
            self.calls.pop_front();
            if self.called.get(&number) == Some(&at) {
                self.called.remove(&number);
                found_late = true;
            }
        }
        if found_late {
            self.calls_per_permit = self.calls_per_permit.saturating_mul(MORE_CALLS);
        }
        found_late
    }

    /// The time after which the waiter `number` checks again.
    ///
    /// Each waiter has to check, since those before it may never be polled again.
    fn pause(&self, number: u64, now: Instant, found_late: bool) -> Duration {
        let first = self.waiting.first_key_value().map_or(number, |(first, _)| *first);
        let rank = u32::try_from(number.saturating_sub(first)).unwrap_or(u32::MAX);
        let pause = if found_late { PATIENCE } else { PAUSE_PER_RANK.saturating_mul(rank) };
        let pause = pause.clamp(PATIENCE, LONGEST_PAUSE);
        let Some((expiry, _)) = self.held.first() else { return pause };
        let soonest = EXPIRY_PAUSE_PER_RANK.saturating_mul(rank).min(PATIENCE);
        pause.min(expiry.saturating_duration_since(now).max(soonest))
    }
}

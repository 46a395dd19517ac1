//! Who holds a place, who waits for one, and whose turn it is. Time comes in as an argument.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::task::Waker;
use std::time::{Duration, Instant};

/// How long a place is kept for a waiter that was called.
pub(super) const PATIENCE: Duration = Duration::from_millis(50);
/// The longest time after which a waiter looks by itself whether a place is free.
const LONGEST_PAUSE: Duration = Duration::from_millis(500);
/// How much later a waiter looks for each one before it, so that thousands do not look all the time.
const PAUSE_PER_RANK: Duration = Duration::from_micros(500);
/// The same for the moment at which a held place expires.
const EXPIRY_PAUSE_PER_RANK: Duration = Duration::from_micros(50);
/// By how much more waiters are called for a place after the ones that were called did not come.
const MORE_CALLS: usize = 4;

/// The places of an [`ExchangeLimit`](super::ExchangeLimit).
///
/// Nothing here relies on a caller that is polled: a held place ends at its deadline, and a waiter
/// that was called and does not come is passed over.
pub(super) struct Queue {
    places: usize,
    next_number: u64,
    /// The end of each held place, with the number of its holder.
    held: BTreeSet<(Instant, u64)>,
    /// Those who have not been called, in the order in which they came.
    waiting: BTreeMap<u64, Waker>,
    /// Those who were woken for a place, and when.
    called: BTreeMap<u64, Instant>,
    /// The calls in the order of their time. Some of them are answered.
    calls: VecDeque<(Instant, u64)>,
    /// How many are called for one place: more than one after calls that nobody answered.
    calls_per_place: usize,
}

/// The answer to a waiter that looks whether it is its turn.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Turn {
    Granted,
    /// Look again after this time, unless woken before.
    Wait(Duration),
}

impl Queue {
    pub(super) fn new(places: usize) -> Self {
        Self {
            places,
            next_number: 0,
            held: BTreeSet::new(),
            waiting: BTreeMap::new(),
            called: BTreeMap::new(),
            calls: VecDeque::new(),
            calls_per_place: 1,
        }
    }

    /// A number for somebody new. Smaller numbers come first.
    pub(super) fn take_number(&mut self) -> u64 {
        self.next_number += 1;
        self.next_number
    }

    /// Takes a place until `deadline` if one is free and nobody waits; its number.
    ///
    /// The clock is asked only if it matters.
    pub(super) fn enter(
        &mut self,
        deadline: Instant,
        now: impl FnOnce() -> Instant,
    ) -> Option<u64> {
        if self.held.len() >= self.places {
            self.expire(now());
        }
        let reserved = self.held.len() + self.called.len();
        if !self.waiting.is_empty() || reserved >= self.places {
            return None;
        }
        let number = self.take_number();
        self.held.insert((deadline, number));
        Some(number)
    }

    /// Looks whether the waiter `number` gets a place; if not, its waker is kept.
    ///
    /// The wakers that are added to `woken` are to be woken after the lock is released.
    pub(super) fn look(
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
            if self.held.len() < self.places {
                self.held.insert((deadline, number));
                self.withdraw_calls();
                return Turn::Granted;
            }
            // Several were called for one place, and another came first.
            self.waiting.insert(number, waker.clone());
        }
        Turn::Wait(self.pause(number, now, found_late))
    }

    /// The waiter `number` does not wait any more.
    pub(super) fn quit(&mut self, number: u64, now: Instant, woken: &mut Vec<Waker>) {
        self.waiting.remove(&number);
        if self.called.remove(&number).is_some() {
            self.clear(now);
            self.call(now, woken);
        }
    }

    /// The holder `number` leaves its place.
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

    /// Calls as many waiters as there are free places.
    fn call(&mut self, now: Instant, woken: &mut Vec<Waker>) {
        let free = self.places.saturating_sub(self.held.len());
        let wanted = free.saturating_mul(self.calls_per_place);
        while self.called.len() < wanted {
            let Some((number, waker)) = self.waiting.pop_first() else { break };
            self.called.insert(number, now);
            self.calls.push_back((now, number));
            woken.push(waker);
        }
    }

    /// Withdraws the calls that were made in vain, since somebody came: the others were woken and
    /// will queue up again.
    fn withdraw_calls(&mut self) {
        self.calls_per_place = 1;
        let free = self.places.saturating_sub(self.held.len());
        while self.called.len() > free {
            self.called.pop_last();
        }
    }

    /// Forgets what is out of date; whether a call was not answered.
    fn clear(&mut self, now: Instant) -> bool {
        self.expire(now);
        self.pass_over(now)
    }

    /// Ends the held places whose time is over.
    fn expire(&mut self, now: Instant) {
        while self.held.first().is_some_and(|(deadline, _)| *deadline <= now) {
            self.held.pop_first();
        }
    }

    /// Forgets the calls that were not answered in time. Such a waiter keeps its number, and with
    /// it its turn, if it comes later.
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
            self.calls_per_place = self.calls_per_place.saturating_mul(MORE_CALLS);
        }
        found_late
    }

    /// After what time the waiter `number` looks again.
    ///
    /// Each has to look: those before it may never be polled again.
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

//! The permits that a process has booked, and the slots that they give.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::store_clock::STEP;
use crate::policy::Uptime;

/// The time between two requests of one permit.
pub(super) const CYCLE: Duration = Duration::from_millis(1_000 + 10);
const _: () = assert!(CYCLE.as_millis() == 1_000 + STEP.as_millis());

/// A permit for some time: it allows one request at a time and the next one a cycle later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Permit {
    /// When it allows the next request.
    pub(super) next: Uptime,
    /// The latest time of a request.
    pub(super) last: Uptime,
    /// How many requests are left.
    pub(super) left: u32,
}

/// The permits of one process, in the order of their next requests.
#[derive(Clone, Debug, Default)]
pub(super) struct Booked {
    permits: BTreeMap<(Uptime, u64), Permit>,
    count: u64,
    /// The times of all requests that the permits allow, if each is sent in time.
    slots: VecDeque<Uptime>,
}

impl Booked {
    pub(super) fn add(&mut self, permits: impl IntoIterator<Item = Permit>) {
        for permit in permits {
            self.insert(permit);
        }
        self.rebuild();
    }

    pub(super) fn clear(&mut self) {
        self.permits.clear();
        self.slots.clear();
    }

    /// Removes what can no longer be used.
    pub(super) fn expire(&mut self, now: Uptime) {
        let late = self.slots.iter().take_while(|slot| **slot <= now).count();
        if late > self.free(now) {
            self.permits.retain(|_, permit| permit.last >= now);
            self.rebuild();
        }
    }

    /// The number of slots, now and later.
    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    /// The time of the slot behind so many others.
    pub(super) fn slot(&self, ahead: usize) -> Option<Uptime> {
        self.slots.get(ahead).copied()
    }

    /// The number of slots that are free now.
    pub(super) fn free(&self, now: Uptime) -> usize {
        let due = self.permits.range(..=(now, u64::MAX));
        due.filter(|(_, permit)| permit.last >= now).count()
    }

    /// Takes a slot that is free now. Returns whether there was one.
    pub(super) fn take(&mut self, now: Uptime) -> bool {
        let due = self.permits.range(..=(now, u64::MAX));
        let Some(key) = due.into_iter().find(|(_, it)| it.last >= now).map(|(key, _)| *key) else {
            return false;
        };
        let Some(mut permit) = self.permits.remove(&key) else { return false };
        self.slots.pop_front();
        permit.left -= 1;
        permit.next = now.after(CYCLE);
        if permit.left > 0 && permit.next <= permit.last {
            self.insert(permit);
        }
        true
    }

    fn insert(&mut self, permit: Permit) {
        self.count += 1;
        self.permits.insert((permit.next, self.count), permit);
    }

    fn rebuild(&mut self) {
        let mut slots = Vec::new();
        for permit in self.permits.values() {
            let mut at = permit.next;
            for _ in 0..permit.left {
                if at > permit.last {
                    break;
                }
                slots.push(at);
                at = at.after(CYCLE);
            }
        }
        slots.sort_unstable();
        self.slots = slots.into();
    }
}

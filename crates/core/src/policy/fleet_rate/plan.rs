//! Which permits a process books for the callers that wait.

use std::num::NonZeroU32;
use std::time::Duration;

use super::booked::{CYCLE, Permit};
use super::rate_record::{RateRecord, millis};
use super::store_clock::StoreClock;
use super::{FleetRate, LEAST_PAUSE, SECOND};
use crate::policy::{Jitter, Uptime};

/// Permits are booked if they are free within this time.
pub(super) const AHEAD: Duration = Duration::from_secs(5);
/// If no permit is free within this time, others wait too.
const SCARCE: Duration = Duration::from_millis(250);
/// How late a request may be, if permits are not scarce: the record has to be written first.
const EASY: Duration = Duration::from_millis(50);
/// How late the requests of a permit may be together, for each of them.
const LATE: Duration = Duration::from_millis(10);
/// The pace of the bookings is known after this time.
pub(super) const PACE_KNOWN: Duration = Duration::from_secs(10);

/// Permits that a process books, and the record that says so.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) record: RateRecord,
    permits: Vec<Permit>,
    pub(super) next: Uptime,
    pub(super) slots: u32,
    is_scarce: bool,
}

impl FleetRate {
    /// Books permits for these callers, in a copy of the record.
    pub(super) fn plan(
        &mut self,
        now: Uptime,
        callers: usize,
        id: u64,
        clock: &StoreClock,
    ) -> Plan {
        let error = clock.error(now);
        let (time, latest) = (clock.at_least(now), clock.at_least(now) + millis(error));
        let known = self.record.clone().filter(|it| it.clock == id && it.is_plausible(latest));
        let mut record = known.unwrap_or_else(|| RateRecord::empty(id));
        record.note(self.id, self.limit.get(), latest);
        record.settle(time);
        let members = record.members().max(1);
        self.written += 1;
        record.writer = (self.id, self.written);
        let is_scarce = record.next() > time + millis(SCARCE);
        let mut left = u32::try_from(callers).unwrap_or(u32::MAX);
        let (rounds, late) = if is_scarce {
            // An error of the clock costs less if a permit is booked for longer. But while the wait is
            // short, a process takes its share of the permits rather than a few of them often.
            let most = u32::try_from(error.as_millis() / 10).unwrap_or(u32::MAX).clamp(4, 6);
            let share = record.free_by(record.next() + millis(SECOND)) / members;
            let is_deep = record.next() > time + millis(SECOND);
            let rounds = if is_deep { most } else { left.div_ceil(share.max(1)).clamp(1, most) };
            (rounds, LATE * rounds)
        } else {
            (1, EASY + self.round_trip * 2)
        };
        let (mut permits, mut ends, mut slots) = (Vec::new(), Vec::new(), 0);
        while left > 0 {
            let Some(at) = record.take(time + millis(AHEAD)) else { break };
            let requests = rounds.min(left);
            let next = clock.local(at);
            let time = CYCLE * (requests - 1) + late;
            permits.push(Permit { next, last: next.after(time), left: requests });
            ends.push(at + millis(time + error + SECOND));
            (left, slots) = (left - requests, slots + requests);
        }
        record.put(ends);
        let next = clock.local(record.next());
        Plan { record, permits, next, slots, is_scarce }
    }

    /// Takes the slots of a plan that the store has accepted.
    pub(super) fn carry_out(&mut self, plan: Plan, end: Uptime, jitter: Jitter) {
        (self.alone, self.changes) = (None, 0);
        self.version = self.version.wrapping_add(1);
        self.booked.add(plan.permits);
        self.next = plan.next;
        self.members = NonZeroU32::new(plan.record.members());
        self.is_fresh = plan.record.members() == 1;
        self.record = Some(plan.record);
        if plan.is_scarce {
            let (mut since, mut slots) = self.scarce.unwrap_or((end, 0));
            // What is long ago counts less and less.
            if end.since(since) > PACE_KNOWN * 3 {
                (since, slots) = (since.after(end.since(since) / 2), slots / 2);
            }
            self.scarce = Some((since, slots.saturating_add(plan.slots)));
            self.wait_until = end.after(self.pause(jitter));
        } else {
            self.scarce = None;
        }
    }

    /// The pause of a process that books again while others wait too: few of them at a time.
    pub(super) fn pause(&self, jitter: Jitter) -> Duration {
        let members = self.members.map_or(1, NonZeroU32::get);
        // Time for some callers to come: a permit that is booked for one request costs the most.
        let callers = SECOND.saturating_mul(4).saturating_mul(members) / self.limit.get();
        let swaps = self.round_trip.saturating_mul(members) / 2;
        let mean = callers.max(swaps).clamp(LEAST_PAUSE, LEAST_PAUSE * 20);
        jitter.between(mean / 2, mean * 3 / 2)
    }
}

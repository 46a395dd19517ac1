//! Rate of a whole fleet: permits that its processes book in a shared record.
//!
//! The record holds as many permits as requests are allowed in a second. A permit allows one request,
//! and the next one a second later. So no second has more requests than permits, in all processes
//! together. A process books permits for callers that already wait, uses each of them several times a second apart
//! if others wait too, and writes into the record when they are free again, with the error of its
//! clock added. Times count from the moment when a second record, the clock record, was written.

mod alone;
mod booked;
mod plan;
mod rate_record;
#[cfg(test)]
mod simulation;
mod step;
mod store_clock;

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::time::Duration;

use self::booked::Booked;
use self::plan::{AHEAD, PACE_KNOWN, Plan};
use self::rate_record::{RateRecord, millis};
pub use self::step::{RateAnswer, RateStep};
use self::store_clock::StoreClock;
use super::{Jitter, RateLimiter, Uptime};

const SECOND: Duration = Duration::from_secs(1);
/// How long the clock record is kept.
const CLOCK_KEPT: Duration = Duration::from_secs(90 * 24 * 3_600);
/// How long the record is kept after it was written.
const RECORD_KEPT: Duration = Duration::from_secs(60);
/// The longest time between two readings of the clock record.
const CLOCK_AGE: Duration = Duration::from_secs(10);
/// The shortest pause before slots are booked again, or after a failure.
const LEAST_PAUSE: Duration = Duration::from_millis(100);

/// The part of one process in a rate that a fleet shares.
#[derive(Clone, Debug)]
pub(super) struct FleetRate {
    limit: NonZeroU32,
    id: u32,
    random: u64,
    written: u64,
    step: Option<RateStep>,
    clock: Clock,
    /// When the clock record is read again, and the pause before that.
    read_clock_at: Uptime,
    clock_pause: Duration,
    /// The record as it was read or written last.
    record: Option<RateRecord>,
    /// Whether nobody can have written since.
    is_fresh: bool,
    plan: Option<Plan>,
    booked: Booked,
    version: u32,
    /// The number of processes that took slots lately, by the last record.
    members: Option<NonZeroU32>,
    /// When the next permit is free that nobody has booked.
    next: Uptime,
    round_trip: Duration,
    wait_until: Uptime,
    /// Swaps in a row that came too late, and failures in a row.
    changes: u32,
    failures: u32,
    /// The limit of this process while the store is away.
    alone: Option<RateLimiter>,
    /// The times of the requests of the last second.
    sent: VecDeque<Uptime>,
    /// Since when permits are scarce, and how many slots were booked since then.
    scarce: Option<(Uptime, u32)>,
}

#[derive(Clone, Copy, Debug)]
enum Clock {
    Unknown,
    Absent,
    Known(u64, StoreClock),
}

impl FleetRate {
    pub(super) fn new(limit: NonZeroU32, random: u64) -> Self {
        let [a, b, c, d, ..] = random.to_be_bytes();
        Self {
            limit,
            id: u32::from_be_bytes([a, b, c, d]),
            random,
            written: 0,
            step: None,
            clock: Clock::Unknown,
            read_clock_at: Uptime::ORIGIN,
            clock_pause: SECOND,
            record: None,
            is_fresh: false,
            plan: None,
            booked: Booked::default(),
            version: 0,
            members: None,
            next: Uptime::ORIGIN,
            round_trip: Duration::ZERO,
            wait_until: Uptime::ORIGIN,
            changes: 0,
            failures: 0,
            alone: None,
            sent: VecDeque::new(),
            scarce: None,
        }
    }

    /// The number of callers among these that wait for a slot that is not booked.
    pub(super) fn unbooked(&self, waiting: usize) -> usize {
        waiting.saturating_sub(self.booked.len())
    }

    /// The number of slots that are booked.
    pub(super) fn booked(&self) -> usize {
        self.booked.len()
    }

    /// Changes whenever slots are not those that they were.
    pub(super) fn version(&self) -> u32 {
        self.version
    }

    /// Whether a step is due: callers wait without a slot, or the store may be back.
    pub(super) fn wants_step(&self, now: Uptime, waiting: usize) -> bool {
        let is_back = self.alone.is_some() && now >= self.wait_until;
        is_back || self.alone.is_none() && self.unbooked(waiting) > 0
    }

    /// Whether the process goes on without the store.
    pub(super) fn is_alone(&self) -> bool {
        self.alone.is_some()
    }

    /// The number of slots that are free now.
    pub(super) fn free(&mut self, now: Uptime) -> usize {
        self.booked.expire(now);
        match &self.alone {
            Some(alone) => usize::try_from(alone.free(now)).unwrap_or(usize::MAX),
            None => self.booked.free(now),
        }
    }

    /// Takes a slot, even if none is free: some requests are sent in any case.
    pub(super) fn take(&mut self, now: Uptime) {
        if let Some(alone) = &mut self.alone {
            alone.take(now);
        } else {
            self.booked.take(now);
        }
        while self.sent.front().is_some_and(|first| first.after(SECOND) <= now) {
            self.sent.pop_front();
        }
        self.sent.push_back(now);
    }

    /// The time of the slot behind so many others, or an estimate if it is not booked.
    pub(super) fn slot(&self, now: Uptime, ahead: usize) -> Uptime {
        if let Some(alone) = &self.alone {
            return alone.slot(now, ahead);
        }
        if let Some(slot) = self.booked.slot(ahead) {
            return slot;
        }
        if self.members.is_none() {
            return now;
        }
        let behind = u32::try_from(ahead - self.booked.len()).unwrap_or(u32::MAX);
        let last = self.booked.len().checked_sub(1).and_then(|last| self.booked.slot(last));
        let limit = f64::from(self.limit.get());
        let pace = match self.scarce {
            Some((since, slots)) if now.since(since) >= PACE_KNOWN => {
                let share = limit / f64::from(self.members.map_or(1, NonZeroU32::get));
                let span = last.unwrap_or(now).max(now).since(since);
                (f64::from(slots) / span.as_secs_f64()).max(share)
            }
            _ => limit,
        };
        let wait = Duration::try_from_secs_f64(f64::from(behind) / pace).unwrap_or(Duration::MAX);
        self.next.max(now).after(wait)
    }

    /// Decides what to do in the store for the callers that wait.
    pub(super) fn step(&mut self, now: Uptime, waiting: usize, jitter: Jitter) -> RateStep {
        let step = self.decide(now, waiting, jitter);
        self.step = Some(step.clone());
        step
    }

    fn decide(&mut self, now: Uptime, waiting: usize, jitter: Jitter) -> RateStep {
        self.booked.expire(now);
        let callers = self.unbooked(waiting);
        if callers == 0 && self.alone.is_none() {
            return RateStep::Idle;
        }
        if now < self.wait_until {
            // While the store is away, the next caller comes back for it.
            let is_over = self.alone.is_some() && callers == 0;
            return if is_over { RateStep::Idle } else { RateStep::WaitUntil(self.wait_until) };
        }
        let (id, clock) = match self.clock {
            Clock::Known(id, clock) if now < self.read_clock_at => (id, clock),
            Clock::Absent => {
                // Unlike any other: the random number is the process's own.
                let id = self.random.wrapping_add(now.since_origin().subsec_nanos().into());
                let keep = CLOCK_KEPT;
                let record = serde_json::to_vec(&(1_u8, id, millis(keep))).unwrap_or_default();
                return RateStep::SwapClock { record, keep };
            }
            Clock::Unknown | Clock::Known(..) => return RateStep::ReadClock,
        };
        if self.record.is_none() || !self.is_fresh {
            return RateStep::Read;
        }
        let plan = self.plan(now, callers, id, &clock);
        if plan.slots == 0 && callers > 0 {
            (self.is_fresh, self.next) = (false, plan.next);
            self.members = NonZeroU32::new(plan.record.members());
            let free = self.next.before(AHEAD).max(now);
            self.wait_until = free.after(self.pause(jitter));
            return RateStep::WaitUntil(self.wait_until);
        }
        let record = plan.record.encode();
        self.plan = Some(plan);
        RateStep::Swap { record, keep: RECORD_KEPT }
    }

    /// Takes the end of the last step, which used the store between these times. Returns whether callers
    /// should look for their slots at once.
    pub(super) fn answer(
        &mut self,
        begin: Uptime,
        end: Uptime,
        answer: RateAnswer<'_>,
        jitter: Jitter,
    ) -> bool {
        let version = self.version;
        self.take_answer(begin, end, answer, jitter);
        // Slots that were booked while others wait are far ahead.
        version != self.version && self.scarce.is_none()
    }

    fn take_answer(&mut self, begin: Uptime, end: Uptime, answer: RateAnswer<'_>, jitter: Jitter) {
        let Some(step) = self.step.take() else { return };
        if let RateAnswer::Failed { is_unknown } = answer {
            return self.failed(end, is_unknown, &step);
        }
        (self.failures, self.round_trip) = (
            0,
            if self.round_trip.is_zero() {
                end.since(begin)
            } else {
                (self.round_trip * 3 + end.since(begin)) / 4
            },
        );
        match (step, answer) {
            (RateStep::ReadClock, RateAnswer::Record(found)) => self.clock_read(begin, end, found),
            (RateStep::SwapClock { record, .. }, RateAnswer::Done) => {
                let id = clock_record(&record).map_or(0, |(id, _)| id);
                self.clock_is(id, StoreClock::written(begin, end), end);
            }
            (RateStep::SwapClock { .. }, _) => self.clock = Clock::Unknown,
            (RateStep::Read, RateAnswer::Record(found)) => {
                let found = found.and_then(|(plaintext, _)| RateRecord::decode(plaintext));
                self.rate_read(found.unwrap_or_else(|| RateRecord::empty(0)), end);
            }
            (RateStep::Swap { .. }, RateAnswer::Done) => {
                if let Some(plan) = self.plan.take() {
                    self.carry_out(plan, end, jitter);
                }
            }
            (RateStep::Swap { .. }, RateAnswer::Changed) => {
                (self.plan, self.is_fresh) = (None, false);
                self.changes += 1;
                let members = self.members.map_or(1, NonZeroU32::get);
                let most = self.round_trip * 2_u32.saturating_pow(self.changes).min(members);
                self.wait_until = end.after(jitter.between(Duration::ZERO, most));
            }
            _ => {}
        }
    }

    fn clock_read(&mut self, begin: Uptime, end: Uptime, found: Option<(&[u8], Option<Duration>)>) {
        let Some((record, left)) = found else { return self.clock = Clock::Absent };
        let Some((id, keep)) = clock_record(record) else { return self.clock = Clock::Absent };
        let Some(left) = left else { return self.go_alone(end) };
        self.clock_is(id, StoreClock::read(begin, end, keep.saturating_sub(left), left), end);
    }

    fn clock_is(&mut self, id: u64, clock: StoreClock, end: Uptime) {
        let both = match self.clock {
            Clock::Known(known, before) if known == id => before.and(clock),
            Clock::Known(..) => None,
            Clock::Unknown | Clock::Absent => Some(clock),
        };
        if both.is_none() {
            // Another record or another time: what was booked is not known to others any more.
            self.clear();
            self.is_fresh = false;
        }
        self.clock = Clock::Known(id, both.unwrap_or(clock));
        self.read_clock_at = end.after(self.clock_pause);
        self.clock_pause = (self.clock_pause * 2).min(CLOCK_AGE);
    }

    fn rate_read(&mut self, record: RateRecord, end: Uptime) {
        // A swap without an answer was carried out if the record names this process's last writing.
        if let Some(plan) = self.plan.take().filter(|it| it.record.writer == record.writer) {
            let jitter = Jitter::new(0.0);
            self.carry_out(plan, end, jitter);
        }
        (self.record, self.is_fresh) = (Some(record), true);
    }

    fn clear(&mut self) {
        self.booked.clear();
        self.scarce = None;
        self.version = self.version.wrapping_add(1);
    }
}

/// What a clock record says: its number, and how long it is kept.
fn clock_record(plaintext: &[u8]) -> Option<(u64, Duration)> {
    let (version, id, keep): (u8, u64, u64) = serde_json::from_slice(plaintext).ok()?;
    (version == 1).then(|| (id, Duration::from_millis(keep)))
}

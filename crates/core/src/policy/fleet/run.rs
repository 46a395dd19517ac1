//! One acquisition in a fleet: from the first look at the record to a token, an error or a pause.

mod results;

use std::time::Duration;

use super::record::{FleetRecord, LONGEST_PAUSE, Lease, Rest, SharedToken};
use super::{Fleet, FleetEvent, FleetRest, FleetStart, FleetStep};
use crate::policy::{Jitter, Now};

/// The time that a lease lasts longer than the request under it.
const LEASE_MARGIN: Duration = Duration::from_secs(2);
/// The time that one request takes up of the limit, and how far ahead it may be taken up.
///
/// That is four requests at once, then one every ten seconds, so ten in any minute.
const REQUEST: Duration = Duration::from_secs(10);
const AHEAD: Duration = Duration::from_secs(30);
/// The same for replacements on little evidence: two at once, then one a minute.
const REPLACEMENT: Duration = Duration::from_secs(60);
/// The first two bounds of the pause between two looks at a lease, its growth, and its longest.
const FIRST_LOOK: (Duration, Duration) = (Duration::from_millis(25), Duration::from_millis(50));
const LOOK_GROWTH: f64 = 1.6;
const LONGEST_LOOK: Duration = Duration::from_secs(1);
/// The pause of a process whose own token is good while another renews it.
const KEEP: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(3));
/// The most time-outs in a row, failures that callers wait through, and attempts to write a token.
const MOST: u32 = 3;
/// Late answers after which a slow store is taken as it is: two requests at once do no harm.
const MOST_LATE: u32 = 2;
const SECOND: Duration = Duration::from_secs(1);

/// Decisions of one acquisition of an app token that is shared by a fleet.
///
/// Do what each [`FleetStep`] says, and report its result to [`next`](Self::next), until a step ends
/// the acquisition. In return, as long as the store answers and keeps the record:
///
/// - one process of the fleet sends a request at a time, all others adopt its token;
/// - the whole fleet sends at most ten requests in any minute;
/// - a token that was reported as refused is not adopted again, unless the service issues it again;
/// - a process that was suspended in its request writes nothing over the work of others.
///
/// Without the store each process goes on alone, by the limits of its
/// [`TokenState`](crate::TokenState).
///
/// ```
/// use std::time::Duration;
/// use easemob_token_core::{
///     Fleet, FleetEvent, FleetRecord, FleetRun, FleetStart, FleetStep, Jitter, Now, Uptime, WallTime,
/// };
///
/// let mut fleet = Fleet::new();
/// let now = Now { wall: WallTime::UNIX_EPOCH, uptime: Uptime::ORIGIN };
/// let start = FleetStart {
///     owner: 0x0123_4567_89ab_cdef, // random
///     held: None,
///     reported: None,
///     request_timeout: Duration::from_secs(10),
///     deadline: now.uptime.after(Duration::from_secs(20)),
/// };
/// let (mut run, step) = FleetRun::new(start, &fleet, now);
/// assert!(matches!(step, FleetStep::Read));
/// // The store has no record, so this process takes the lease, and then sends the request.
/// let empty = FleetEvent::Read { record: &FleetRecord::EMPTY, left: None };
/// let step = run.next(&mut fleet, empty, now, Jitter::new(0.5));
/// assert!(matches!(step, FleetStep::Swap { .. }));
/// let step = run.next(&mut fleet, FleetEvent::Swapped, now, Jitter::new(0.5));
/// assert!(matches!(step, FleetStep::Fetch));
/// ```
#[derive(Clone, Debug)]
pub struct FleetRun {
    start: FleetStart,
    phase: Phase,
    /// The record that was read or written last, and when.
    seen: FleetRecord,
    seen_at: Now,
    /// The record that was passed to the store last.
    written: FleetRecord,
    /// The time at which the last step was returned.
    issued: Now,
    /// The time at which this run asked for the lease.
    leased: Now,
    /// Answers that came so late that the lease may have been over.
    late: u32,
    swaps: u128,
    /// Operations that timed out in a row.
    timeouts: u32,
    has_answered: bool,
    /// Looks at another process's lease so far.
    looks: u32,
    /// The failures in the record at the first look.
    failures_before: Option<u32>,
}

/// A token that this run fetched and offers to the others.
#[derive(Clone, Debug)]
struct Publication {
    token: SharedToken,
    received: Now,
    /// The token that was in the record under the lease.
    before: Option<SharedToken>,
    attempts: u32,
}

/// What the last step was for.
#[derive(Clone, Debug)]
enum Phase {
    Look,
    Lease,
    Fetch,
    Publish(Box<Publication>),
    Settle,
    Ended,
}

impl FleetRun {
    /// Starts an acquisition at `now`, with its first step.
    pub fn new(mut start: FleetStart, fleet: &Fleet, now: Now) -> (Self, FleetStep) {
        start.request_timeout = start.request_timeout.min(LONGEST_PAUSE - LEASE_MARGIN);
        let run = Self {
            start,
            phase: Phase::Look,
            seen: FleetRecord::EMPTY,
            seen_at: now,
            written: FleetRecord::EMPTY,
            issued: now,
            leased: now,
            late: 0,
            swaps: 0,
            timeouts: 0,
            has_answered: false,
            looks: 0,
            failures_before: None,
        };
        let step = fleet.trouble(now.uptime).map_or(FleetStep::Read, FleetStep::FetchAlone);
        (run, step)
    }

    /// The next step after this event. `fleet` is the memory of the process.
    pub fn next(
        &mut self,
        fleet: &mut Fleet,
        event: FleetEvent<'_>,
        now: Now,
        jitter: Jitter,
    ) -> FleetStep {
        let step = match event {
            FleetEvent::Read { record, left } => {
                self.has_answered = true;
                self.see(fleet, record.clone(), left, now);
                match self.phase {
                    Phase::Publish(_) => self.publish_again(fleet, now),
                    Phase::Settle => self.settle_again(now),
                    _ => self.look(fleet, now, jitter),
                }
            }
            FleetEvent::Swapped => self.swapped(fleet, now),
            FleetEvent::Changed => self.changed(fleet),
            FleetEvent::Trouble(trouble) => self.trouble(fleet, trouble, now.uptime),
            FleetEvent::Fetched(token) => self.fetched(fleet, token, now),
            FleetEvent::Failed(response) => self.failed(response, now, jitter),
            FleetEvent::Retry => {
                self.phase = Phase::Look;
                self.looks = self.looks.max(1);
                FleetStep::Read
            }
        };
        if !matches!(step, FleetStep::Read | FleetStep::ReadAt(_) | FleetStep::Swap { .. })
            && !matches!(step, FleetStep::Fetch)
        {
            self.phase = Phase::Ended;
        }
        // A read at a later time is issued then.
        let at = if let FleetStep::ReadAt(time) = step {
            time.since(now.uptime)
        } else {
            Duration::ZERO
        };
        self.issued = Now { wall: now.wall.after(at), uptime: now.uptime.after(at) };
        step
    }

    /// The record that gives the lease back, if this run holds it, and the time to keep it.
    ///
    /// For an acquisition that is dropped: swap it in like that of a step, without waiting for the result.
    #[must_use]
    pub fn release(mut self, now: Now) -> Option<(FleetRecord, Duration)> {
        if !matches!(self.phase, Phase::Fetch) {
            return None;
        }
        let record = FleetRecord { lease: None, ..self.seen_at(now) };
        match self.swap(record) {
            FleetStep::Swap { record, keep } => Some((record, keep)),
            _ => None,
        }
    }

    /// Takes in a record that was read, with its times as of now.
    fn see(&mut self, fleet: &mut Fleet, record: FleetRecord, left: Option<Duration>, now: Now) {
        let watched = fleet.watch(record.nonce, now.uptime);
        let passed = left.map_or(watched, |left| record.keep.saturating_sub(left));
        // The answer may have waited for this process.
        let mut older = passed.saturating_add(now.since(self.issued));
        if let (None, Some(token)) = (left, &record.token) {
            older = older.max(token.age_by_wall(now).saturating_sub(token.age()));
        }
        fleet.generation = fleet.generation.max(record.generation);
        self.seen = record.aged(passed, older);
        self.seen_at = now;
    }

    /// The record that was seen last, with its times as of now.
    fn seen_at(&self, now: Now) -> FleetRecord {
        let passed = now.uptime.since(self.seen_at.uptime);
        self.seen.clone().aged(passed, now.since(self.seen_at))
    }

    /// Decides by the record that was just read.
    fn look(&mut self, fleet: &mut Fleet, now: Now, jitter: Jitter) -> FleetStep {
        if let Some(step) = self.adopt(fleet, now) {
            return step;
        }
        if self.holds_lease(now) {
            self.timeouts = 0;
            self.phase = Phase::Fetch;
            return FleetStep::Fetch;
        }
        let failures_before = *self.failures_before.get_or_insert(self.seen.failures);
        let keep = jitter.between(KEEP.0, KEEP.1);
        if self.seen.lease.is_some_and(|lease| lease.owner != self.start.owner) {
            self.phase = Phase::Look;
            self.timeouts = 0;
            if !self.is_urgent() {
                return FleetStep::Keep(keep);
            }
            let growth = LOOK_GROWTH.powi(i32::try_from(self.looks.min(16)).unwrap_or(16));
            self.looks = self.looks.saturating_add(1);
            let pause = jitter.between(FIRST_LOOK.0, FIRST_LOOK.1).mul_f64(growth);
            return self.read_after(pause.min(LONGEST_LOOK), now, keep);
        }
        if let Some(rest) = self.seen.rest.clone() {
            return self.rest(&rest, failures_before, now, jitter);
        }
        if self.seen.taken > AHEAD {
            return self.too_often(now, jitter);
        }
        if self.needs_budget() && self.seen.replaced > REPLACEMENT {
            return FleetStep::Keep(keep);
        }
        if now.uptime >= self.start.deadline {
            return self.deadline(keep);
        }
        self.take_lease(now)
    }

    /// Adopts the token in the record, if it helps this process.
    fn adopt(&self, fleet: &mut Fleet, now: Now) -> Option<FleetStep> {
        let token = self.seen.token.as_ref()?;
        let is_issued_again = self.seen.generation > fleet.held;
        let is_known = [&self.start.held, &self.start.reported]
            .into_iter()
            .any(|known| known.as_ref().is_some_and(|known| token.is(known)));
        let is_useful = !token.is_refused
            && token.is_usable(now)
            // One that replaces a refused token is newer than that, unless an older record came back.
            && (is_issued_again || !is_known && self.start.reported.is_none())
            && (self.is_urgent() || !token.is_due(now));
        is_useful.then(|| self.adopted(token, fleet, now))
    }

    fn adopted(&self, token: &SharedToken, fleet: &mut Fleet, now: Now) -> FleetStep {
        fleet.works();
        fleet.held = self.seen.generation;
        let age = token.age();
        let token = token.app_token(now.wall.before(age).into());
        FleetStep::Adopt { token, age }
    }

    /// Whether callers wait for another token than the one that the process holds.
    fn is_urgent(&self) -> bool {
        let Some(held) = &self.start.held else { return true };
        let is_refused = |token: &SharedToken| token.is_refused && token.is(held);
        self.reports_held() || self.seen.token.as_ref().is_some_and(is_refused)
    }

    /// Whether this process reported the token that it holds.
    fn reports_held(&self) -> bool {
        match (&self.start.held, &self.start.reported) {
            (Some(held), Some(reported)) => held.expose() == reported.expose(),
            _ => false,
        }
    }

    /// Whether a request now is one that little evidence causes.
    fn needs_budget(&self) -> bool {
        self.reports_held() && !self.seen.token.as_ref().is_some_and(|token| token.is_refused)
    }

    /// Whether the lease is this run's, for as long as a request may take.
    ///
    /// A store that cannot tell times does not show how old it is, so this process's clock counts too.
    fn holds_lease(&self, now: Now) -> bool {
        let is_written_last = self.seen.nonce == self.written.nonce;
        let is_young = is_written_last && now.since(self.leased) <= LEASE_MARGIN;
        self.seen.lease.is_some_and(|lease| {
            let is_long = lease.time >= self.start.request_timeout;
            lease.owner == self.start.owner && (is_long && is_young || self.late >= MOST_LATE)
        })
    }

    /// The step if nothing is sent because of an earlier failure.
    fn rest(&mut self, rest: &Rest, failures_before: u32, now: Now, jitter: Jitter) -> FleetStep {
        let spread = rest.time.saturating_add(jitter.between(Duration::ZERO, SECOND));
        if !self.is_urgent() {
            return FleetStep::Keep(spread);
        }
        // Callers that waited already wait on, as they would for the requests of one acquisition.
        let failures = self.seen.failures.saturating_sub(failures_before);
        let end = now.uptime.after(rest.time);
        if self.looks > 0 && rest.is_passing && failures < MOST && end < self.start.deadline {
            let pause = jitter.between(FIRST_LOOK.0, FIRST_LOOK.1);
            return self.read_after(rest.time.saturating_add(pause), now, spread);
        }
        let error = rest.error.as_ref().map(|error| error.response(spread));
        FleetStep::Rest(FleetRest { error, is_too_often: false, retry_after: spread })
    }

    /// The step if the fleet has sent as many requests as it may.
    fn too_often(&mut self, now: Now, jitter: Jitter) -> FleetStep {
        let pause = self.seen.taken.saturating_sub(AHEAD);
        let spread = pause.saturating_add(jitter.between(Duration::ZERO, SECOND));
        if !self.is_urgent() {
            return FleetStep::Keep(spread);
        }
        // Without a failure, holders of the lease died: the next slot will probably bring a token.
        let is_lost = self.seen.failures == 0 && self.start.reported.is_none();
        if is_lost && now.uptime.after(spread) < self.start.deadline {
            return self.read_after(spread, now, spread);
        }
        FleetStep::Rest(FleetRest { error: None, is_too_often: true, retry_after: spread })
    }

    /// Reads again after a pause, if that is before the deadline.
    fn read_after(&self, pause: Duration, now: Now, keep: Duration) -> FleetStep {
        let time = now.uptime.after(pause);
        if time < self.start.deadline { FleetStep::ReadAt(time) } else { self.deadline(keep) }
    }

    fn deadline(&self, keep: Duration) -> FleetStep {
        if self.start.held.is_some() { FleetStep::Keep(keep) } else { FleetStep::DeadlineExceeded }
    }

    fn take_lease(&mut self, now: Now) -> FleetStep {
        let (needs_budget, reported) = (self.needs_budget(), self.start.reported.as_ref());
        let mut record = self.seen_at(now);
        if let (Some(token), Some(reported)) = (&mut record.token, reported) {
            token.is_refused |= token.is(reported);
        }
        if needs_budget {
            record.replaced = record.replaced.saturating_add(REPLACEMENT);
        }
        let time = self.start.request_timeout.saturating_add(LEASE_MARGIN);
        record.lease = Some(Lease { owner: self.start.owner, time });
        record.rest = None;
        record.taken = record.taken.saturating_add(REQUEST);
        (self.phase, self.leased) = (Phase::Lease, now);
        self.swap(record)
    }

    fn swap(&mut self, record: FleetRecord) -> FleetStep {
        self.swaps += 1;
        // It depends on the record before, in case another run of this process has the same owner.
        let before = self.seen.nonce.rotate_left(64);
        let nonce = self.start.owner.wrapping_add(self.swaps).wrapping_add(before);
        let record = FleetRecord { nonce, ..record }.with_keep();
        self.written = record.clone();
        FleetStep::Swap { keep: record.keep, record }
    }
}

//! One acquisition in a fleet: from the first look at the record to a token, an error or a pause.

use std::time::Duration;

use super::record::{FleetRecord, Lease, Rest, SharedToken};
use super::{Fleet, FleetEvent, FleetRest, FleetStart, FleetStep, FleetTrouble};
use crate::policy::cooldown::Cooldown;
use crate::policy::{Jitter, Now, Uptime};
use crate::response::ResponseError;
use crate::token::AppToken;

/// The time that a lease lasts longer than the request under it.
const LEASE_MARGIN: Duration = Duration::from_secs(2);
/// The time that one request takes up of the limit, and how far ahead it may be taken up: four
/// requests at once, then one every ten seconds, so ten in any minute.
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
/// Operations of the store that may time out in a row, failures that waiting callers wait through, and
/// attempts to write a token.
const MOST: u32 = 3;
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
/// use std::time::{Duration, SystemTime};
/// use easemob_token_core::{
///     Fleet, FleetEvent, FleetRecord, FleetRun, FleetStart, FleetStep, Jitter, Now, Uptime,
/// };
///
/// let mut fleet = Fleet::new();
/// let now = Now { wall: SystemTime::UNIX_EPOCH, uptime: Uptime::ORIGIN };
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
    pub fn new(start: FleetStart, fleet: &Fleet, now: Now) -> (Self, FleetStep) {
        let run = Self {
            start,
            phase: Phase::Look,
            seen: FleetRecord::EMPTY,
            seen_at: now,
            written: FleetRecord::EMPTY,
            issued: now,
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
        self.issued = Now {
            wall: now.wall.checked_add(at).unwrap_or(now.wall),
            uptime: now.uptime.after(at),
        };
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
        if self.holds_lease() {
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
        let received = now.wall.checked_sub(age).unwrap_or(now.wall);
        FleetStep::Adopt { token: token.app_token(received), age }
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
    fn holds_lease(&self) -> bool {
        self.seen.lease.is_some_and(|lease| {
            lease.owner == self.start.owner && lease.time >= self.start.request_timeout
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
        self.phase = Phase::Lease;
        self.swap(record)
    }

    fn swap(&mut self, record: FleetRecord) -> FleetStep {
        self.swaps += 1;
        let nonce = self.start.owner.wrapping_add(self.swaps);
        let record = FleetRecord { nonce, ..record }.with_keep();
        self.written = record.clone();
        FleetStep::Swap { keep: record.keep, record }
    }

    fn swapped(&mut self, fleet: &mut Fleet, now: Now) -> FleetStep {
        fleet.works();
        fleet.generation = fleet.generation.max(self.written.generation);
        self.timeouts = 0;
        self.seen = self.written.clone();
        let is_late = now.since(self.issued) > LEASE_MARGIN / 2;
        self.seen_at = now;
        match self.phase {
            Phase::Publish(_) => self.published(fleet),
            Phase::Settle => FleetStep::Failed,
            // This process was suspended, so the lease may be over by now.
            _ if is_late => FleetStep::Read,
            _ => {
                self.phase = Phase::Fetch;
                FleetStep::Fetch
            }
        }
    }

    fn changed(&mut self, fleet: &mut Fleet) -> FleetStep {
        fleet.works();
        self.timeouts = 0;
        match self.phase {
            Phase::Publish(_) => FleetStep::Read,
            Phase::Settle => FleetStep::Failed,
            _ => {
                self.phase = Phase::Look;
                FleetStep::Read
            }
        }
    }

    /// The step after trouble with the store: once more after a time-out, otherwise without it.
    fn trouble(&mut self, fleet: &mut Fleet, trouble: FleetTrouble, now: Uptime) -> FleetStep {
        self.timeouts += 1;
        let is_slow = trouble == FleetTrouble::Timeout && self.has_answered;
        if is_slow && self.timeouts < MOST && now < self.start.deadline {
            return FleetStep::Read;
        }
        fleet.failed(trouble, now);
        match self.phase {
            Phase::Publish(_) => FleetStep::UseFetched,
            Phase::Settle => FleetStep::Failed,
            _ => FleetStep::FetchAlone(trouble),
        }
    }

    fn fetched(&mut self, fleet: &Fleet, token: &AppToken, now: Now) -> FleetStep {
        let token = SharedToken::new(token, now);
        let before = self.seen.token.clone();
        let publication = Publication { token: token.clone(), received: now, before, attempts: 1 };
        self.phase = Phase::Publish(Box::new(publication));
        self.publish(fleet, token, now)
    }

    fn publish(&mut self, fleet: &Fleet, token: SharedToken, now: Now) -> FleetStep {
        let mut record = self.seen_at(now);
        record.generation = record.generation.max(fleet.generation).saturating_add(1);
        record.token = Some(token);
        record.lease = None;
        record.rest = None;
        record.failures = 0;
        self.swap(record)
    }

    fn published(&self, fleet: &mut Fleet) -> FleetStep {
        fleet.held = self.written.generation;
        FleetStep::UseFetched
    }

    /// The step if another record was there than the one with the lease.
    fn publish_again(&mut self, fleet: &mut Fleet, now: Now) -> FleetStep {
        let Phase::Publish(publication) = &mut self.phase else {
            return FleetStep::UseFetched;
        };
        if self.seen.nonce == self.written.nonce {
            return self.published(fleet);
        }
        let mine = publication.token.clone().older(now.since(publication.received));
        publication.attempts += 1;
        let is_last = publication.attempts > MOST;
        if let Some(other) = &self.seen.token {
            let is_same = |it: &SharedToken| it.is_same(other);
            let is_new = !publication.before.as_ref().is_some_and(is_same) && !is_same(&mine);
            let reported = self.start.reported.as_ref();
            let is_refused = other.is_refused || reported.is_some_and(|it| other.is(it));
            if is_new && !is_refused && other.is_usable(now) {
                return self.adopted(&other.clone(), fleet, now);
            }
        }
        if is_last || self.seen.lease.is_some_and(|lease| lease.owner != self.start.owner) {
            return FleetStep::UseFetched;
        }
        self.publish(fleet, mine, now)
    }

    fn failed(&mut self, response: Option<&ResponseError>, now: Now, jitter: Jitter) -> FleetStep {
        let mut record = self.seen_at(now);
        record.failures = record.failures.saturating_add(1);
        let cooldown = Cooldown::after_failure(record.failures, response, None, now, jitter);
        record.rest = cooldown.map(|it| Rest::new(response, it.remaining(now, false)));
        record.lease = None;
        self.phase = Phase::Settle;
        self.swap(record)
    }

    /// The step if the rest was possibly not written: once more if the lease is still there.
    fn settle_again(&mut self, now: Now) -> FleetStep {
        let holds = self.seen.lease.is_some_and(|lease| lease.owner == self.start.owner);
        if !holds || self.seen.nonce == self.written.nonce {
            return FleetStep::Failed;
        }
        let rest = self.written.rest.clone();
        let failures = self.written.failures;
        let record = FleetRecord { rest, failures, lease: None, ..self.seen_at(now) };
        self.swap(record)
    }
}

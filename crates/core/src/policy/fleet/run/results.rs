//! Results of swaps and requests: what an acquisition does after each.

use super::super::record::{FleetRecord, Rest, SharedToken};
use super::super::{Fleet, FleetStep, FleetTrouble};
use super::{FleetRun, LEASE_MARGIN, MOST, MOST_LATE, Phase, Publication};
use crate::policy::cooldown::Cooldown;
use crate::policy::{Jitter, Now, Uptime};
use crate::response::ResponseError;
use crate::token::AppToken;

impl FleetRun {
    pub(super) fn swapped(&mut self, fleet: &mut Fleet, now: Now) -> FleetStep {
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
            _ if is_late && self.late < MOST_LATE => {
                self.late += 1;
                FleetStep::Read
            }
            _ => {
                self.phase = Phase::Fetch;
                FleetStep::Fetch
            }
        }
    }

    pub(super) fn changed(&mut self, fleet: &mut Fleet) -> FleetStep {
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
    pub(super) fn trouble(
        &mut self,
        fleet: &mut Fleet,
        trouble: FleetTrouble,
        now: Uptime,
    ) -> FleetStep {
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

    pub(super) fn fetched(&mut self, fleet: &Fleet, token: &AppToken, now: Now) -> FleetStep {
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
    pub(super) fn publish_again(&mut self, fleet: &mut Fleet, now: Now) -> FleetStep {
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

    pub(super) fn failed(
        &mut self,
        response: Option<&ResponseError>,
        now: Now,
        jitter: Jitter,
    ) -> FleetStep {
        let mut record = self.seen_at(now);
        record.failures = record.failures.saturating_add(1);
        let cooldown = Cooldown::after_failure(record.failures, response, None, now, jitter);
        record.rest = cooldown.map(|it| Rest::new(response, it.remaining(now, false)));
        record.lease = None;
        self.phase = Phase::Settle;
        self.swap(record)
    }

    /// The step if the rest was possibly not written: once more if the lease is still there.
    pub(super) fn settle_again(&mut self, now: Now) -> FleetStep {
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

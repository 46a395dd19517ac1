//! The plan of a run: phases of the service and their lengths.

use std::time::Duration;

use crate::ledger::REPLACED_WITHIN;

/// A phase of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Phase {
    pub(crate) kind: PhaseKind,
    pub(crate) length: Duration,
}

/// The behavior of the service in a phase.
// Exhaustive: every kind is in the plan of a long run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PhaseKind {
    /// It behaves as documented.
    Healthy,
    /// As documented, but all app tokens are revoked twice at the start.
    Revoked,
    /// Every request may get a fault, app tokens are revoked, and it restarts sometimes.
    Flaky,
    /// It refuses every app token with 401.
    Refusing,
    /// Healthy again, until every remembered refusal has expired.
    Calm,
    /// It does not listen.
    Away,
    /// It listens again; the time to the first success is measured.
    Recovered,
}

impl PhaseKind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Revoked => "revoked",
            Self::Flaky => "flaky",
            Self::Refusing => "refusing",
            Self::Calm => "calm",
            Self::Away => "away",
            Self::Recovered => "recovered",
        }
    }
}

/// The whole run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) phases: Vec<Phase>,
    /// The lifetime of app tokens that expire within the run.
    pub(crate) life: Duration,
    /// Whether this is a test of the soak itself, which ends with the first token after the recovery.
    pub(crate) short: bool,
}

/// The shortest cycle of a long run. `Calm` is longer than the minute for which a refusal is
/// remembered, `Away` longer than the lifetime of a token.
const CYCLE: [(PhaseKind, u64); 6] = [
    (PhaseKind::Healthy, 10),
    (PhaseKind::Flaky, 30),
    (PhaseKind::Refusing, 8),
    (PhaseKind::Calm, 75),
    (PhaseKind::Away, 32),
    (PhaseKind::Recovered, 25),
];
const SHORTEST_CYCLE: Duration = Duration::from_secs(180);
const LIFE: Duration = Duration::from_secs(20);

/// The phases around `Revoked` in a run of a few minutes. With a shorter lifetime, renewals, reports
/// and revocations would exceed ten requests per minute.
const BRIEF_LIFE: Duration = Duration::from_secs(13);
const BRIEF_START: (PhaseKind, u64) = (PhaseKind::Healthy, 3);
const BRIEF_END: [(PhaseKind, u64); 3] =
    [(PhaseKind::Flaky, 7), (PhaseKind::Away, 14), (PhaseKind::Recovered, 11)];

/// With the start: two revocations within a minute, and three minutes without any.
const LONGEST_REVOKED: Duration = Duration::from_secs(250);
/// The shortest run with a cycle and a minute of `Revoked`.
const SHORTEST_LONG_RUN: Duration = Duration::from_secs(240);

impl Plan {
    /// Plans `Revoked` and as many cycles as fit, randomly by the seed.
    pub(crate) fn lasting(minutes: u64, seed: u64) -> Self {
        let time = Duration::from_secs(minutes * 60);
        if time < SHORTEST_LONG_RUN {
            return Self::brief(time);
        }
        let revoked = time.saturating_sub(SHORTEST_CYCLE).min(LONGEST_REVOKED);
        let mut chance = fastrand::Rng::with_seed(seed);
        let mut phases = vec![
            phase(PhaseKind::Healthy, CYCLE[0].1),
            Phase { kind: PhaseKind::Revoked, length: revoked - Duration::from_secs(CYCLE[0].1) },
        ];
        let mut left = time - revoked;
        while let Some(rest) = left.checked_sub(SHORTEST_CYCLE) {
            left = rest;
            let first = phases.len();
            phases.extend(CYCLE.map(|(kind, seconds)| phase(kind, seconds)));
            // The rest after the last whole cycle extends a phase in which much happens.
            let extra = if left < SHORTEST_CYCLE { left } else { Duration::ZERO };
            left -= extra;
            let index = if chance.bool() { 1 } else { 0 };
            phases[first + index].length += extra;
        }
        Self { phases, life: LIFE, short: false }
    }

    /// Plans everything except `Refusing` and `Calm`, which take minutes.
    fn brief(time: Duration) -> Self {
        let end = BRIEF_END.map(|(kind, seconds)| phase(kind, seconds));
        let start = phase(BRIEF_START.0, BRIEF_START.1);
        let taken: Duration = end.iter().chain([&start]).map(|phase| phase.length).sum();
        let revoked = Phase { kind: PhaseKind::Revoked, length: time.saturating_sub(taken) };
        let phases = [start, revoked].into_iter().chain(end).collect();
        Self { phases, life: BRIEF_LIFE, short: false }
    }

    /// Plans some seconds, for the test of the soak itself.
    pub(crate) fn short() -> Self {
        let phase = |kind, millis| Phase { kind, length: Duration::from_millis(millis) };
        let phases = vec![
            phase(PhaseKind::Healthy, 1_500),
            phase(PhaseKind::Revoked, 5_000),
            phase(PhaseKind::Flaky, 1_000),
            phase(PhaseKind::Away, 5_500),
            phase(PhaseKind::Recovered, 11_000),
        ];
        Self { phases, life: Duration::from_secs(5), short: true }
    }

    /// Whether the run has a phase in which the service refuses every app token.
    pub(crate) fn has_refusals(&self) -> bool {
        self.phases.iter().any(|phase| phase.kind == PhaseKind::Refusing)
    }
}

fn phase(kind: PhaseKind, seconds: u64) -> Phase {
    Phase { kind, length: Duration::from_secs(seconds) }
}

impl Phase {
    /// The times of the revocations in `Revoked`, from its start: two within a minute, or one if it is
    /// short. No call meets both, since a call gets only one new app token.
    pub(crate) fn revocations(self) -> Vec<Duration> {
        let first = (self.length / 16).min(Duration::from_secs(5));
        let second = first + (self.length / 4).clamp(REPLACED_WITHIN, Duration::from_secs(50));
        if second < self.length { vec![first, second] } else { vec![first] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_has_its_length_and_every_phase() {
        for minutes in [1, 3, 4, 5, 6, 9, 60] {
            let plan = Plan::lasting(minutes, 1);
            let length: Duration = plan.phases.iter().map(|phase| phase.length).sum();
            assert_eq!(length, Duration::from_secs(minutes * 60));
            assert_eq!(plan.has_refusals(), minutes >= 4);
            let mut kinds: Vec<_> = CYCLE.iter().map(|(kind, _)| *kind).collect();
            kinds.push(PhaseKind::Revoked);
            if minutes < 4 {
                kinds.retain(|kind| !matches!(kind, PhaseKind::Refusing | PhaseKind::Calm));
            }
            for kind in kinds {
                assert!(plan.phases.iter().any(|phase| phase.kind == kind), "{kind:?}");
            }
        }
        let cycle: u64 = CYCLE.iter().map(|(_, seconds)| seconds).sum();
        assert_eq!(Duration::from_secs(cycle), SHORTEST_CYCLE);
    }

    #[test]
    fn a_token_expires_while_the_service_is_away() {
        for minutes in [1, 4] {
            let plan = Plan::lasting(minutes, 1);
            let away = plan.phases.iter().find(|phase| phase.kind == PhaseKind::Away).unwrap();
            assert!(away.length > plan.life);
        }
    }

    #[test]
    fn two_revocations_within_a_minute_are_followed_by_a_quiet_time() {
        for (minutes, quiet) in [(1, 10), (4, 30), (10, 180)] {
            let plan = Plan::lasting(minutes, 1);
            let of_kind = |phase: &&Phase| phase.kind == PhaseKind::Revoked;
            let revoked = plan.phases.iter().find(of_kind).unwrap();
            let times = revoked.revocations();
            let [first, second] = times[..] else { panic!("{times:?}") };
            let pause = second - first;
            assert!(pause >= REPLACED_WITHIN && pause < Duration::from_secs(60), "{minutes}");
            assert!(revoked.length - second >= Duration::from_secs(quiet), "{minutes}");
        }
    }
}

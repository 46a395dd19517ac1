//! What the service is like, and for how long: the phases of a run.

use std::time::Duration;

use crate::ledger::REPLACED_WITHIN;

/// One stretch of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Phase {
    pub(crate) kind: PhaseKind,
    pub(crate) length: Duration,
}

/// What the service is like.
// Complete: every kind is in the plan of a long run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PhaseKind {
    /// It does what the documentation says.
    Healthy,
    /// The same, but all app tokens are revoked twice, and then the service is left alone.
    Revoked,
    /// Every request may meet a fault, app tokens are revoked, and it restarts now and then.
    Flaky,
    /// It answers 401 to every app token.
    Refusing,
    /// Healthy again, long enough for everything that may be remembered to be forgotten.
    Calm,
    /// Nobody listens.
    Away,
    /// It listens again: the time to the first success counts.
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
    /// The life that is asked for app tokens that are to end within the run.
    pub(crate) life: Duration,
    /// A short run shows that everything works together, and not more: it ends with the first token
    /// after the recovery.
    pub(crate) short: bool,
}

/// The shortest cycle of a long run. `Calm` outlasts the minute for which a refusal is remembered,
/// `Away` the life of a token.
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

/// What surrounds `Revoked` in a run of a few minutes: nothing that is remembered for a minute. With a
/// shorter life, renewals, reports and revocations would be more than ten requests a minute.
const BRIEF_LIFE: Duration = Duration::from_secs(13);
const BRIEF_START: (PhaseKind, u64) = (PhaseKind::Healthy, 3);
const BRIEF_END: [(PhaseKind, u64); 3] =
    [(PhaseKind::Flaky, 7), (PhaseKind::Away, 14), (PhaseKind::Recovered, 11)];

/// With the start: two revocations within a minute, and three minutes without any.
const LONGEST_REVOKED: Duration = Duration::from_secs(250);
/// The shortest run with a cycle and a minute of `Revoked`.
const SHORTEST_LONG_RUN: Duration = Duration::from_secs(240);

impl Plan {
    /// `Revoked`, and as many cycles as fit, as the seed says; `None` beyond 1 to 60 minutes.
    pub(crate) fn lasting(time: Duration, seed: u64) -> Option<Self> {
        let (shortest, longest) = (Duration::from_secs(60), Duration::from_secs(60 * 60));
        if time < shortest || time > longest {
            return None;
        }
        if time < SHORTEST_LONG_RUN {
            return Some(Self::brief(time));
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
            // What is left beyond the last whole cycle goes to one where there is much to see.
            let extra = if left < SHORTEST_CYCLE { left } else { Duration::ZERO };
            left -= extra;
            let index = if chance.bool() { 1 } else { 0 };
            phases[first + index].length += extra;
        }
        Some(Self { phases, life: LIFE, short: false })
    }

    /// Everything but what takes minutes: the time after a refusal that is remembered.
    fn brief(time: Duration) -> Self {
        let end = BRIEF_END.map(|(kind, seconds)| phase(kind, seconds));
        let start = phase(BRIEF_START.0, BRIEF_START.1);
        let taken: Duration = end.iter().chain([&start]).map(|phase| phase.length).sum();
        let revoked = Phase { kind: PhaseKind::Revoked, length: time.saturating_sub(taken) };
        let phases = [start, revoked].into_iter().chain(end).collect();
        Self { phases, life: BRIEF_LIFE, short: false }
    }

    /// Some seconds, for the tests of the soak itself.
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

    pub(crate) fn length(&self) -> Duration {
        self.phases.iter().map(|phase| phase.length).sum()
    }

    /// Whether the run is long enough for the service to refuse every app token, and to recover.
    pub(crate) fn has_refusals(&self) -> bool {
        self.phases.iter().any(|phase| phase.kind == PhaseKind::Refusing)
    }
}

fn phase(kind: PhaseKind, seconds: u64) -> Phase {
    Phase { kind, length: Duration::from_secs(seconds) }
}

impl Phase {
    /// When all app tokens are revoked in `Revoked`, from its start: twice within a minute, unless it
    /// is too short. A call is promised one new app token and not two, so no call meets both.
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
    fn a_plan_takes_the_time_that_it_is_given_and_has_every_phase() {
        for minutes in [1, 3, 4, 5, 6, 9, 60] {
            let time = Duration::from_secs(minutes * 60);
            let plan = Plan::lasting(time, 1).unwrap();
            assert_eq!(plan.length(), time, "{minutes}");
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
    fn while_the_service_is_away_a_token_ends() {
        for minutes in [1, 4] {
            let plan = Plan::lasting(Duration::from_secs(minutes * 60), 1).unwrap();
            let away = plan.phases.iter().find(|phase| phase.kind == PhaseKind::Away).unwrap();
            assert!(away.length > plan.life);
        }
    }

    #[test]
    fn two_revocations_within_a_minute_are_followed_by_a_quiet_time() {
        for (minutes, quiet) in [(1, 10), (4, 30), (10, 180)] {
            let plan = Plan::lasting(Duration::from_secs(minutes * 60), 1).unwrap();
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

//! What the service is like, and for how long: the phases of a run.

use std::time::Duration;

/// One stretch of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Phase {
    pub(crate) kind: PhaseKind,
    pub(crate) length: Duration,
}

/// What the service is like.
// Complete: every kind is in `Plan::lasting`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PhaseKind {
    /// It does what the documentation says.
    Healthy,
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
    /// The life that is asked for app tokens.
    pub(crate) life: Duration,
    /// A short run shows that everything works together, and not more: it ends with the first token
    /// after the recovery.
    pub(crate) short: bool,
}

/// The shortest cycle. `Calm` outlasts the minute for which a refusal is remembered, `Away` the life
/// of a token.
const CYCLE: [(PhaseKind, u64); 6] = [
    (PhaseKind::Healthy, 10),
    (PhaseKind::Flaky, 30),
    (PhaseKind::Refusing, 8),
    (PhaseKind::Calm, 75),
    (PhaseKind::Away, 32),
    (PhaseKind::Recovered, 25),
];
const SHORTEST_CYCLE: Duration = Duration::from_secs(180);

impl Plan {
    /// As many cycles as fit, each a little longer than the shortest, where the seed says; `None`
    /// beyond 3 to 60 minutes.
    pub(crate) fn lasting(time: Duration, seed: u64) -> Option<Self> {
        if time < SHORTEST_CYCLE || time > Duration::from_secs(60 * 60) {
            return None;
        }
        let mut chance = fastrand::Rng::with_seed(seed);
        let mut phases = Vec::new();
        let mut left = time;
        while let Some(rest) = left.checked_sub(SHORTEST_CYCLE) {
            left = rest;
            let first = phases.len();
            phases.extend(
                CYCLE.map(|(kind, seconds)| Phase { kind, length: Duration::from_secs(seconds) }),
            );
            // What is left beyond the last whole cycle goes to one where there is much to see.
            let extra = if left < SHORTEST_CYCLE { left } else { Duration::ZERO };
            left -= extra;
            let index = if chance.bool() { 1 } else { 0 };
            phases[first + index].length += extra;
        }
        Some(Self { phases, life: Duration::from_secs(20), short: false })
    }

    /// Some seconds, for the tests of the soak itself.
    pub(crate) fn short() -> Self {
        let phase = |kind, millis| Phase { kind, length: Duration::from_millis(millis) };
        let phases = vec![
            phase(PhaseKind::Healthy, 1_500),
            phase(PhaseKind::Flaky, 1_000),
            phase(PhaseKind::Away, 3_500),
            phase(PhaseKind::Recovered, 11_000),
        ];
        Self { phases, life: Duration::from_secs(4), short: true }
    }

    pub(crate) fn length(&self) -> Duration {
        self.phases.iter().map(|phase| phase.length).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_takes_the_time_that_it_is_given_and_has_every_phase() {
        for minutes in [3, 5, 6, 60] {
            let time = Duration::from_secs(minutes * 60);
            let plan = Plan::lasting(time, 1).unwrap();
            assert_eq!(plan.length(), time);
            for (kind, _) in CYCLE {
                assert!(plan.phases.iter().any(|phase| phase.kind == kind), "{kind:?}");
            }
        }
        let cycle: u64 = CYCLE.iter().map(|(_, seconds)| seconds).sum();
        assert_eq!(Duration::from_secs(cycle), SHORTEST_CYCLE);
    }

    #[test]
    fn while_the_service_is_away_a_token_ends() {
        let away = CYCLE.iter().find(|(kind, _)| *kind == PhaseKind::Away).unwrap().1;
        assert!(Duration::from_secs(away) > Plan::lasting(SHORTEST_CYCLE, 1).unwrap().life);
    }
}

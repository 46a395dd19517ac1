//! The five promises of a run, with their measurements.

use std::fmt;
use std::time::Duration;

use crate::callers::AT_THE_LIMIT;
use crate::clients::NOISY_REQUESTS_PER_SECOND;
use crate::figures::{Figures, mib, seconds};
use crate::ledger::REPLACED_WITHIN;

/// The most growth of memory from the first to the last third, in KiB.
///
/// Callers store nothing; growth belongs to the allocator.
pub(crate) const GROWTH: u64 = 16 * 1024;

/// A promise, with a sentence for each violation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Promise {
    number: u32,
    what: &'static str,
    measured: String,
    pub(crate) broken: Vec<String>,
}

/// The longest wait that the rate of the noisy client explains.
///
/// A whole queue may be before a call, and again before its second request after a revocation. The rest
/// is for a busy machine.
fn longest_wait() -> Duration {
    let queue = Duration::from_secs(AT_THE_LIMIT.into()) / NOISY_REQUESTS_PER_SECOND;
    queue * 3 + Duration::from_secs(4)
}

/// All promises, in their order.
pub(crate) fn all(figures: &Figures) -> [Promise; 5] {
    [failures(figures), noise(figures), revocations(figures), waits(figures), left_over(figures)]
}

fn failures(figures: &Figures) -> Promise {
    let mut broken = Vec::new();
    broken.extend(
        figures.failed_while_held.sentence("calls failed although a usable token was held"),
    );
    broken.extend(
        figures.failed_while_healthy.sentence("calls failed although the service was healthy"),
    );
    let count = figures.failed_while_held.count + figures.failed_while_healthy.count;
    let what = "no call fails while a token is usable or the service is healthy";
    Promise { number: 1, what, measured: format!("{count} failed"), broken }
}

fn noise(figures: &Figures) -> Promise {
    let (mut measured, mut broken) = (Vec::new(), Vec::new());
    for client in figures.healthy.iter().filter(|client| !client.kind.has_short_life()) {
        let (name, requests) = (client.kind.name(), client.requests);
        measured.push(format!("{name} {} of {}", requests.sent, requests.allowed));
        if requests.excess > 0 {
            broken.push(format!(
                "{} app token requests of the client {name} were {} more than noise and revocations \
                 may cause in some stretch of time",
                requests.sent, requests.excess
            ));
        }
    }
    let what = "noise costs two app token requests, then one a minute";
    Promise { number: 2, what, measured: measured.join(", "), broken }
}

fn revocations(figures: &Figures) -> Promise {
    let (mut measured, mut broken) = (Vec::new(), Vec::new());
    for client in &figures.healthy {
        let name = client.kind.name();
        measured.push(format!("{name} {}", seconds(&client.replacements)));
        for time in &client.replacements {
            let took = match time {
                Some(time) if *time <= REPLACED_WITHIN => continue,
                Some(time) => format!("after {:.1} s", time.as_secs_f64()),
                None => "never".to_owned(),
            };
            broken.push(format!("a revoked app token of the client {name} was replaced {took}"));
        }
    }
    let what = "a revoked app token is replaced within ten seconds";
    Promise { number: 3, what, measured: measured.join("; "), broken }
}

fn waits(figures: &Figures) -> Promise {
    let (mut measured, mut broken) = (Vec::new(), Vec::new());
    let most = longest_wait();
    for client in &figures.healthy {
        let (name, longest) = (client.kind.name(), client.longest.as_secs_f64());
        measured.push(format!("{name} {longest:.1} s"));
        if client.longest > most {
            broken.push(format!(
                "a call of the client {name} took {longest:.1} s; {:.1} s are the most that its rate \
                 explains",
                most.as_secs_f64()
            ));
        }
    }
    let what = "callers that are not polled delay nobody";
    Promise { number: 4, what, measured: measured.join(", "), broken }
}

fn left_over(figures: &Figures) -> Promise {
    let (before, after) = (figures.before, figures.after);
    let (mut measured, mut broken) = (Vec::new(), Vec::new());
    for (what, before, after) in [
        ("descriptors", before.descriptors, after.descriptors),
        ("threads", before.threads, after.threads),
        ("tasks", before.tasks, after.tasks),
    ] {
        let left = after.saturating_sub(before);
        measured.push(format!("{what} {left}"));
        if left > 0 {
            broken.push(format!("{left} {what} were left over"));
        }
    }
    let (early, late) = (figures.memory_early, figures.memory_late);
    measured.push(format!("memory {} -> {}", mib(early), mib(late)));
    if late > early.saturating_add(GROWTH) {
        broken.push(format!(
            "memory grew from {} to {} between the first third and the last",
            mib(early),
            mib(late)
        ));
    }
    Promise { number: 5, what: "nothing is left over", measured: measured.join(", "), broken }
}

impl fmt::Display for Promise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { number, what, measured, broken } = self;
        let state = if broken.is_empty() { "kept" } else { "BROKEN" };
        write!(f, "promise {number}, {what}: {state} ({measured})")
    }
}

/// Figures at the limit of every promise.
#[cfg(test)]
pub(crate) fn at_every_limit() -> Figures {
    use crate::clients::ClientKind;
    use crate::figures::HealthyFigures;
    use crate::ledger::Requests;
    use crate::resources::Resources;

    let held = Resources { memory: 1, peak_memory: 1, descriptors: 9, threads: 4, tasks: 0 };
    let client = |kind| HealthyFigures {
        kind,
        requests: Requests { sent: 4, allowed: 5, excess: 0 },
        replacements: vec![Some(REPLACED_WITHIN)],
        longest: longest_wait(),
        excused: 9,
    };
    Figures {
        healthy: ClientKind::ALL.map(client).to_vec(),
        before: held,
        after: held,
        memory_early: 20_000,
        memory_late: 20_000 + GROWTH,
        ..Figures::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_promise_is_kept_at_its_limit_and_shows_its_measurements() {
        let promises = all(&at_every_limit()).map(|promise| promise.to_string());
        assert!(promises.iter().all(|it| it.contains(": kept (")), "{promises:?}");
        assert!(promises[1].ends_with("(noisy 4 of 5, one-attempt 4 of 5, cached-users 4 of 5)"));
        assert!(promises[2].contains("short-lived 10.0 s; noisy 10.0 s"), "{}", promises[2]);
    }

    #[test]
    fn each_broken_promise_has_its_number_and_its_sentence() {
        type Break = fn(&mut Figures);
        let breaks: [(Break, usize, &str); 9] = [
            (|it| it.failed_while_held.count = 1, 1, "although a usable token was held"),
            (|it| it.failed_while_healthy.count = 1, 1, "although the service was healthy"),
            (|it| it.healthy[1].requests.excess = 2, 2, "client noisy were 2 more"),
            (|it| it.healthy[2].replacements.push(None), 3, "one-attempt was replaced never"),
            (
                |it| it.healthy[0].replacements = vec![Some(REPLACED_WITHIN * 2)],
                3,
                "short-lived was replaced after 20.0 s",
            ),
            (|it| it.healthy[3].longest *= 2, 4, "a call of the client cached-users took"),
            (|it| it.after.descriptors += 2, 5, "2 descriptors were left over"),
            (|it| it.after.tasks += 1, 5, "1 tasks were left over"),
            (|it| it.memory_late += 1, 5, "memory grew"),
        ];
        for (change, number, expected) in breaks {
            let mut figures = at_every_limit();
            change(&mut figures);
            for (index, promise) in all(&figures).into_iter().enumerate() {
                assert_eq!(promise.broken.len(), usize::from(index + 1 == number), "{expected}");
                assert!(promise.broken.iter().all(|it| it.contains(expected)), "{promise}");
            }
        }
    }

    #[test]
    fn renewals_of_expired_tokens_are_not_noise() {
        let mut figures = at_every_limit();
        figures.healthy[0].requests.excess = 9;
        assert!(all(&figures).iter().all(|promise| promise.broken.is_empty()));
    }
}

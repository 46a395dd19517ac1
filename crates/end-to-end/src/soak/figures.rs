//! Counters of a run, and the table that shows them.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use crate::clients::ClientKind;
use crate::ledger::Requests;
use crate::resources::Resources;

/// The kind of a call.
// Exhaustive: the three calls that need the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CallKind {
    App,
    ById,
    ByPassword,
}

const CALL_KINDS: [(CallKind, &str); 3] = [
    (CallKind::App, "app tokens"),
    (CallKind::ById, "by user ID"),
    (CallKind::ByPassword, "by password"),
];

/// Calls of one kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Calls {
    pub(crate) succeeded: u64,
    pub(crate) cancelled: u64,
    /// By the stable name of the error's kind.
    pub(crate) failed: BTreeMap<&'static str, u64>,
    pub(crate) longest: Duration,
}

impl Calls {
    pub(crate) fn all(&self) -> u64 {
        self.succeeded + self.cancelled + self.failures()
    }

    pub(crate) fn failures(&self) -> u64 {
        self.failed.values().sum()
    }
}

/// Calls of every kind.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    calls: [Calls; 3],
    pub(crate) reports: u64,
    /// Calls that were refused with the app token they got.
    pub(crate) refused: u64,
    /// Calls that were polled once and never again.
    pub(crate) unpolled: u64,
}

impl Tally {
    fn of(&mut self, call_kind: CallKind) -> &mut Calls {
        &mut self.calls[call_kind as usize]
    }

    pub(crate) fn succeeded(&mut self, call_kind: CallKind, took: Duration) {
        let calls = self.of(call_kind);
        calls.succeeded += 1;
        calls.longest = calls.longest.max(took);
    }

    pub(crate) fn failed(&mut self, call_kind: CallKind, kind: &'static str, took: Duration) {
        let calls = self.of(call_kind);
        *calls.failed.entry(kind).or_default() += 1;
        calls.longest = calls.longest.max(took);
    }

    pub(crate) fn cancelled(&mut self, call_kind: CallKind) {
        self.of(call_kind).cancelled += 1;
    }

    /// Adds the counters of another client.
    pub(crate) fn add(&mut self, other: &Self) {
        for (calls, other) in self.calls.iter_mut().zip(&other.calls) {
            calls.succeeded += other.succeeded;
            calls.cancelled += other.cancelled;
            for (kind, count) in &other.failed {
                *calls.failed.entry(kind).or_default() += count;
            }
            calls.longest = calls.longest.max(other.longest);
        }
        self.reports += other.reports;
        self.refused += other.refused;
        self.unpolled += other.unpolled;
    }

    pub(crate) fn calls(&self, call_kind: CallKind) -> &Calls {
        &self.calls[call_kind as usize]
    }
}

/// How often a promise about single calls was broken, and the first time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Breaches {
    pub(crate) count: u64,
    pub(crate) first: String,
}

impl Breaches {
    /// Adds the breaches of one client.
    pub(crate) fn add(&mut self, kind: ClientKind, count: u64, first: &str) {
        if self.count == 0 && count > 0 {
            self.first = format!("{}: {first}", kind.name());
        }
        self.count += count;
    }

    /// The sentence for these breaches, if there are any.
    pub(crate) fn sentence(&self, what: &str) -> Option<String> {
        let Self { count, first } = self;
        (*count > 0).then(|| format!("{count} {what} (the first: {first})"))
    }
}

/// The figures of one client while the service was healthy, with noise and revocations only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HealthyFigures {
    pub(crate) kind: ClientKind,
    pub(crate) requests: Requests,
    /// From each revocation to the first success with a new app token; `None` if there was none.
    pub(crate) replacements: Vec<Option<Duration>>,
    /// The longest call for a user token.
    pub(crate) longest: Duration,
    /// Calls that failed between a revocation and its replacement.
    pub(crate) excused: u64,
}

/// All measurements of a run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Figures {
    pub(crate) tally: Tally,
    pub(crate) failed_while_held: Breaches,
    pub(crate) failed_while_healthy: Breaches,
    pub(crate) slow_while_held: Breaches,
    pub(crate) wrong_tokens: Breaches,
    pub(crate) dead_tokens: Breaches,
    pub(crate) healthy: Vec<HealthyFigures>,
    /// Requests that the service received.
    pub(crate) requests: u64,
    /// Requests for app tokens.
    pub(crate) app_requests: u64,
    pub(crate) worst_minute: u64,
    /// Different app tokens that were returned.
    pub(crate) acquired: u64,
    /// The time from each recovery of the service to the first app token; `None` if there was none.
    pub(crate) recoveries: Vec<Option<Duration>>,
    /// The time from the end of refusals to the first app token.
    pub(crate) after_trouble: Vec<Option<Duration>>,
    /// The median in the first third of the run and in the last, in KiB.
    pub(crate) memory_early: u64,
    pub(crate) memory_late: u64,
    pub(crate) before: Resources,
    pub(crate) after: Resources,
    /// Callers that did not return or panicked.
    pub(crate) lost_callers: usize,
}

/// The most arrivals within any minute, less one second. Requests that are sent a minute apart may
/// arrive a little closer.
pub(crate) fn worst_minute(arrivals: &[Duration]) -> u64 {
    let window = Duration::from_secs(59);
    let mut arrivals = arrivals.to_vec();
    arrivals.sort_unstable();
    let mut worst = 0;
    let mut first = 0;
    for (index, &last) in arrivals.iter().enumerate() {
        while arrivals[first] + window < last {
            first += 1;
        }
        worst = worst.max(index + 1 - first);
    }
    worst as u64
}

/// The median.
pub(crate) fn median(values: &[u64]) -> u64 {
    let mut values = values.to_vec();
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or_default()
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = ["calls", "succeeded", "cancelled", "failed", "longest"];
        write!(f, "{:<12}", "")?;
        for head in head {
            write!(f, "{head:>11}")?;
        }
        writeln!(f)?;
        for (call_kind, name) in CALL_KINDS {
            let calls = self.tally.calls(call_kind);
            write!(f, "{name:<12}{:>11}{:>11}", calls.all(), calls.succeeded)?;
            write!(f, "{:>11}{:>11}", calls.cancelled, calls.failures())?;
            writeln!(f, "{:>9.2} s", calls.longest.as_secs_f64())?;
        }
        for (call_kind, name) in CALL_KINDS {
            let kinds = kinds(&self.tally.calls(call_kind).failed);
            if !kinds.is_empty() {
                writeln!(f, "  failures, {name}: {kinds}")?;
            }
        }
        let mut row = |name: &str, value: String| writeln!(f, "{name:<58}{value:>14}");
        row("calls that failed while a token was held", self.failed_while_held.to_string())?;
        let failed = self.failed_while_healthy.to_string();
        row("calls that failed while the service was healthy", failed)?;
        let excused: u64 = self.healthy.iter().map(|client| client.excused).sum();
        row("  more that failed before a revoked token was replaced", excused.to_string())?;
        row("app-token calls that took long while one was held", self.slow_while_held.to_string())?;
        row("wrong tokens", self.wrong_tokens.to_string())?;
        row("expired or replaced app tokens that were returned", self.dead_tokens.to_string())?;
        row("requests that the service received", self.requests.to_string())?;
        row("  for app tokens", self.app_requests.to_string())?;
        row("  for app tokens, in the worst minute", self.worst_minute.to_string())?;
        row("app tokens acquired", self.acquired.to_string())?;
        row("reports of a refused token", self.tally.reports.to_string())?;
        row("calls that were refused with a valid token", self.tally.refused.to_string())?;
        row("calls that were polled once", self.tally.unpolled.to_string())?;
        row("from recovery to the first app token", seconds(&self.recoveries))?;
        row("from the end of refusals to the first app token", seconds(&self.after_trouble))?;
        row("memory, peak", mib(self.after.peak_memory))?;
        row("memory, end", mib(self.after.memory))?;
        let thirds = format!("{} -> {}", mib(self.memory_early), mib(self.memory_late));
        row("memory, median of the first and of the last third", thirds)?;
        let grew = |before: u64, after: u64| format!("{before} -> {after}");
        row("descriptors", grew(self.before.descriptors, self.after.descriptors))?;
        row("threads", grew(self.before.threads, self.after.threads))?;
        row("tasks", grew(self.before.tasks, self.after.tasks))?;
        row("callers that did not return", self.lost_callers.to_string())
    }
}

impl fmt::Display for Breaches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.count)
    }
}

pub(crate) fn kinds(failed: &BTreeMap<&'static str, u64>) -> String {
    failed.iter().map(|(kind, count)| format!("{kind} {count}")).collect::<Vec<_>>().join(", ")
}

pub(crate) fn mib(kib: u64) -> String {
    format!("{}.{} MiB", kib / 1024, kib % 1024 * 10 / 1024)
}

pub(crate) fn seconds(times: &[Option<Duration>]) -> String {
    let one = |time: &Option<Duration>| {
        time.map_or_else(|| "never".to_owned(), |time| format!("{:.1} s", time.as_secs_f64()))
    };
    times.iter().map(one).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: &[u64]) -> Vec<Duration> {
        seconds.iter().copied().map(Duration::from_secs).collect()
    }

    #[test]
    fn the_worst_minute_may_start_at_any_time() {
        assert_eq!(worst_minute(&at(&[])), 0);
        assert_eq!(worst_minute(&at(&[0, 58, 59, 60, 61, 118])), 4);
        assert_eq!(worst_minute(&at(&[300, 0, 10])), 2);
    }

    #[test]
    fn the_table_names_every_kind_of_failure() {
        let mut tally = Tally::default();
        tally.failed(CallKind::App, "connect", Duration::from_secs(1));
        tally.failed(CallKind::App, "timeout", Duration::from_secs(3));
        tally.succeeded(CallKind::ById, Duration::ZERO);
        let shown = Figures { tally, ..Figures::default() }.to_string();
        assert!(shown.contains("failures, app tokens: connect 1, timeout 1"), "{shown}");
    }

    #[test]
    fn the_median_ignores_a_peak() {
        assert_eq!(median(&[5, 1, 1_000_000]), 5);
        assert_eq!(median(&[]), 0);
    }
}

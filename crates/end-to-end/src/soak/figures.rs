//! What is counted in a run, and how it is shown.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::time::Duration;

use crate::clients::ClientKind;
use crate::ledger::Requests;
use crate::resources::Resources;

/// What is asked for.
// Complete: the three ways to a token that need the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ask {
    App,
    ById,
    ByPassword,
}

const ASKS: [(Ask, &str); 3] =
    [(Ask::App, "app tokens"), (Ask::ById, "by user ID"), (Ask::ByPassword, "by password")];

/// Calls of one kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Calls {
    pub(crate) went_well: u64,
    pub(crate) gave_up: u64,
    /// By the stable name of the error's kind.
    pub(crate) failed: BTreeMap<&'static str, u64>,
    pub(crate) longest: Duration,
}

impl Calls {
    pub(crate) fn all(&self) -> u64 {
        self.went_well + self.gave_up + self.failures()
    }

    pub(crate) fn failures(&self) -> u64 {
        self.failed.values().sum()
    }
}

/// Calls of every kind.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    calls: [Calls; 3],
    reports: u64,
    refused: u64,
    unpolled: u64,
}

impl Tally {
    fn of(&mut self, ask: Ask) -> &mut Calls {
        &mut self.calls[ask as usize]
    }

    pub(crate) fn went_well(&mut self, ask: Ask, took: Duration) {
        let calls = self.of(ask);
        calls.went_well += 1;
        calls.longest = calls.longest.max(took);
    }

    pub(crate) fn failed(&mut self, ask: Ask, kind: &'static str, took: Duration) {
        let calls = self.of(ask);
        *calls.failed.entry(kind).or_default() += 1;
        calls.longest = calls.longest.max(took);
    }

    pub(crate) fn gave_up(&mut self, ask: Ask) {
        self.of(ask).gave_up += 1;
    }

    pub(crate) fn reported(&mut self) {
        self.reports += 1;
    }

    /// A caller was refused with the app token that it got.
    pub(crate) fn refused(&mut self) {
        self.refused += 1;
    }

    /// A call was polled once, and is not polled again.
    pub(crate) fn left_unpolled(&mut self) {
        self.unpolled += 1;
    }

    /// Adds what was counted elsewhere.
    pub(crate) fn add(&mut self, other: &Self) {
        for (calls, other) in self.calls.iter_mut().zip(&other.calls) {
            calls.went_well += other.went_well;
            calls.gave_up += other.gave_up;
            for (kind, count) in &other.failed {
                *calls.failed.entry(kind).or_default() += count;
            }
            calls.longest = calls.longest.max(other.longest);
        }
        self.reports += other.reports;
        self.refused += other.refused;
        self.unpolled += other.unpolled;
    }

    pub(crate) fn noise(&self) -> u64 {
        self.refused
    }

    pub(crate) fn unpolled(&self) -> u64 {
        self.unpolled
    }

    pub(crate) fn calls(&self, ask: Ask) -> &Calls {
        &self.calls[ask as usize]
    }
}

/// A promise about single calls: how often it was broken, and the first time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Breaches {
    pub(crate) count: u64,
    pub(crate) first: String,
}

impl Breaches {
    /// Adds those of one client.
    pub(crate) fn add(&mut self, kind: ClientKind, count: u64, first: &str) {
        if self.count == 0 && count > 0 {
            self.first = format!("{}: {first}", kind.name());
        }
        self.count += count;
    }
}

/// One client while the service was well, and only noise and revocations disturbed.
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

/// Everything that a run has measured.
#[derive(Clone, Debug, Default)]
pub(crate) struct Figures {
    pub(crate) tally: Tally,
    pub(crate) failed_while_held: Breaches,
    pub(crate) failed_while_healthy: Breaches,
    pub(crate) slow_while_held: Breaches,
    pub(crate) wrong_tokens: Breaches,
    pub(crate) dead_tokens: Breaches,
    pub(crate) healthy: Vec<HealthyFigures>,
    /// What the service received.
    pub(crate) requests: u64,
    /// For app tokens.
    pub(crate) app_requests: u64,
    pub(crate) worst_minute: u64,
    /// App tokens that were handed out, each counted once.
    pub(crate) acquired: u64,
    /// From the moment at which the service listens again to the first app token; `None` where
    /// there was none.
    pub(crate) recoveries: Vec<Option<Duration>>,
    /// The same, from the end of all other trouble.
    pub(crate) after_trouble: Vec<Option<Duration>>,
    /// In KiB: the middle of what was seen in the first third, and in the last.
    pub(crate) memory_early: u64,
    pub(crate) memory_late: u64,
    pub(crate) before: Resources,
    pub(crate) after: Resources,
    /// Callers that never came back, or panicked.
    pub(crate) lost_callers: usize,
}

/// The most that arrived within any minute. A second is taken off the minute: what is sent a minute
/// apart may arrive a little closer.
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

/// The value in the middle.
pub(crate) fn median(values: &[u64]) -> u64 {
    let mut values = values.to_vec();
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or_default()
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = ["calls", "went well", "gave up", "failed", "longest"];
        write!(f, "{:<12}", "")?;
        for head in head {
            write!(f, "{head:>11}")?;
        }
        writeln!(f)?;
        for (ask, name) in ASKS {
            let calls = self.tally.calls(ask);
            write!(f, "{name:<12}{:>11}{:>11}", calls.all(), calls.went_well)?;
            write!(f, "{:>11}{:>11}", calls.gave_up, calls.failures())?;
            writeln!(f, "{:>9.2} s", calls.longest.as_secs_f64())?;
        }
        for (ask, name) in ASKS {
            let kinds = kinds(&self.tally.calls(ask).failed);
            if !kinds.is_empty() {
                writeln!(f, "  failures, {name}: {kinds}")?;
            }
        }
        let mut row = |name: &str, value: String| writeln!(f, "{name:<58}{value:>14}");
        row("calls that failed while a token was held", self.failed_while_held.to_string())?;
        let failed = self.failed_while_healthy.to_string();
        row("calls that failed while the service was well", failed)?;
        let excused: u64 = self.healthy.iter().map(|client| client.excused).sum();
        row("  more that failed before a revoked token was replaced", excused.to_string())?;
        row("app-token calls that took long while one was held", self.slow_while_held.to_string())?;
        row("wrong tokens", self.wrong_tokens.to_string())?;
        row("tokens handed out after their end or replacement", self.dead_tokens.to_string())?;
        row("requests that the service received", self.requests.to_string())?;
        row("  for app tokens", self.app_requests.to_string())?;
        row("  for app tokens, in the worst minute", self.worst_minute.to_string())?;
        row("app tokens acquired", self.acquired.to_string())?;
        row("reports of a refused token", self.tally.reports.to_string())?;
        row("calls of the noise", self.tally.refused.to_string())?;
        row("calls that were polled once", self.tally.unpolled.to_string())?;
        row("from recovery to the first app token", seconds(&self.recoveries))?;
        row("from the end of other trouble to the first app token", seconds(&self.after_trouble))?;
        row("memory, peak", mib(self.after.peak_memory))?;
        row("memory, end", mib(self.after.memory))?;
        let thirds = format!("{} -> {}", mib(self.memory_early), mib(self.memory_late));
        row("memory, middle of the first and of the last third", thirds)?;
        let grew = |before: u64, after: u64| format!("{before} -> {after}");
        row("descriptors", grew(self.before.descriptors, self.after.descriptors))?;
        row("threads", grew(self.before.threads, self.after.threads))?;
        row("tasks", grew(self.before.tasks, self.after.tasks))?;
        row("callers that never came back", self.lost_callers.to_string())
    }
}

impl fmt::Display for Breaches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.count)
    }
}

pub(crate) fn kinds(failed: &BTreeMap<&'static str, u64>) -> String {
    let mut text = String::new();
    for (kind, count) in failed {
        let comma = if text.is_empty() { "" } else { ", " };
        // Writing to a string cannot fail.
        let _ = write!(text, "{comma}{kind} {count}");
    }
    text
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
    fn the_worst_minute_is_any_and_not_one_of_the_clock() {
        assert_eq!(worst_minute(&at(&[])), 0);
        assert_eq!(worst_minute(&at(&[0, 58, 59, 60, 61, 118])), 4);
        assert_eq!(worst_minute(&at(&[300, 0, 10])), 2);
    }

    #[test]
    fn the_table_names_every_kind_of_failure() {
        let mut tally = Tally::default();
        tally.failed(Ask::App, "connect", Duration::from_secs(1));
        tally.failed(Ask::App, "timeout", Duration::from_secs(3));
        tally.went_well(Ask::ById, Duration::ZERO);
        let shown = Figures { tally, ..Figures::default() }.to_string();
        assert!(shown.contains("failures, app tokens: connect 1, timeout 1"), "{shown}");
    }

    #[test]
    fn the_middle_is_not_moved_by_a_peak() {
        assert_eq!(median(&[5, 1, 1_000_000]), 5);
        assert_eq!(median(&[]), 0);
    }
}

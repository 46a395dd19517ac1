//! Tries many seeds concurrently and reports unexplained differences.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use super::allowed::explain;
use super::generate::scripts;
use super::pair::{Outcomes, Pair};
use super::script::Script;
use super::shrink::shrink;

/// Concurrent scripts: few enough for libcurl, which waits with `select`, and enough to wait for several
/// timeouts at once.
const CONCURRENT: u64 = 12;
/// A run stops after this many findings.
const MOST_FINDINGS: usize = 40;

/// The report of a run.
#[derive(Debug, Default)]
pub struct Report {
    /// Seeds that were tried.
    pub tried: u64,
    /// Seeds with equal outcomes.
    pub equal: u64,
    /// How often each allowed difference occurred.
    pub allowed: BTreeMap<&'static str, u64>,
    /// How often each ending occurred with the hyper adapter.
    pub endings: BTreeMap<String, u64>,
    /// The unexplained differences.
    pub findings: Vec<Finding>,
}

/// A difference that is not allowed.
pub struct Finding {
    /// The seed that reproduces it.
    pub seed: u64,
    /// The shortened scripts.
    pub scripts: Vec<Script>,
    /// The outcomes of the shortened scripts.
    pub outcomes: Outcomes,
}

/// Tries `count` seeds from `first` on.
#[must_use]
pub fn run(first: u64, count: u64) -> Report {
    let next = AtomicU64::new(0);
    let report = Mutex::new(Report::default());
    thread::scope(|scope| {
        for _ in 0..CONCURRENT.min(count) {
            scope.spawn(|| {
                let pair = Pair::new();
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= count || lock(&report).findings.len() >= MOST_FINDINGS {
                        break;
                    }
                    try_seed(&pair, first.wrapping_add(number), &report);
                }
            });
        }
    });
    report.into_inner().unwrap_or_else(PoisonError::into_inner)
}

fn try_seed(pair: &Pair, seed: u64, report: &Mutex<Report>) {
    let scripts = scripts(seed);
    let outcomes = pair.try_out(&scripts);
    let explanation = explain(&scripts, &outcomes);
    let finding = if outcomes.agree() || explanation.is_some() {
        None
    } else {
        let (scripts, outcomes) = shrink(pair, scripts, outcomes.clone());
        Some(Finding { seed, scripts, outcomes })
    };
    let mut report = lock(report);
    report.tried += 1;
    for ending in &outcomes.hyper.endings {
        *report.endings.entry(ending.word()).or_default() += 1;
    }
    match (explanation, finding) {
        (_, Some(finding)) => report.findings.push(finding),
        (Some(allowance), None) => *report.allowed.entry(allowance.name).or_default() += 1,
        (None, None) => report.equal += 1,
    }
}

fn lock(report: &Mutex<Report>) -> MutexGuard<'_, Report> {
    report.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (tried, equal, findings) = (self.tried, self.equal, self.findings.len());
        writeln!(f, "{tried} tried, {equal} equal, {findings} unexplained")?;
        let endings: Vec<String> =
            self.endings.iter().map(|(word, count)| format!("{word} {count}")).collect();
        writeln!(f, "how calls ended: {}", endings.join(", "))?;
        for (name, count) in &self.allowed {
            writeln!(f, "allowed {count:>5}  {name}")?;
        }
        self.findings.iter().try_for_each(|finding| write!(f, "{finding}"))
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "UNEXPLAINED, seed {}", self.seed)?;
        for script in &self.scripts {
            writeln!(f, "  {script:?}")?;
        }
        writeln!(f, "  hyper: {:?}", self.outcomes.hyper)?;
        writeln!(f, "  isahc: {:?}", self.outcomes.isahc)
    }
}

impl fmt::Debug for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

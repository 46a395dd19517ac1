//! Tries many seeds at once, and reports what nobody can explain.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use super::allowed::explain;
use super::generate::scripts;
use super::pair::{Outcomes, Pair};
use super::script::Script;
use super::shrink::shrink;

/// Scripts at the same time. Few enough for libcurl, which waits with `select`, and enough to wait
/// for several time limits at once.
const AT_ONCE: u64 = 12;
/// After so many findings nobody reads on.
const ENOUGH: usize = 40;

/// What came of a run.
#[derive(Debug, Default)]
pub struct Report {
    /// Seeds that were tried.
    pub tried: u64,
    /// Seeds that both adapters took alike.
    pub agreed: u64,
    /// How often each allowed difference occurred.
    pub allowed: BTreeMap<&'static str, u64>,
    /// How often each way to end occurred, as the hyper adapter saw it.
    pub endings: BTreeMap<String, u64>,
    /// What nobody can explain.
    pub findings: Vec<Finding>,
}

/// A difference that is not allowed.
pub struct Finding {
    /// The seed that shows it again.
    pub seed: u64,
    /// The scripts, as short as they could be made.
    pub scripts: Vec<Script>,
    /// How the adapters took the short ones.
    pub outcomes: Outcomes,
}

/// Tries `count` seeds from `first` on.
#[must_use]
pub fn run(first: u64, count: u64) -> Report {
    let next = AtomicU64::new(0);
    let report = Mutex::new(Report::default());
    thread::scope(|scope| {
        for _ in 0..AT_ONCE.min(count) {
            scope.spawn(|| {
                let pair = Pair::new();
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= count || lock(&report).findings.len() >= ENOUGH {
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
        (None, None) => report.agreed += 1,
    }
}

fn lock(report: &Mutex<Report>) -> std::sync::MutexGuard<'_, Report> {
    report.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (tried, agreed, findings) = (self.tried, self.agreed, self.findings.len());
        writeln!(f, "{tried} tried, {agreed} taken alike, {findings} unexplained")?;
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

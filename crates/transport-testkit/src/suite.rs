//! Runs the rules for one adapter, and looks for threads and descriptors that a rule leaves behind.

use std::collections::BTreeMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::case_report::{CaseReport, Verdict};
use crate::harness::Harness;
use crate::report::{Report, RuleReport};
use crate::rule::Rule;
use crate::subprocess::rule::{self as rule_process, RuleCommand};
use crate::table::{self, RULES};
use crate::trial::Trial;
use crate::watch::census::Census;

/// Lets one rule run at a time, so that no other rule slows it down.
///
/// New threads and descriptors are then the rule's own.
static TURN: Mutex<()> = Mutex::new(());

/// How many rules run at once if that is permitted. They wait most of the time.
const AT_ONCE: usize = 6;

/// By how much a call may overrun its time limit if rules run at once.
const CONCURRENT_LATENESS: Duration = Duration::from_secs(1);

/// The name of the threads on which rules run; unnamed threads of an adapter inherit it.
const THREAD: &str = "testkit-rule";

/// The rules to run for one adapter.
pub struct Suite<'a> {
    harness: &'a dyn Harness,
    subprocess: Option<Box<RuleCommand<'a>>>,
    rules: Vec<&'static Rule>,
    exclusive: bool,
}

impl<'a> Suite<'a> {
    /// Selects all rules, for this adapter.
    #[must_use]
    pub fn new(harness: &'a dyn Harness) -> Self {
        Self { harness, subprocess: None, rules: RULES.iter().collect(), exclusive: true }
    }

    /// Sets the command by which this program runs one rule in a process of its own.
    ///
    /// What an adapter does with proxy variables and with process-wide state shows only in a new
    /// process. The command must call [`run_rule`](Self::run_rule) there, for the same adapter. Without
    /// it those cases are skipped, and the report shows that.
    #[must_use]
    pub fn subprocess(mut self, command: impl Fn(&Rule) -> Command + Sync + 'a) -> Self {
        self.subprocess = Some(Box::new(command));
        self
    }

    /// Keeps only the rules for which `permit` returns `true`.
    #[must_use]
    pub fn only(mut self, permit: impl Fn(&Rule) -> bool) -> Self {
        self.rules.retain(|rule| permit(rule));
        self
    }

    /// Runs several rules at once, and permits other work in this process meanwhile.
    ///
    /// That is faster, but threads and descriptors that are left over, memory and processor time are
    /// not checked, and calls may overrun their time limit by a second.
    #[must_use]
    pub fn concurrently(mut self) -> Self {
        self.exclusive = false;
        self
    }

    /// Runs the rules.
    #[must_use]
    pub fn run(&self) -> Report {
        let workers = if self.exclusive { 1 } else { AT_ONCE };
        let next = AtomicUsize::new(0);
        let done = Mutex::new(BTreeMap::new());
        thread::scope(|scope| {
            for _ in 0..workers {
                scope.spawn(|| {
                    loop {
                        let index = next.fetch_add(1, Ordering::Relaxed);
                        let Some(rule) = self.rules.get(index) else { break };
                        let report = self.run_rule(rule);
                        done.lock().unwrap_or_else(PoisonError::into_inner).insert(index, report);
                    }
                });
            }
        });
        let done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
        Report { adapter: self.harness.name().to_owned(), rules: done.into_values().collect() }
    }

    /// Runs one rule.
    #[must_use]
    pub fn run_rule(&self, rule: &'static Rule) -> RuleReport {
        let _turn = self.exclusive.then(|| TURN.lock().unwrap_or_else(PoisonError::into_inner));
        let mut trial = Trial::new(self.harness, rule);
        trial.subprocess = self.subprocess.as_deref();
        if !self.exclusive {
            trial.lateness = CONCURRENT_LATENESS;
            trial.alone = false;
        }
        let (mut problems, cases) = thread::scope(|scope| {
            let run = || self.run_trial(trial);
            let thread = thread::Builder::new().name(THREAD.to_owned()).spawn_scoped(scope, run);
            match thread.map(thread::ScopedJoinHandle::join) {
                Ok(Ok(result)) => result,
                _ => (vec!["the suite itself broke".to_owned()], Vec::new()),
            }
        });
        for exception in self.harness.exceptions() {
            let covered = cases.iter().filter(|own| exception.covers(rule.name(), own.label()));
            let excepted = |own: &CaseReport| matches!(own.verdict, Verdict::Excepted(_));
            if exception.rule == rule.name() && !covered.into_iter().any(excepted) {
                let reason = exception.reason();
                problems.push(format!("nothing needs the exception \"{reason}\""));
            }
        }
        RuleReport { rule, cases, problems }
    }

    fn run_trial(&self, mut trial: Trial<'_>) -> (Vec<String>, Vec<CaseReport>) {
        let is_child = rule_process::role().is_some();
        if !is_child {
            trial.warm_up();
        }
        let before = Census::take();
        let run = catch_unwind(AssertUnwindSafe(|| table::run(trial.rule, &mut trial)));
        let mut problems = Vec::new();
        if run.is_err() {
            problems.push("the harness or the suite panicked".to_owned());
        }
        // Without a warm-up, what the adapter creates once per process would count as left over.
        if self.exclusive && !is_child {
            // Tests of other rules wait for their turn on threads of their own.
            let left = before.newcomers(|name| RULES.iter().any(|own| is_thread_of(own, name)));
            problems.extend(left.into_iter().map(|what| format!("left over: {what}")));
        }
        if trial.cases.is_empty() && problems.is_empty() {
            problems.push("the rule tried nothing".to_owned());
        }
        (problems, trial.cases)
    }
}

/// Whether a thread of this name runs the test of this rule. Linux cuts names after 15 letters.
fn is_thread_of(rule: &Rule, name: &str) -> bool {
    name.len() == 15 && rule.name().starts_with(name)
}

impl fmt::Debug for Suite<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Suite")
            .field("adapter", &self.harness.name())
            .field("rules", &self.rules.len())
            .field("exclusive", &self.exclusive)
            .finish_non_exhaustive()
    }
}

//! A harness of the conformance suite that searches everything captured for secrets.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use easemob_token_transport::Transport;
use easemob_token_transport_testkit::{
    Exception, Executor, Harness, Needs, Report, Rule, RuleReport, Suite, Unable,
};

use super::{capture, controls, secrets};

/// A harness that captures what its adapter logs.
#[derive(Debug)]
pub struct CapturingHarness<H> {
    harness: H,
    leaks: Mutex<Leaks>,
}

/// The result of a run.
#[derive(Debug, Default)]
pub struct Leaks {
    /// Each secret that was found, with the text around it.
    pub found: Vec<String>,
    /// How many cases were tried.
    pub cases: usize,
    /// How many entries were captured.
    pub entries: usize,
}

impl<H: Harness> CapturingHarness<H> {
    /// Wraps a harness. The capture must be installed.
    pub fn new(harness: H) -> Self {
        Self { harness, leaks: Mutex::default() }
    }

    /// Plays the permitted rules and finds every secret in a log, an error, a `Debug` or a panic.
    pub fn leaks(&self, permit: impl Fn(&Rule) -> bool) -> Leaks {
        let _ = capture::take();
        let report = Suite::new(self).concurrently().only(permit).run();
        // Threads that outlive a case may have logged since.
        self.search(&capture::take());
        self.search_text(&texts(&report));
        let mut leaks = std::mem::take(&mut *self.lock());
        leaks.cases = report.rules().iter().map(|rule| rule.cases().len()).sum();
        leaks
    }

    /// Plays the whole suite, after the positive controls.
    ///
    /// # Panics
    ///
    /// If a secret is found, or if few cases were tried.
    pub fn assert_no_leak(&self) -> Leaks {
        controls::assert_secrets_are_found();
        let leaks = self.leaks(|_| true);
        assert_eq!(leaks.found, Vec::<String>::new());
        assert!(leaks.cases > 150, "{} cases", leaks.cases);
        leaks
    }

    fn search(&self, entries: &[capture::Entry]) {
        self.lock().entries += entries.len();
        self.search_text(&capture::transcript(entries));
    }

    fn search_text(&self, text: &str) {
        self.lock().found.extend(secrets::find(text, secrets::STEM));
    }

    fn lock(&self) -> MutexGuard<'_, Leaks> {
        self.leaks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The texts of a report: the suite itself searches errors and `Debug`, and names the secret it found.
fn texts(report: &Report) -> String {
    let mut text = report.to_string();
    for case in report.rules().iter().flat_map(RuleReport::cases) {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}", case.problems().join("; "));
    }
    text
}

impl<H: Harness> Harness for CapturingHarness<H> {
    fn name(&self) -> &str {
        self.harness.name()
    }

    fn transport(&self, needs: &Needs) -> Result<Arc<dyn Transport>, Unable> {
        self.harness.transport(needs)
    }

    fn executor(&self) -> Box<dyn Executor> {
        self.harness.executor()
    }

    fn exceptions(&self) -> &[Exception] {
        self.harness.exceptions()
    }

    fn captured_logs(&self) -> Option<String> {
        let entries = capture::take();
        self.search(&entries);
        Some(capture::transcript(&entries))
    }
}

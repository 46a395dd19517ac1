//! A harness of the conformance suite with an ear in it: the same adapter, and all that was said.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use easemob_token_transport::Transport;
use easemob_token_transport_testkit::{
    Exception, Executor, Harness, Needs, Report, Rule, RuleReport, Suite, Unable,
};

use super::{capture, secrets};

/// Wraps another harness.
#[derive(Debug)]
pub struct Listening<H> {
    harness: H,
    leaks: Mutex<Vec<String>>,
    events: Mutex<usize>,
}

impl<H: Harness> Listening<H> {
    /// Listens while this harness is at work. Somebody has to have set the ears up.
    pub fn new(harness: H) -> Self {
        Self { harness, leaks: Mutex::default(), events: Mutex::default() }
    }

    /// Plays every rule that `permit` lets through, and tells every secret that was said: in a log, in
    /// an error, in a `Debug`, in a panic. Beside that, how many cases were tried and how many things
    /// were said in all.
    pub fn leaks(&self, permit: impl Fn(&Rule) -> bool) -> Heard {
        let _ = capture::take();
        let report = Suite::new(self).beside_others().only(permit).run();
        // What was said after the suite asked, by whatever lives longer than a case.
        self.search(&capture::take());
        self.search_text(&everything(&report));
        let leaks = std::mem::take(&mut *lock(&self.leaks));
        let cases = report.rules().iter().map(|rule| rule.cases().len()).sum();
        Heard { leaks, cases, events: *lock(&self.events) }
    }

    fn search(&self, events: &[capture::Entry]) {
        *lock(&self.events) += events.len();
        self.search_text(&capture::transcript(events));
    }

    fn search_text(&self, text: &str) {
        if let Some(around) = secrets::find(text, secrets::STEM) {
            lock(&self.leaks).push(around);
        }
    }
}

/// What came of a run.
#[derive(Debug, Default)]
pub struct Heard {
    /// Each secret that was said, with the words around it.
    pub leaks: Vec<String>,
    /// How many cases were tried.
    pub cases: usize,
    /// How many things were said in all.
    pub events: usize,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The suite's own words: it searches errors and `Debug` itself, and names the marker that it found.
fn everything(report: &Report) -> String {
    let mut text = report.to_string();
    for case in report.rules().iter().flat_map(RuleReport::cases) {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}", case.problems().join("; "));
    }
    text
}

impl<H: Harness> Harness for Listening<H> {
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

    fn overheard(&self) -> Option<String> {
        let events = capture::take();
        self.search(&events);
        Some(capture::transcript(&events))
    }
}

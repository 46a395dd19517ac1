//! The trial of one rule on one adapter, case by case.

use std::fmt;
use std::thread;
use std::time::Duration;

use crate::case_report::{CaseReport, Verdict};
use crate::harness::{Exception, Harness};
use crate::outcome::Outcome;
use crate::rule::Rule;
use crate::scene::Scene;
use crate::scene::setup::Setup;
use crate::server::reply;
use crate::server::script::{Plan, Script};
#[cfg(unix)]
use crate::subprocess;
use crate::subprocess::rule::{self as rule_process, Found, RuleCommand};

/// The number of attempts at a case that was only too late.
const ATTEMPTS: u32 = 3;
/// By how much a call may overrun its time limit, apart from delays of the machine.
const LATENESS: Duration = Duration::from_millis(100);
/// The number of times that a race is tried.
const RACES: usize = 8;
const PAUSE: Duration = Duration::from_millis(300);

/// The trial of one rule.
pub(crate) struct Trial<'a> {
    pub(crate) harness: &'a dyn Harness,
    pub(crate) rule: &'static Rule,
    pub(crate) subprocess: Option<&'a RuleCommand<'a>>,
    pub(crate) cases: Vec<CaseReport>,
    pub(crate) lateness: Duration,
    /// Whether nothing else runs in this process meanwhile.
    pub(crate) alone: bool,
}

impl fmt::Debug for Trial<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trial")
            .field("adapter", &self.harness.name())
            .field("rule", &self.rule.name())
            .finish_non_exhaustive()
    }
}

impl<'a> Trial<'a> {
    pub(crate) fn new(harness: &'a dyn Harness, rule: &'static Rule) -> Self {
        Self { harness, rule, subprocess: None, cases: Vec::new(), lateness: LATENESS, alone: true }
    }

    /// Tries one case: sets up a server, a transport and an executor, and acts on them.
    #[expect(clippy::needless_pass_by_value, reason = "what a case needs is made for it alone")]
    pub(crate) fn case(&mut self, label: &str, setup: Setup, act: impl Fn(&mut Scene<'_>)) {
        let report = self.attempts(label, &setup, &act);
        self.cases.push(report);
    }

    /// Tries a case of milliseconds whose fault shows by chance: several times, until it shows.
    #[expect(clippy::needless_pass_by_value, reason = "what a case needs is made for it alone")]
    pub(crate) fn race(&mut self, label: &str, setup: Setup, act: impl Fn(&mut Scene<'_>)) {
        let mut report = self.attempts(label, &setup, &act);
        for _ in 1..RACES {
            if report.verdict == Verdict::Passed {
                report = self.attempts(label, &setup, &act);
            }
        }
        self.cases.push(report);
    }

    /// Tries a case again if it was only too late.
    fn attempts(&self, label: &str, setup: &Setup, act: &dyn Fn(&mut Scene<'_>)) -> CaseReport {
        let is_excepted = self.exception(label).is_some();
        let mut attempt = 1;
        loop {
            let mut report = self.attempt(label, setup, act);
            // An adapter that is late by its own doing is late again.
            if !report.only_late() || is_excepted || attempt == ATTEMPTS {
                self.judge(&mut report);
                return report;
            }
            // The machine may be less busy by then.
            thread::sleep(PAUSE * attempt);
            attempt += 1;
        }
    }

    fn attempt(&self, label: &str, setup: &Setup, act: &dyn Fn(&mut Scene<'_>)) -> CaseReport {
        let mut report = CaseReport::new(label);
        match Scene::set(self.harness, setup, self.lateness) {
            Ok(mut scene) => {
                act(&mut scene);
                scene.end(setup.sent, &mut report);
            }
            Err(unable) => report.verdict = Verdict::Unable(unable.to_string()),
        }
        report
    }

    /// Runs this rule in another process, in this role and with these variables.
    ///
    /// `None` if the suite has no command for that.
    pub(crate) fn run_in_subprocess(
        &self,
        role: &str,
        variables: &[(&str, String)],
    ) -> Option<Found> {
        Some(rule_process::run(self.subprocess?(self.rule), role, variables))
    }

    /// Does the same in a process that can open so many descriptors.
    #[cfg(unix)]
    pub(crate) fn run_with_descriptors(
        &self,
        limit: u32,
        role: &str,
        variables: &[(&str, String)],
    ) -> Option<Found> {
        let command = subprocess::with_descriptors(&self.subprocess?(self.rule), limit);
        Some(rule_process::run(command, role, variables))
    }

    /// Adds a case that was tried elsewhere.
    pub(crate) fn record(&mut self, label: &str, outcomes: Vec<Outcome>, problems: Vec<String>) {
        let mut report = CaseReport::new(label);
        report.outcomes = outcomes;
        report.problems = problems;
        self.judge(&mut report);
        self.cases.push(report);
    }

    /// Adds a case that cannot be tried here.
    pub(crate) fn skip(&mut self, label: &str, reason: &str) {
        let mut report = CaseReport::new(label);
        report.verdict = Verdict::Skipped(reason.to_owned());
        self.cases.push(report);
    }

    fn judge(&self, report: &mut CaseReport) {
        let exception = self.exception(&report.label);
        report.judge(exception.map(Exception::reason));
    }

    /// The first exception that covers the case of this name.
    fn exception(&self, label: &str) -> Option<&Exception> {
        let mut exceptions = self.harness.exceptions().iter();
        exceptions.find(|own| own.covers(self.rule.name(), label))
    }

    /// Tries the same as [`outcome`](Self::outcome), as a race.
    pub(crate) fn racing_outcome(&mut self, label: &str, setup: Setup, allowed: &[Outcome]) {
        self.race(label, setup, |scene| {
            scene.send_expecting(scene.exchange(), allowed);
        });
    }

    /// Tries one exchange that must end in one of these outcomes.
    pub(crate) fn outcome(&mut self, label: &str, setup: Setup, allowed: &[Outcome]) {
        self.case(label, setup, |scene| {
            scene.send_expecting(scene.exchange(), allowed);
        });
    }

    /// Tries one exchange whose response must be its own echo.
    pub(crate) fn echo(&mut self, label: &str, setup: Setup) {
        self.case(label, setup, |scene| {
            scene.expect_echo();
        });
    }

    /// Tries a server that reads the request, writes these bytes and closes.
    pub(crate) fn reply(&mut self, label: &str, bytes: impl Into<Vec<u8>>, allowed: &[Outcome]) {
        self.outcome(label, Setup::new(Script::new().request().write(bytes)), allowed);
    }

    /// Does the same, and expects exactly this body.
    pub(crate) fn reply_with_body(&mut self, label: &str, bytes: impl Into<Vec<u8>>, body: &[u8]) {
        let script = Script::new().request().write(bytes);
        self.case(label, Setup::new(script), |scene| {
            let call = scene.send();
            scene.expect_body(&call, body);
        });
    }

    /// Tries an exchange that must end at this limit, and its connection within a second.
    pub(crate) fn deadline(&mut self, label: &str, setup: Setup, limit: Duration) {
        self.case(label, setup, |scene| {
            let exchange = scene.exchange().with_timeout(limit);
            let call = scene.send_exchange(exchange);
            scene.expect(&call, &[Outcome::Timeout]);
            scene.expect_end_at(&call, limit);
            scene.expect_closed_by(&call, limit);
        });
    }

    /// Sends one exchange, so that whatever the adapter creates once per process exists afterwards.
    pub(crate) fn warm_up(&self) {
        let plan = Plan::from(Script::new().request().write(reply::ok(b"{}")));
        if let Ok(mut scene) = Scene::set(self.harness, &Setup::new(plan), self.lateness) {
            scene.send();
            scene.end(None, &mut CaseReport::new("warm-up"));
        }
    }
}

//! One rule being tried on one adapter, case by case.

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
use crate::subprocess::rule::{self as subprocess, Again, Found};

/// How often something that was too late is tried again before the adapter is to blame.
const ATTEMPTS: u32 = 3;
/// What a time limit may be overrun by, the machine's stalls apart.
const LATENESS: Duration = Duration::from_millis(100);
const PAUSE: Duration = Duration::from_millis(300);

/// A rule on its way.
pub(crate) struct Trial<'a> {
    pub(crate) harness: &'a dyn Harness,
    pub(crate) rule: &'static Rule,
    pub(crate) again: Option<&'a Again<'a>>,
    pub(crate) cases: Vec<CaseReport>,
    pub(crate) lateness: Duration,
    /// Whether nothing else goes on in this process meanwhile.
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
        Self { harness, rule, again: None, cases: Vec::new(), lateness: LATENESS, alone: true }
    }

    /// One case: a server, a transport, a runtime, and what is done with them.
    #[expect(clippy::needless_pass_by_value, reason = "what a case needs is made for it alone")]
    pub(crate) fn case(&mut self, label: &str, setup: Setup, act: impl Fn(&mut Scene<'_>)) {
        let mut attempt = 1;
        let report = loop {
            let report = self.attempt(label, &setup, &act);
            // Only lateness is tried again: an adapter that is late by its own doing is late again.
            if report.only_late() && attempt < ATTEMPTS {
                // Whatever keeps the machine busy may be over by then.
                thread::sleep(PAUSE * attempt);
                attempt += 1;
            } else {
                break report;
            }
        };
        self.cases.push(report);
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
        self.judge(&mut report);
        report
    }

    /// Runs this rule again in another process, in this role and with these variables; `None` if the
    /// suite has no command for that.
    pub(crate) fn run_in_subprocess(
        &self,
        role: &str,
        variables: &[(&str, String)],
    ) -> Option<Found> {
        Some(subprocess::run(self.again?(self.rule), role, variables))
    }

    /// A case that was tried somewhere else.
    pub(crate) fn record(&mut self, label: &str, outcomes: Vec<Outcome>, problems: Vec<String>) {
        let mut report = CaseReport::new(label);
        report.outcomes = outcomes;
        report.problems = problems;
        self.judge(&mut report);
        self.cases.push(report);
    }

    /// A case that cannot be tried here, for which the adapter is not to blame.
    pub(crate) fn skip(&mut self, label: &str, reason: &str) {
        let mut report = CaseReport::new(label);
        report.verdict = Verdict::Skipped(reason.to_owned());
        self.cases.push(report);
    }

    fn judge(&self, report: &mut CaseReport) {
        let exceptions = self.harness.exceptions().iter();
        let mut covering = exceptions.filter(|own| own.covers(self.rule.name(), &report.label));
        report.judge(covering.next().map(Exception::reason));
    }

    /// The server reads the request, writes this and closes; one request, and one of these outcomes.
    pub(crate) fn reply(&mut self, label: &str, bytes: impl Into<Vec<u8>>, allowed: &[Outcome]) {
        let script = Script::new().request().write(bytes);
        self.case(label, Setup::new(script), |scene| {
            let answer = scene.send();
            scene.expect(&answer, allowed);
        });
    }

    /// The same, and a response has to have exactly this body.
    pub(crate) fn reply_with_body(&mut self, label: &str, bytes: impl Into<Vec<u8>>, body: &[u8]) {
        let script = Script::new().request().write(bytes);
        self.case(label, Setup::new(script), |scene| {
            let answer = scene.send();
            scene.expect_body(&answer, body);
        });
    }

    /// The server plays the script and the exchange has to end with this limit, not before and not
    /// more than a tenth of a second after, and the connection within a second.
    pub(crate) fn deadline(&mut self, label: &str, setup: Setup, limit: Duration) {
        self.case(label, setup, |scene| {
            let exchange = scene.exchange().with_timeout(limit);
            let answer = scene.send_exchange(exchange);
            scene.expect(&answer, &[Outcome::Timeout]);
            scene.expect_end_at(&answer, limit);
            scene.expect_closed_by(&answer, limit);
        });
    }

    /// The suite's exchanges reach a server that answers, so that what a process makes once is made.
    pub(crate) fn warm_up(&self) {
        let plan = Plan::from(Script::new().request().write(reply::ok(b"{}")));
        if let Ok(mut scene) = Scene::set(self.harness, &Setup::new(plan), self.lateness) {
            scene.send();
            scene.end(None, &mut CaseReport::new("warm-up"));
        }
    }
}

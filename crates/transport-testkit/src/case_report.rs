//! The report on one case of a rule.

use crate::outcome::Outcome;

/// The verdict on a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The adapter kept the contract.
    Passed,
    /// The adapter broke the contract; [`CaseReport::problems`] lists how.
    Failed,
    /// The adapter broke the contract and has an exception for that, with this reason.
    Excepted(String),
    /// The adapter cannot be built as the case needs it, for this reason.
    Unable(String),
    /// The case could not be tried here, for this reason.
    Skipped(String),
}

/// The report on one case of a rule.
#[derive(Clone, Debug)]
pub struct CaseReport {
    pub(crate) label: String,
    pub(crate) outcomes: Vec<Outcome>,
    pub(crate) problems: Vec<String>,
    /// Calls that took too long, which may be due to a busy machine.
    pub(crate) late: Vec<String>,
    pub(crate) verdict: Verdict,
}

impl CaseReport {
    pub(crate) fn new(label: &str) -> Self {
        Self {
            label: label.to_owned(),
            outcomes: Vec::new(),
            problems: Vec::new(),
            late: Vec::new(),
            verdict: Verdict::Passed,
        }
    }

    pub(crate) fn only_late(&self) -> bool {
        self.problems.is_empty() && !self.late.is_empty()
    }

    pub(crate) fn judge(&mut self, exception: Option<&str>) {
        self.problems.append(&mut self.late);
        if self.verdict != Verdict::Passed || self.problems.is_empty() {
            return;
        }
        self.verdict = match exception {
            Some(reason) => Verdict::Excepted(reason.to_owned()),
            None => Verdict::Failed,
        };
    }

    /// The name of the case.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.label
    }

    /// The outcomes of its calls, in order.
    #[must_use]
    pub fn outcomes(&self) -> &[Outcome] {
        &self.outcomes
    }

    /// The differences from the contract.
    #[must_use]
    pub fn problems(&self) -> &[String] {
        &self.problems
    }

    /// The verdict.
    #[must_use]
    pub fn verdict(&self) -> &Verdict {
        &self.verdict
    }
}

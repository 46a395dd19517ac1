//! The verdict on one case of a rule, and what led to it.

use crate::outcome::Outcome;

/// What is to be thought of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The contract is kept.
    Kept,
    /// The contract is broken; what happened is in [`CaseReport::problems`].
    Broken,
    /// It is broken, and the adapter says so, with this reason.
    Excepted(String),
    /// The adapter cannot be made as the case needs it, for this reason.
    Unable(String),
    /// The case could not be tried here, for this reason, and nobody is to blame.
    Skipped(String),
}

/// What happened in one case of a rule.
#[derive(Clone, Debug)]
pub struct CaseReport {
    pub(crate) label: String,
    pub(crate) outcomes: Vec<Outcome>,
    pub(crate) problems: Vec<String>,
    /// Problems of time, for which the machine may be to blame.
    pub(crate) late: Vec<String>,
    pub(crate) sent: usize,
    pub(crate) verdict: Verdict,
}

impl CaseReport {
    pub(crate) fn new(label: &str) -> Self {
        Self {
            label: label.to_owned(),
            outcomes: Vec::new(),
            problems: Vec::new(),
            late: Vec::new(),
            sent: 0,
            verdict: Verdict::Kept,
        }
    }

    pub(crate) fn only_late(&self) -> bool {
        self.problems.is_empty() && !self.late.is_empty()
    }

    pub(crate) fn judge(&mut self, exception: Option<&str>) {
        self.problems.append(&mut self.late);
        if self.verdict != Verdict::Kept || self.problems.is_empty() {
            return;
        }
        self.verdict = match exception {
            Some(reason) => Verdict::Excepted(reason.to_owned()),
            None => Verdict::Broken,
        };
    }

    /// What the case is about.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.label
    }

    /// How its calls ended, in their order.
    #[must_use]
    pub fn outcomes(&self) -> &[Outcome] {
        &self.outcomes
    }

    /// What was not as the contract says.
    #[must_use]
    pub fn problems(&self) -> &[String] {
        &self.problems
    }

    /// How many whole requests arrived.
    #[must_use]
    pub fn sent(&self) -> usize {
        self.sent
    }

    /// What is to be thought of it.
    #[must_use]
    pub fn verdict(&self) -> &Verdict {
        &self.verdict
    }
}

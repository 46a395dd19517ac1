//! The report on an adapter.

pub(crate) mod comparison;

use std::fmt;

use crate::case_report::{CaseReport, Verdict};
use crate::outcome;
use crate::rule::Rule;

/// The report on one rule, with all its cases.
#[derive(Clone, Debug)]
pub struct RuleReport {
    pub(crate) rule: &'static Rule,
    pub(crate) cases: Vec<CaseReport>,
    /// Problems of the rule as a whole: something left over, a needless exception.
    pub(crate) problems: Vec<String>,
}

impl RuleReport {
    /// The rule.
    #[must_use]
    pub fn rule(&self) -> &'static Rule {
        self.rule
    }

    /// Its cases.
    #[must_use]
    pub fn cases(&self) -> &[CaseReport] {
        &self.cases
    }

    /// The problems outside of the cases: threads and descriptors that are left over, or an exception
    /// that no case needs.
    #[must_use]
    pub fn problems(&self) -> &[String] {
        &self.problems
    }

    /// Whether no case failed, exceptions apart.
    #[must_use]
    pub fn passes(&self) -> bool {
        self.problems.is_empty() && self.cases.iter().all(|own| own.verdict != Verdict::Failed)
    }

    /// The outcomes of all cases, for the table.
    pub(crate) fn cell(&self) -> String {
        let mut words = outcome::list(self.cases.iter().flat_map(|own| own.outcomes.clone()));
        if words.is_empty() && self.cases.iter().any(|own| own.verdict == Verdict::Passed) {
            words = "passed".to_owned();
        }
        let count = |wanted: fn(&Verdict) -> bool| {
            self.cases.iter().filter(|own| wanted(&own.verdict)).count()
        };
        for (number, word) in [
            (count(|own| *own == Verdict::Failed) + self.problems.len(), "FAILED"),
            (count(|own| matches!(own, Verdict::Excepted(_))), "excepted"),
            (count(|own| matches!(own, Verdict::Unable(_))), "unable"),
            (count(|own| matches!(own, Verdict::Skipped(_))), "skipped"),
        ] {
            if number > 0 {
                words = format!("{words} [{number} {word}]").trim_start().to_owned();
            }
        }
        words
    }
}

impl fmt::Display for RuleReport {
    /// Prints one line for everything that did not simply pass.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rule = self.rule;
        for case in &self.cases {
            let label = format!("{} ({}): {}", rule.name(), rule.what(), case.label);
            match &case.verdict {
                Verdict::Passed => {}
                Verdict::Failed => writeln!(f, "FAILED   {label}: {}", case.problems.join("; "))?,
                Verdict::Excepted(reason) => {
                    writeln!(f, "excepted {label}: {}: {reason}", case.problems.join("; "))?;
                }
                Verdict::Unable(reason) => writeln!(f, "unable   {label}: {reason}")?,
                Verdict::Skipped(reason) => writeln!(f, "skipped  {label}: {reason}")?,
            }
        }
        for problem in &self.problems {
            writeln!(f, "FAILED   {} ({}): {problem}", rule.name(), rule.what())?;
        }
        Ok(())
    }
}

/// The report on all rules.
#[derive(Clone, Debug)]
pub struct Report {
    pub(crate) adapter: String,
    pub(crate) rules: Vec<RuleReport>,
}

impl Report {
    /// The adapter's name.
    #[must_use]
    pub fn adapter(&self) -> &str {
        &self.adapter
    }

    /// The rules, in the order of [`RULES`](crate::RULES).
    #[must_use]
    pub fn rules(&self) -> &[RuleReport] {
        &self.rules
    }

    /// Whether the adapter is certified: no case failed, exceptions apart.
    #[must_use]
    pub fn passes(&self) -> bool {
        self.rules.iter().all(RuleReport::passes)
    }

    /// The names of the rules that failed.
    #[must_use]
    pub fn failed(&self) -> Vec<&'static str> {
        let failed = self.rules.iter().filter(|own| !own.passes());
        failed.map(|own| own.rule.name()).collect()
    }
}

impl fmt::Display for Report {
    /// Prints one line for everything that did not simply pass.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.rules.iter().try_for_each(|own| write!(f, "{own}"))
    }
}

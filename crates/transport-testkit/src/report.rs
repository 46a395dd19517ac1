//! What the suite found out about an adapter, and the table that shows it.

pub(crate) mod comparison;

use std::fmt;
use std::time::Duration;

use crate::case_report::{CaseReport, Verdict};
use crate::outcome;
use crate::rule::Rule;

/// What happened in all cases of a rule.
#[derive(Clone, Debug)]
pub struct RuleReport {
    pub(crate) rule: &'static Rule,
    pub(crate) cases: Vec<CaseReport>,
    /// What is wrong with the rule as a whole: something left over, a needless exception.
    pub(crate) problems: Vec<String>,
    pub(crate) took: Duration,
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

    /// What is wrong besides what the cases say: threads and descriptors that are left over, or
    /// an exception that nothing needs.
    #[must_use]
    pub fn problems(&self) -> &[String] {
        &self.problems
    }

    /// How long all of it took.
    #[must_use]
    pub fn took(&self) -> Duration {
        self.took
    }

    /// Whether nothing is broken that the adapter does not own up to.
    #[must_use]
    pub fn passes(&self) -> bool {
        self.problems.is_empty() && self.cases.iter().all(|own| own.verdict != Verdict::Broken)
    }

    /// The outcomes of all cases, for the table.
    #[must_use]
    pub fn cell(&self) -> String {
        let mut words = outcome::list(self.cases.iter().flat_map(|own| own.outcomes.clone()));
        if words.is_empty() && self.cases.iter().any(|own| own.verdict == Verdict::Kept) {
            words = "kept".to_owned();
        }
        let count = |wanted: fn(&Verdict) -> bool| {
            self.cases.iter().filter(|own| wanted(&own.verdict)).count()
        };
        for (number, word) in [
            (count(|own| *own == Verdict::Broken) + self.problems.len(), "BROKEN"),
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
    /// Everything that is not simply kept, one line each.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rule = self.rule;
        for case in &self.cases {
            let label = format!("{} ({}): {}", rule.name(), rule.what(), case.label);
            match &case.verdict {
                Verdict::Kept => {}
                Verdict::Broken => writeln!(f, "BROKEN   {label}: {}", case.problems.join("; "))?,
                Verdict::Excepted(reason) => {
                    writeln!(f, "excepted {label}: {}: {reason}", case.problems.join("; "))?;
                }
                Verdict::Unable(reason) => writeln!(f, "unable   {label}: {reason}")?,
                Verdict::Skipped(reason) => writeln!(f, "skipped  {label}: {reason}")?,
            }
        }
        for problem in &self.problems {
            writeln!(f, "BROKEN   {} ({}): {problem}", rule.name(), rule.what())?;
        }
        Ok(())
    }
}

/// What happened in all rules.
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

    /// Whether the adapter is certified: nothing is broken that it does not own up to.
    #[must_use]
    pub fn passes(&self) -> bool {
        self.rules.iter().all(RuleReport::passes)
    }

    /// The names of the rules that are broken.
    #[must_use]
    pub fn broken(&self) -> Vec<&'static str> {
        let broken = self.rules.iter().filter(|own| !own.passes());
        broken.map(|own| own.rule.name()).collect()
    }
}

impl fmt::Display for Report {
    /// Everything that is not simply kept, one line each.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.rules.iter().try_for_each(|own| write!(f, "{own}"))
    }
}

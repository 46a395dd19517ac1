//! What the suite found out about an adapter, and the table that shows it.

use std::fmt;
use std::time::Duration;

use crate::outcome::{self, Outcome};
use crate::rule::Rule;

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

/// Where adapters that have to behave alike do not: one line for each case.
///
/// Rules whose outcome may differ are left out, and so are cases that an adapter cannot have or for
/// which it has an exception.
#[must_use]
pub fn disagreements(reports: &[Report]) -> Vec<String> {
    let mut found = Vec::new();
    let Some((first, others)) = reports.split_first() else {
        return found;
    };
    for other in others {
        for (own, theirs) in first.rules.iter().zip(&other.rules) {
            if own.rule.may_differ() {
                continue;
            }
            for case in &own.cases {
                let same = |their: &&CaseReport| their.label == case.label;
                let Some(their) = theirs.cases.iter().find(same) else {
                    found.push(format!("{}: {}: tried once only", own.rule.name(), case.label));
                    continue;
                };
                let both = case.verdict == Verdict::Kept && their.verdict == Verdict::Kept;
                if both && case.outcomes != their.outcomes {
                    found.push(format!(
                        "{} ({}): {}: {} on {}, {} on {}",
                        own.rule.name(),
                        own.rule.what(),
                        case.label,
                        outcome::list(case.outcomes.iter().copied()),
                        first.adapter,
                        outcome::list(their.outcomes.iter().copied()),
                        other.adapter,
                    ));
                }
            }
        }
    }
    found
}

/// The rules as a Markdown table, one column for each adapter.
#[must_use]
pub fn table(reports: &[Report]) -> String {
    let Some(first) = reports.first() else {
        return String::new();
    };
    let mut rows = vec![vec!["rule".to_owned(), "what".to_owned()]];
    rows[0].extend(reports.iter().map(|own| own.adapter.clone()));
    for (index, own) in first.rules.iter().enumerate() {
        let mut row = vec![own.rule.id().to_owned(), own.rule.what().to_owned()];
        let cells = reports.iter().map(|own| own.rules.get(index).map(RuleReport::cell));
        row.extend(cells.map(Option::unwrap_or_default));
        rows.push(row);
    }
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..rows[0].len()).map(width).collect();
    let mut text = String::new();
    for (number, row) in rows.iter().enumerate() {
        let cells = row.iter().zip(&widths);
        let cells: Vec<String> = cells.map(|(cell, width)| format!("{cell:width$}")).collect();
        text += &format!("| {} |\n", cells.join(" | "));
        if number == 0 {
            let lines: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
            text += &format!("| {} |\n", lines.join(" | "));
        }
    }
    text
}

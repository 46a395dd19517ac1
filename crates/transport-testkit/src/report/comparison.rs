//! Reports of several adapters side by side.

use super::{Report, RuleReport};
use crate::case_report::{CaseReport, Verdict};
use crate::outcome;

/// Lists the cases in which adapters differ that must not, one line for each case.
///
/// Rules whose outcome may differ are left out, and so are cases that did not pass.
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
                    found.push(format!(
                        "{}: {}: tried on one adapter only",
                        own.rule.name(),
                        case.label
                    ));
                    continue;
                };
                let both = case.verdict == Verdict::Passed && their.verdict == Verdict::Passed;
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

/// Formats the rules as a Markdown table, with one column for each adapter.
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

//! Rules that run in a process of their own, and what they report from there.

use std::env;
use std::process::{Command, Stdio};

use crate::case_report::CaseReport;
use crate::outcome::Outcome;
use crate::rule::Rule;

/// Builds the command that runs one rule of this program in a process of its own.
pub(crate) type RuleCommand<'a> = dyn Fn(&Rule) -> Command + Sync + 'a;

/// The variable that names the part of the rule for the other process.
const ROLE: &str = "EASEMOB_TOKEN_TESTKIT_ROLE";
/// The beginning of the line with the report of the other process.
const REPORT: &str = "testkit-found:";

/// The part of the rule for this process; `None` in the first process.
pub(crate) fn role() -> Option<String> {
    env::var(ROLE).ok()
}

/// The report of the other process.
pub(crate) struct Found {
    pub(crate) outcomes: Vec<Outcome>,
    pub(crate) problems: Vec<String>,
}

/// Runs a rule with this command, in this role and with these variables, and reads its report.
pub(crate) fn run(mut command: Command, role: &str, variables: &[(&str, String)]) -> Found {
    command.env(ROLE, role).stdin(Stdio::null()).stderr(Stdio::null());
    command.envs(variables.iter().map(|(name, value)| (name, value)));
    let mut found = Found { outcomes: Vec::new(), problems: Vec::new() };
    let output = match command.output() {
        Ok(output) => String::from_utf8_lossy(&output.stdout).into_owned(),
        Err(error) => {
            found.problems.push(format!("the second process could not be started: {error}"));
            return found;
        }
    };
    let mut reported = false;
    for line in output.lines() {
        // Something else may have been printed before the report on the same line.
        let Some((_, line)) = line.split_once(REPORT) else { continue };
        reported = true;
        let mut parts = line.split('|').map(str::trim);
        let words = parts.next().unwrap_or_default().split_whitespace();
        found.outcomes.extend(words.filter_map(Outcome::by_name));
        found.problems.extend(parts.map(str::to_owned));
    }
    if !reported {
        found.problems.push("the second process reported nothing".to_owned());
    }
    found
}

/// Prints a report for the first process.
#[expect(clippy::print_stdout, reason = "the first process reads it there")]
pub(crate) fn report(cases: &[CaseReport]) {
    let outcomes = cases.iter().flat_map(CaseReport::outcomes);
    let words: Vec<String> = outcomes.map(ToString::to_string).collect();
    let mut line = words.join(" ");
    for problem in cases.iter().flat_map(CaseReport::problems) {
        line += &format!(" | {problem}");
    }
    println!("{REPORT} {line}");
}

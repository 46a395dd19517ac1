//! A part of a rule that runs in a process of its own.

use std::env;
use std::process::{Command, Stdio};

use crate::outcome::Outcome;
use crate::report::CaseReport;
use crate::trial::Trial;

/// Tells the other process which part of the rule it has to play.
const ROLE: &str = "EASEMOB_TOKEN_TESTKIT_ROLE";
/// How the line begins in which the other process tells what it found.
const REPORT: &str = "testkit-found:";

/// The part that this process plays; `None` in the one that the user started.
pub(crate) fn role() -> Option<String> {
    env::var(ROLE).ok()
}

/// What the other process found.
pub(crate) struct Found {
    pub(crate) outcomes: Vec<Outcome>,
    pub(crate) problems: Vec<String>,
}

/// Runs this rule again in another process, in this role and with these variables; `None` where
/// nobody told how.
pub(crate) fn play(trial: &Trial<'_>, role: &str, variables: &[(&str, String)]) -> Option<Found> {
    let mut command: Command = trial.again?(trial.rule);
    command.env(ROLE, role).stdin(Stdio::null()).stderr(Stdio::null());
    command.envs(variables.iter().map(|(name, value)| (name, value)));
    let mut found = Found { outcomes: Vec::new(), problems: Vec::new() };
    let output = match command.output() {
        Ok(output) => String::from_utf8_lossy(&output.stdout).into_owned(),
        Err(error) => {
            found.problems.push(format!("no second process: {error}"));
            return Some(found);
        }
    };
    let mut reported = false;
    for line in output.lines() {
        // Whoever prints the line may have printed something before it.
        let Some((_, line)) = line.split_once(REPORT) else { continue };
        reported = true;
        let mut parts = line.split('|').map(str::trim);
        let words = parts.next().unwrap_or_default().split_whitespace();
        found.outcomes.extend(words.filter_map(by_name));
        found.problems.extend(parts.map(str::to_owned));
    }
    if !reported {
        found.problems.push("the second process told nothing".to_owned());
    }
    Some(found)
}

/// Tells the first process what this one found so far.
#[expect(clippy::print_stdout, reason = "that is where the first process listens")]
pub(crate) fn tell(trial: &Trial<'_>) {
    let outcomes = trial.cases.iter().flat_map(CaseReport::outcomes);
    let words: Vec<String> = outcomes.map(ToString::to_string).collect();
    let mut line = words.join(" ");
    for problem in trial.cases.iter().flat_map(CaseReport::problems) {
        line += &format!(" | {problem}");
    }
    println!("{REPORT} {line}");
}

fn by_name(word: &str) -> Option<Outcome> {
    use Outcome::{
        Connect, Hung, Internal, Interrupted, Ok, Panicked, Timeout, Tls, TooLarge, Unsupported,
    };
    let all =
        [Ok, Connect, Tls, Timeout, Interrupted, TooLarge, Unsupported, Internal, Hung, Panicked];
    all.into_iter().find(|outcome| outcome.to_string() == word)
}

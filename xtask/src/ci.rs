//! Runs the chosen steps; ends with a table of their times and the sum of the tests.

use std::fmt::Write as _;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser};

use crate::context::Context;
use crate::tally::Tally;
use crate::{bench, deny, layers, steps, tidy};

/// Run the checks that a change has to pass, the quick ones first
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The steps to run [default: all]
    #[arg(value_parser = names())]
    step: Vec<String>,
    /// Run the other steps too if one fails
    #[arg(long)]
    pub(crate) keep_going: bool,
}

/// One check that a change has to pass.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) name: &'static str,
    /// One line for `--help` and for the heading.
    about: &'static str,
    run: fn(&Context) -> Result<()>,
    /// Whether a run without a single test is a failure.
    runs_tests: bool,
}

const fn check(name: &'static str, run: fn(&Context) -> Result<()>, about: &'static str) -> Step {
    Step { name, about, run, runs_tests: false }
}

const fn tests(name: &'static str, run: fn(&Context) -> Result<()>, about: &'static str) -> Step {
    Step { name, about, run, runs_tests: true }
}

/// Every step in the order in which they run: the fast ones first.
pub(crate) const STEPS: &[Step] = &[
    check("fmt", steps::fmt, "rustfmt has nothing to change"),
    check("tidy", tidy::run, "words, first lines, reasons, links, whitespace, weight"),
    check("layers", layers::run, "dependency rules; the core has no clock, I/O or randomness"),
    check("wasm", steps::wasm, "core and transport build for wasm32-unknown-unknown"),
    check("clippy", steps::clippy, "no warning with default, all, each and no features"),
    tests("test", steps::test, "every test with all features, then each set of features"),
    tests("schedules", steps::schedules, "the facade under thousands of schedules (shuttle)"),
    check("conformance", steps::conformance, "every adapter keeps every rule of the port"),
    tests("servers", steps::servers, "every adapter behind nginx, tinyproxy and squid"),
    tests("signatures", steps::signatures, "dynamic tokens, computed by a shell and OpenSSL too"),
    tests("bench", bench::gate, "instructions and allocations against the committed figures"),
    tests("docs", steps::docs, "rustdoc has no warning; the code blocks of all pages pass"),
    check("msrv", steps::msrv, "the libraries build with the oldest Rust of Cargo.toml"),
    check("deny", deny::run, "licences, duplicates, sources, advisories (cargo-deny)"),
];

fn names() -> PossibleValuesParser {
    STEPS.iter().map(|step| PossibleValue::new(step.name).help(step.about)).into()
}

#[derive(Debug)]
struct Outcome {
    name: &'static str,
    verdict: Verdict,
    time: Duration,
    tests: Tally,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Ok,
    Failed,
    /// An earlier step failed.
    NotRun,
}

pub(crate) fn run(options: &Options, context: &Context) -> ExitCode {
    let mut chosen: Vec<&Step> = Vec::new();
    for name in &options.step {
        if chosen.iter().all(|step| step.name != name) {
            chosen.extend(STEPS.iter().find(|step| step.name == name));
        }
    }
    if chosen.is_empty() {
        chosen.extend(STEPS);
    }
    let outcomes = run_all(&chosen, options.keep_going, context);
    print!("{}", closing(&outcomes, context));
    let passed = outcomes.iter().all(|outcome| outcome.verdict == Verdict::Ok);
    if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn run_all(steps: &[&Step], keep_going: bool, context: &Context) -> Vec<Outcome> {
    let mut outcomes: Vec<Outcome> = Vec::new();
    for step in steps {
        let name = step.name;
        let failed = outcomes.iter().any(|outcome| outcome.verdict == Verdict::Failed);
        let before = context.tally.get();
        let started = Instant::now();
        let verdict = if failed && !keep_going {
            Verdict::NotRun
        } else {
            println!("\n== {name}: {}", step.about);
            let result = (step.run)(context)
                .and_then(|()| judge_tests(step, context.tally.get().since(before)));
            let time = human(started.elapsed());
            match result {
                Ok(()) => {
                    println!("== {name}: ok, {time}");
                    Verdict::Ok
                }
                Err(error) => {
                    println!("== {name}: FAILED, {time}: {error:#}");
                    println!("   run it alone: cargo xtask ci {name}");
                    Verdict::Failed
                }
            }
        };
        let tests = context.tally.get().since(before);
        outcomes.push(Outcome { name, verdict, time: started.elapsed(), tests });
    }
    outcomes
}

/// A step that runs tests fails if none ran, or if one failed and its command did not.
fn judge_tests(step: &Step, tests: Tally) -> Result<()> {
    ensure!(!step.runs_tests || tests.executed() > 0, "no test was run, so nothing was shown");
    ensure!(tests.failed == 0, "{} tests failed", tests.failed);
    Ok(())
}

/// Formats the table, what was not checked, and in the last line the sum of the tests.
fn closing(outcomes: &[Outcome], context: &Context) -> String {
    let mut text = "\nstep         result     time         tests\n".to_owned();
    for outcome in outcomes {
        let (result, time) = match outcome.verdict {
            Verdict::Ok => ("ok", human(outcome.time)),
            Verdict::Failed => ("FAILED", human(outcome.time)),
            Verdict::NotRun => ("not run", "-".to_owned()),
        };
        let counted = outcome.tests != Tally::default();
        let tests = if counted { outcome.tests.to_string() } else { String::new() };
        let line = format!("{:<13}{result:<11}{time:<13}{tests}", outcome.name);
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}", line.trim_end());
    }
    let total: Duration = outcomes.iter().map(|outcome| outcome.time).sum();
    let _ = writeln!(text, "{:<24}{}", "total", human(total));
    for note in context.not_checked.borrow().iter() {
        let _ = writeln!(text, "NOT CHECKED: {note}");
    }
    let mut sum = context.tally.get();
    for outcome in outcomes.iter().filter(|outcome| outcome.verdict == Verdict::Failed) {
        let name = outcome.name;
        let _ =
            writeln!(text, "error: the step `{name}` failed; run it alone: cargo xtask ci {name}");
        // A step that failed without a failed test counts as one failure, so that the last line
        // never looks like success after a failed run.
        sum.failed += usize::from(outcome.tests.failed == 0);
    }
    if sum.executed() > 0 {
        let _ = writeln!(text, "\n{sum}");
    }
    text
}

fn human(time: Duration) -> String {
    match time.as_secs() {
        0..60 => format!("{:.1} s", time.as_secs_f64()),
        seconds => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use anyhow::bail;
    use xshell::Shell;

    use super::*;
    use crate::context::Workspace;

    fn count(context: &Context, line: &str) -> Result<()> {
        context.tally.set(context.tally.get().read(line));
        Ok(())
    }

    const FINE: Step = check("fine", |_| Ok(()), "");
    const BROKEN: Step = check("broken", |_| bail!("no"), "");
    const EMPTY: Step = tests("empty", |_| Ok(()), "");
    const TESTED: Step =
        tests("tested", |it| count(it, "test result: ok. 4 passed; 0 failed; 0 ignored;"), "");
    const RED: Step =
        tests("red", |it| count(it, "test result: FAILED. 4 passed; 2 failed; 0 ignored;"), "");

    fn verdicts(steps: &[&Step], keep_going: bool) -> (Vec<Verdict>, String) {
        let context = Context::new(Shell::new().unwrap(), Workspace::default());
        let outcomes = run_all(steps, keep_going, &context);
        let text = closing(&outcomes, &context);
        (outcomes.iter().map(|outcome| outcome.verdict).collect(), text)
    }

    #[test]
    fn the_first_failure_stops_the_run_and_shows_in_the_last_line() {
        let (verdicts, text) = verdicts(&[&TESTED, &BROKEN, &FINE], false);
        assert_eq!(verdicts, [Verdict::Ok, Verdict::Failed, Verdict::NotRun]);
        assert!(text.ends_with("\n4 passed, 1 failed\n"), "{text}");
        assert!(text.contains("cargo xtask ci broken"), "{text}");
    }

    #[test]
    fn keep_going_runs_the_other_steps() {
        let (verdicts, text) = verdicts(&[&BROKEN, &TESTED, &RED], true);
        assert_eq!(verdicts, [Verdict::Failed, Verdict::Ok, Verdict::Failed]);
        assert!(text.ends_with("\n8 passed, 3 failed\n"), "{text}");
    }

    #[test]
    fn a_run_that_passed_ends_with_the_sum_of_the_tests() {
        let (verdicts, text) = verdicts(&[&FINE, &TESTED], false);
        assert_eq!(verdicts, [Verdict::Ok, Verdict::Ok]);
        assert!(text.ends_with("\n4 passed, 0 failed\n"), "{text}");
    }

    #[test]
    fn a_test_step_without_a_test_fails() {
        assert_eq!(verdicts(&[&EMPTY], false).0, [Verdict::Failed]);
    }

    #[test]
    fn omissions_are_repeated_at_the_end() {
        let context = Context::new(Shell::new().unwrap(), Workspace::default());
        context.not_checked("the moon");
        assert!(closing(&[], &context).contains("NOT CHECKED: the moon"));
    }

    #[test]
    fn times_are_readable() {
        assert_eq!(human(Duration::from_millis(640)), "0.6 s");
        assert_eq!(human(Duration::from_secs(200)), "3 min 20 s");
    }
}

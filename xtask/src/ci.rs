//! Runs the chosen steps and closes with a table of their times and one line that sums up the tests.

use std::fmt::Write as _;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use crate::context::Context;
use crate::failure::Failure;
use crate::step::Step;
use crate::tally::Tally;

/// What became of one step.
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

pub(crate) fn run(steps: &[&'static Step], keep_going: bool) -> ExitCode {
    let mut context = match Context::load() {
        Ok(context) => context,
        Err(failure) => {
            eprintln!("error: {failure}");
            return ExitCode::FAILURE;
        }
    };
    if let Err(error) = std::env::set_current_dir(&context.root) {
        eprintln!("error: {}: {error}", context.root.display());
        return ExitCode::FAILURE;
    }
    let outcomes = run_all(steps, keep_going, &mut context);
    print!("{}", closing(&outcomes, &context.not_checked, context.tally));
    if outcomes.iter().all(|outcome| outcome.verdict == Verdict::Ok) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn run_all(steps: &[&'static Step], keep_going: bool, context: &mut Context) -> Vec<Outcome> {
    let mut outcomes: Vec<Outcome> = Vec::new();
    for step in steps {
        let stopped = !keep_going && outcomes.iter().any(|o| o.verdict == Verdict::Failed);
        if stopped {
            let (time, tests) = (Duration::ZERO, Tally::default());
            outcomes.push(Outcome { name: step.name, verdict: Verdict::NotRun, time, tests });
            continue;
        }
        println!("\n== {}: {}", step.name, step.about);
        let started = Instant::now();
        let before = context.tally;
        let result = (step.run)(context);
        let tests = context.tally.since(before);
        let result = result.and_then(|()| judge_tests(step, tests));
        let time = started.elapsed();
        let verdict = match result {
            Ok(()) => {
                println!("== {}: ok, {}", step.name, human(time));
                Verdict::Ok
            }
            Err(failure) => {
                println!(
                    "== {name}: FAILED, {time}: {failure}\n   run it alone: cargo xtask ci {name}",
                    name = step.name,
                    time = human(time),
                );
                Verdict::Failed
            }
        };
        outcomes.push(Outcome { name: step.name, verdict, time, tests });
    }
    outcomes
}

/// A step that runs tests has not passed when it ran none, or when one failed unnoticed.
fn judge_tests(step: &Step, tests: Tally) -> Result<(), Failure> {
    if step.runs_tests && tests.executed() == 0 {
        return Err(Failure::new("no test was run, so nothing was shown"));
    }
    if tests.failed > 0 {
        return Err(Failure::new(format!("{} tests failed", tests.failed)));
    }
    Ok(())
}

/// The table, what was not checked, and the sum of the tests in the very last line.
fn closing(outcomes: &[Outcome], not_checked: &[String], tally: Tally) -> String {
    let mut text = "\nstep         result     time         tests\n".to_owned();
    for outcome in outcomes {
        let (result, time) = match outcome.verdict {
            Verdict::Ok => ("ok", human(outcome.time)),
            Verdict::Failed => ("FAILED", human(outcome.time)),
            Verdict::NotRun => ("not run", "-".to_owned()),
        };
        let tests = if outcome.tests == Tally::default() {
            String::new()
        } else {
            outcome.tests.to_string()
        };
        let line = format!("{:<13}{result:<11}{time:<13}{tests}", outcome.name);
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}", line.trim_end());
    }
    let total: Duration = outcomes.iter().map(|outcome| outcome.time).sum();
    let _ = writeln!(text, "{:<24}{}", "total", human(total));
    for note in not_checked {
        let _ = writeln!(text, "NOT CHECKED: {note}");
    }
    let failed: Vec<_> = outcomes.iter().filter(|o| o.verdict == Verdict::Failed).collect();
    for outcome in &failed {
        let _ = writeln!(
            text,
            "error: the step `{name}` failed; run it alone: cargo xtask ci {name}",
            name = outcome.name
        );
    }
    // A step that failed without a failed test counts as one failure, so that the last line never
    // looks like a success when the run was none.
    let other_failures = failed.iter().filter(|outcome| outcome.tests.failed == 0).count();
    let sum = Tally { failed: tally.failed + other_failures, ..tally };
    if sum.executed() > 0 {
        let _ = writeln!(text, "\n{sum}");
    }
    text
}

fn human(time: Duration) -> String {
    let seconds = time.as_secs();
    if seconds < 60 {
        format!("{:.1} s", time.as_secs_f64())
    } else {
        format!("{} min {} s", seconds / 60, seconds % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FINE: Step = Step { name: "fine", about: "", run: |_| Ok(()), runs_tests: false };
    const BROKEN: Step =
        Step { name: "broken", about: "", run: |_| Err(Failure::new("no")), runs_tests: false };
    const EMPTY: Step = Step { name: "empty", about: "", run: |_| Ok(()), runs_tests: true };
    const TESTED: Step = Step {
        name: "tested",
        about: "",
        run: |context| {
            context.tally.read("test result: ok. 4 passed; 0 failed; 0 ignored;");
            Ok(())
        },
        runs_tests: true,
    };
    const RED: Step = Step {
        name: "red",
        about: "",
        run: |context| {
            context.tally.read("test result: FAILED. 4 passed; 2 failed; 0 ignored;");
            Ok(())
        },
        runs_tests: true,
    };

    fn verdicts(steps: &[&'static Step], keep_going: bool) -> (Vec<Verdict>, String) {
        let mut context = Context {
            root: "/".into(),
            target: "/".into(),
            members: Vec::new(),
            tally: Tally::default(),
            not_checked: Vec::new(),
        };
        let outcomes = run_all(steps, keep_going, &mut context);
        let text = closing(&outcomes, &context.not_checked, context.tally);
        (outcomes.iter().map(|outcome| outcome.verdict).collect(), text)
    }

    #[test]
    fn the_first_failure_stops_the_run_and_the_last_line_is_not_green() {
        let (verdicts, text) = verdicts(&[&TESTED, &BROKEN, &FINE], false);
        assert_eq!(verdicts, [Verdict::Ok, Verdict::Failed, Verdict::NotRun]);
        assert!(text.ends_with("\n4 passed, 1 failed\n"), "{text}");
        assert!(text.contains("cargo xtask ci broken"), "{text}");
    }

    #[test]
    fn keep_going_runs_what_is_left() {
        let (verdicts, text) = verdicts(&[&BROKEN, &TESTED, &RED], true);
        assert_eq!(verdicts, [Verdict::Failed, Verdict::Ok, Verdict::Failed]);
        assert!(text.ends_with("\n8 passed, 3 failed\n"), "{text}");
    }

    #[test]
    fn a_green_run_ends_with_the_sum_of_the_tests() {
        let (verdicts, text) = verdicts(&[&FINE, &TESTED], false);
        assert_eq!(verdicts, [Verdict::Ok, Verdict::Ok]);
        assert!(text.ends_with("\n4 passed, 0 failed\n"), "{text}");
    }

    #[test]
    fn a_test_step_without_a_test_fails() {
        assert_eq!(verdicts(&[&EMPTY], false).0, [Verdict::Failed]);
    }

    #[test]
    fn what_was_not_checked_is_said_again_at_the_end() {
        let text = closing(&[], &["the moon".to_owned()], Tally::default());
        assert!(text.contains("NOT CHECKED: the moon"), "{text}");
    }

    #[test]
    fn times_read_well() {
        assert_eq!(human(Duration::from_millis(640)), "0.6 s");
        assert_eq!(human(Duration::from_secs(200)), "3 min 20 s");
    }
}

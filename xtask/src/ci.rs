//! Runs the chosen steps; ends with a table of their times and the sum of the tests.

use std::fmt::Write as _;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Result;
use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser};

use crate::ahead::Ahead;
use crate::context::Context;
use crate::tally::Tally;
use crate::{bench, book, clippy, deny, layers, package, steps, test, tidy};

/// Run the checks that a change has to pass, the quick ones first
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The steps to run [default: all but `book`]
    #[arg(value_parser = names())]
    step: Vec<String>,
    /// Run the other steps too if one fails
    #[arg(long)]
    pub(crate) keep_going: bool,
    /// Fail if this machine lacks a program that a check needs; CI=true has the same effect
    #[arg(long)]
    pub(crate) require_all: bool,
}

/// One check that a change has to pass.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) name: &'static str,
    /// One line for `--help` and for the heading.
    about: &'static str,
    run: fn(&Context) -> Result<()>,
}

const fn step(name: &'static str, run: fn(&Context) -> Result<()>, about: &'static str) -> Step {
    Step { name, about, run }
}

/// Every step in the order in which they run: the fast ones first.
pub(crate) const STEPS: &[Step] = &[
    step("fmt", steps::fmt, "rustfmt has nothing to change"),
    step("tidy", tidy::run, "words, first lines, links, punctuation, whitespace, weight"),
    step("layers", layers::run, "dependency rules; the core has no clock, I/O or randomness"),
    step("wasm", steps::wasm, "core and transport build for wasm32-unknown-unknown"),
    step("clippy", clippy::run, "no warning with default, all, each and no features"),
    step("test", test::run, "every test with all features, then each set of features"),
    step("schedules", steps::schedules, "the facade under thousands of schedules (shuttle)"),
    step("conformance", steps::conformance, "every adapter keeps every rule of the port"),
    step("servers", steps::servers, "every adapter behind nginx, tinyproxy and squid"),
    step("samples", steps::samples, "the emulator with clients and tests in other languages"),
    step("signatures", steps::signatures, "dynamic tokens, computed by a shell and OpenSSL too"),
    step("bench", bench::gate, "instructions and allocations against the committed figures"),
    step("docs", steps::docs, "rustdoc has no warning; the Rust blocks of all pages are tested"),
    step("book", book::run, "the book builds; its links, search and width in a browser"),
    step("msrv", steps::msrv, "the libraries build with the oldest Rust of Cargo.toml"),
    step("package", package::run, "each published crate has its files, and compiles from them"),
    step("deny", deny::run, "licences, duplicates, sources, advisories (cargo-deny)"),
];

/// Steps that run by name and before a release: they take too long for what a change can break.
const BY_NAME: &[&str] = &["book"];

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
    /// As far as this machine can run it.
    Partly,
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
        chosen.extend(STEPS.iter().filter(|step| !BY_NAME.contains(&step.name)));
    }
    // Steps by name are few; nothing of theirs can be compiled while others wait.
    let ahead = options.step.is_empty().then(|| Ahead::start(context));
    let outcomes = run_all(&chosen, options.keep_going, context);
    drop(ahead);
    print!("{}", closing(&outcomes, context));
    let passed = outcomes.iter().all(|it| [Verdict::Ok, Verdict::Partly].contains(&it.verdict));
    if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs every step; fails if one does, or if this machine lacks what one needs.
pub(crate) fn run_every_step(context: &Context) -> Result<()> {
    let steps: Vec<&Step> = STEPS.iter().collect();
    let ahead = Ahead::start(context);
    let outcomes = run_all(&steps, false, context);
    drop(ahead);
    print!("{}", closing(&outcomes, context));
    let failed = outcomes.iter().find(|outcome| outcome.verdict == Verdict::Failed);
    anyhow::ensure!(failed.is_none(), "the checks failed");
    Ok(())
}

fn run_all(steps: &[&Step], keep_going: bool, context: &Context) -> Vec<Outcome> {
    let mut outcomes: Vec<Outcome> = Vec::new();
    for step in steps {
        let name = step.name;
        let failed = outcomes.iter().any(|outcome| outcome.verdict == Verdict::Failed);
        let before = context.tally.get();
        let omitted = context.not_checked.borrow().len();
        let started = Instant::now();
        let verdict = if failed && !keep_going {
            Verdict::NotRun
        } else {
            println!("\n== {name}: {}", step.about);
            let result = (step.run)(context);
            let time = human(started.elapsed());
            match result {
                Ok(()) if context.not_checked.borrow().len() > omitted => {
                    println!("== {name}: partly checked, {time}");
                    Verdict::Partly
                }
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

/// Formats the table, what was not checked, and in the last line the sum of the tests.
fn closing(outcomes: &[Outcome], context: &Context) -> String {
    let mut text = "\nstep         result     time         tests\n".to_owned();
    for outcome in outcomes {
        let (result, time) = match outcome.verdict {
            Verdict::Ok => ("ok", human(outcome.time)),
            Verdict::Partly => ("partly", human(outcome.time)),
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
    let missing: Vec<_> = context.missing.borrow().iter().copied().collect();
    if !missing.is_empty() {
        let packages = missing.join(" ");
        let _ = writeln!(
            text,
            "all missing programs at once (Debian, Ubuntu): apt-get install {packages}"
        );
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

    const FINE: Step = step("fine", |_| Ok(()), "");
    const BROKEN: Step = step("broken", |_| bail!("no"), "");
    const TESTED: Step = step(
        "tested",
        |context| {
            let line = "test result: ok. 4 passed; 0 failed; 0 ignored;";
            context.tally.set(context.tally.get().read(line));
            Ok(())
        },
        "",
    );
    const RED: Step = step(
        "red",
        |context| {
            let line = "test result: FAILED. 4 passed; 2 failed; 0 ignored;";
            context.tally.set(context.tally.get().read(line));
            bail!("cargo test failed")
        },
        "",
    );

    #[test]
    fn the_first_failure_stops_the_run_and_the_last_line_is_the_sum() {
        use Verdict::{Failed, NotRun, Ok};
        let (fine, broken, tested, red) = (&FINE, &BROKEN, &TESTED, &RED);
        for (steps, keep_going, verdicts, end) in [
            ([fine, tested, fine], false, [Ok, Ok, Ok], "\n4 passed, 0 failed\n"),
            ([tested, broken, fine], false, [Ok, Failed, NotRun], "\n4 passed, 1 failed\n"),
            ([broken, tested, red], true, [Failed, Ok, Failed], "\n8 passed, 3 failed\n"),
        ] {
            let context = Context::new(Shell::new().unwrap(), Workspace::default());
            let outcomes = run_all(&steps, keep_going, &context);
            let text = closing(&outcomes, &context);
            assert_eq!(outcomes.iter().map(|it| it.verdict).collect::<Vec<_>>(), verdicts);
            assert!(text.ends_with(end), "{text}");
            assert_eq!(
                text.contains("cargo xtask ci broken"),
                steps.iter().any(|it| it.name == "broken")
            );
        }
    }

    #[test]
    fn omissions_are_repeated_at_the_end() {
        let context = Context::new(Shell::new().unwrap(), Workspace::default());
        let partly = step(
            "stars",
            |context| {
                context.not_checked("the moon");
                Ok(())
            },
            "",
        );
        let outcomes = run_all(&[&partly, &FINE], false, &context);
        context.missing.borrow_mut().extend(["moon-light", "lunar-tools", "moon-light"]);
        let text = closing(&outcomes, &context);
        assert!(text.contains("\nstars        partly ") && text.contains("\nfine         ok "));
        assert!(text.ends_with(
            "\nNOT CHECKED: the moon\nall missing programs at once (Debian, Ubuntu): apt-get install \
             lunar-tools moon-light\n"
        ));
    }

    #[test]
    fn times_are_readable() {
        assert_eq!(human(Duration::from_millis(640)), "0.6 s");
        assert_eq!(human(Duration::from_secs(200)), "3 min 20 s");
    }
}

//! Runs the conformance suite for both adapters, prints the table, and fails where a rule is broken
//! or the adapters disagree.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command talks to the person who typed it"
)]

use std::env;
use std::process::{Command, ExitCode};

use easemob_token_adapter_trials::ADAPTERS;
use easemob_token_transport_testkit::{
    Harness, ROWS_OF_THE_CORE, RULES, Report, Rule, Suite, disagreements, table,
};

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        [] => compare(|_| true),
        // How this program plays its part in rules that need a second process.
        ["--in-another-process", adapter, rule] => run_one(adapter, rule),
        ["--only", part] => compare(|rule| rule.name().contains(part)),
        _ => {
            eprintln!("usage: conformance [--only PART-OF-A-RULES-NAME]");
            ExitCode::from(2)
        }
    }
}

fn compare(permit: impl Fn(&Rule) -> bool) -> ExitCode {
    let reports: Vec<Report> = ADAPTERS.iter().map(|own| certify(*own, &permit)).collect();
    println!("{}", table(&reports));
    for (row, reason) in ROWS_OF_THE_CORE {
        println!("Row {row} is no matter of a transport: {reason}.");
    }
    for report in reports.iter().filter(|report| !report.to_string().is_empty()) {
        println!("\n{}:\n{report}", report.adapter());
    }
    let differences = disagreements(&reports);
    for difference in &differences {
        println!("DIFFERS  {difference}");
    }
    let broken = reports.iter().filter(|report| !report.passes()).count();
    if broken == 0 && differences.is_empty() {
        println!("\nEvery rule is kept, and the adapters differ only where they say so.");
        ExitCode::SUCCESS
    } else {
        println!("\n{broken} adapters break the contract, {} cases differ.", differences.len());
        ExitCode::FAILURE
    }
}

fn certify(harness: &dyn Harness, permit: impl Fn(&Rule) -> bool) -> Report {
    eprintln!("certifying {}", harness.name());
    Suite::new(harness).again(|rule| again(harness.name(), rule)).only(permit).run()
}

fn again(adapter: &str, rule: &Rule) -> Command {
    let mut command = Command::new(env::current_exe().unwrap_or_default());
    command.args(["--in-another-process", adapter, rule.name()]);
    command
}

fn run_one(adapter: &str, rule: &str) -> ExitCode {
    let harness = ADAPTERS.into_iter().find(|own| own.name() == adapter);
    let rule = RULES.iter().find(|own| own.name() == rule);
    let (Some(harness), Some(rule)) = (harness, rule) else {
        return ExitCode::from(2);
    };
    // What it found is told to the first process, which judges it.
    let _ = Suite::new(harness).run_rule(rule);
    ExitCode::SUCCESS
}

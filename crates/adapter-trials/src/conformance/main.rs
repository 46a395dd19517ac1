//! Runs the conformance suite for every adapter and prints the table.
//!
//! Fails if an adapter breaks a rule, or if the adapters differ without a declared exception.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command prints its results")]

use std::env;
use std::process::{Command, ExitCode};

use clap::Parser;
use easemob_token_adapter_trials::ADAPTERS;
use easemob_token_transport_testkit::{
    Harness, ROWS_OF_THE_CORE, RULES, Report, Rule, Suite, disagreements, table,
};

#[derive(Parser)]
#[command(about = "Run the conformance suite for every adapter and print the table")]
struct Arguments {
    /// Run only the rules whose name contains this text
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    only: String,
    /// Run a rule of an adapter for another process of this program
    #[arg(long, hide = true, num_args = 2, value_names = ["ADAPTER", "RULE"])]
    in_another_process: Option<Vec<String>>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match arguments.in_another_process.as_deref() {
        Some([adapter, rule]) => run_one(adapter, rule),
        _ => compare(|rule| rule.name().contains(&arguments.only)),
    }
}

fn compare(permit: impl Fn(&Rule) -> bool) -> ExitCode {
    let reports: Vec<Report> = ADAPTERS.iter().map(|own| certify(*own, &permit)).collect();
    println!("{}", table(&reports));
    for (row, reason) in ROWS_OF_THE_CORE {
        println!("Row {row} does not concern a transport: {reason}.");
    }
    for report in reports.iter().filter(|report| !report.to_string().is_empty()) {
        println!("\n{}:\n{report}", report.adapter());
    }
    let differences = disagreements(&reports);
    for difference in &differences {
        println!("DIFFERS  {difference}");
    }
    let failed = reports.iter().filter(|report| !report.passes()).count();
    if failed == 0 && differences.is_empty() {
        println!("\nThe adapters keep every rule and differ only in declared exceptions.");
        ExitCode::SUCCESS
    } else {
        println!("\n{failed} adapters break a rule, {} cases differ.", differences.len());
        ExitCode::FAILURE
    }
}

fn certify(harness: &dyn Harness, permit: impl Fn(&Rule) -> bool) -> Report {
    eprintln!("certifying {}", harness.name());
    Suite::new(harness).subprocess(|rule| again(harness.name(), rule)).only(permit).run()
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
    // The suite sends its findings to the first process, which judges them.
    let _ = Suite::new(harness).run_rule(rule);
    ExitCode::SUCCESS
}

//! The command behind `cargo xtask fuzz differential`: so many seeds, from this one on.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command talks to the person who typed it"
)]

use std::process::ExitCode;
use std::time::Instant;

use easemob_token_adapter_trials::differential::run;

const USAGE: &str = "usage: differential [--scripts N] [--seed S]";

fn main() -> ExitCode {
    let (seed, scripts) = match arguments() {
        Ok(arguments) => arguments,
        Err(error) => {
            eprintln!("error: {error}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    println!("seeds {seed} to {}", seed.wrapping_add(scripts.saturating_sub(1)));
    let begun = Instant::now();
    let report = run(seed, scripts);
    print!("{report}");
    println!("{:.1} s", begun.elapsed().as_secs_f64());
    for finding in &report.findings {
        println!("again: cargo xtask fuzz differential --scripts 1 --seed {}", finding.seed);
    }
    if report.findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn arguments() -> Result<(u64, u64), lexopt::Error> {
    use lexopt::prelude::{Long, ValueExt as _};

    let mut parser = lexopt::Parser::from_env();
    let (mut seed, mut scripts) = (None, 10_000);
    while let Some(argument) = parser.next()? {
        match argument {
            Long("seed") => seed = Some(parser.value()?.parse()?),
            Long("scripts") => scripts = parser.value()?.parse()?,
            other => return Err(other.unexpected()),
        }
    }
    // Not all 64 bits: the seed is typed again by hand.
    Ok((seed.unwrap_or_else(|| fastrand::u64(..1_000_000_000_000)), scripts))
}

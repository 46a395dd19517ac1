//! The command behind `cargo xtask fuzz differential`.
#![expect(clippy::print_stdout, reason = "a command prints its results")]

use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use easemob_token_adapter_trials::differential::run;

#[derive(Parser)]
#[command(about = "Play random scripts to both adapters and report unexplained differences")]
struct Arguments {
    /// The number of seeds to try
    #[arg(long, default_value_t = 10_000)]
    scripts: u64,
    /// The first seed [default: random]
    #[arg(long)]
    seed: Option<u64>,
}

fn main() -> ExitCode {
    let Arguments { scripts, seed } = Arguments::parse();
    // Less than 64 bits, since the seed is typed by hand to repeat a run.
    let seed = seed.unwrap_or_else(|| fastrand::u64(..1_000_000_000_000));
    println!("seeds {seed} to {}", seed.wrapping_add(scripts.saturating_sub(1)));
    let start = Instant::now();
    let report = run(seed, scripts);
    print!("{report}");
    println!("{:.1} s", start.elapsed().as_secs_f64());
    for finding in &report.findings {
        println!("repeat: cargo xtask fuzz differential --scripts 1 --seed {}", finding.seed);
    }
    if report.findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

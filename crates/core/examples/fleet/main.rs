//! Simulation of fleets of 50 and 500 processes that share one app token: prints the failure table.
//!
//! Run it by `cargo xtask fleet`; `--seed N` repeats a run. It fails if a row is out of its bounds.
#![expect(clippy::print_stdout, reason = "an example writes to its terminal")]

mod rows;
mod simulation;

use std::process::ExitCode;

use self::rows::ROWS;

/// Seeds of a run, counted from the first one.
const SEEDS: u64 = 20;

fn main() -> ExitCode {
    #[expect(clippy::disallowed_methods, reason = "an example has arguments")]
    let argument = std::env::args().skip_while(|it| it != "--seed").nth(1);
    let seed: Option<u64> = argument.and_then(|it| it.parse().ok());
    let seeds = seed.map_or(1..=SEEDS, |seed| seed..=seed);
    println!("seeds {seeds:?}; the worst of them; waits in ms\n");
    println!("| what happens | processes | requests | in a minute | longest wait | failed calls |");
    println!("|---|---|---|---|---|---|");
    let faults: Vec<String> =
        [50, 500].iter().flat_map(|size| table(*size, seeds.clone())).collect();
    for fault in &faults {
        println!("\nOUT OF ITS BOUNDS: {fault}");
    }
    if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Prints the rows for so many processes; returns those that are out of their bounds.
fn table(size: usize, seeds: std::ops::RangeInclusive<u64>) -> Vec<String> {
    let mut faults = Vec::new();
    for row in ROWS {
        let (mut requests, mut in_a_minute, mut wait, mut failed) = (0, 0, 0, 0);
        for seed in seeds.clone() {
            let costs = (row.run)(size, seed);
            let is_in_bounds = costs.requests <= (row.requests)(size)
                && costs.in_a_minute <= row.in_a_minute
                && costs.wait <= row.wait
                && (row.fails || costs.failed == 0)
                && costs.broken.is_none();
            if !is_in_bounds {
                faults.push(format!("{}, {size} processes, seed {seed}: {costs:?}", row.name));
            }
            requests = requests.max(costs.requests);
            in_a_minute = in_a_minute.max(costs.in_a_minute);
            wait = wait.max(costs.wait);
            failed = failed.max(costs.failed);
        }
        println!("| {} | {size} | {requests} | {in_a_minute} | {wait} | {failed} |", row.name);
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fifty_processes_stay_within_the_bounds_of_the_failure_table() {
        let faults = table(50, 1..=1);
        assert!(faults.is_empty(), "{faults:#?}");
    }
}

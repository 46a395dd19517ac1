//! The program behind `cargo xtask soak`: callers in one process, a misbehaving service in another.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command prints its results")]

mod callers;
mod clients;
mod faults;
mod figures;
mod ledger;
mod options;
mod plan;
mod promises;
mod record;
mod remote;
mod resources;
mod run;
mod server;
mod shared;
mod unix_time;
mod verdict;

use std::process::ExitCode;

use clap::Parser as _;

use crate::options::Options;

fn main() -> ExitCode {
    let options = Options::parse();
    let result = match &options.serve {
        Some(address) => server::serve(address).map(|()| true),
        None => run::run(&options),
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

//! The program behind `cargo xtask soak`: callers in this process, a service that misbehaves in another.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command talks to the person who typed it"
)]

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
mod verdict;
mod wall;

use std::process::ExitCode;

use crate::options::Request;

fn main() -> ExitCode {
    let ended = match Request::read(lexopt::Parser::from_env()) {
        Ok(Request::Serve { listen }) => server::serve(&listen).map(|()| true),
        Ok(Request::Run(options)) => run::run(&options),
        Err(error) => {
            eprintln!("error: {error}\n{}", options::USAGE);
            return ExitCode::from(2);
        }
    };
    match ended {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

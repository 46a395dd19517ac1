//! The command `cargo xtask`: reads its arguments and hands over to the steps.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command talks to the person who typed it"
)]

mod args;
mod bench;
mod ci;
mod clippy;
mod command;
mod context;
mod debian;
mod deny;
mod docs;
mod failure;
mod fuzz;
mod layers;
mod msrv;
mod rust_source;
mod schedules;
mod servers;
mod signatures;
mod soak;
mod step;
mod tally;
mod test;
mod tidy;
mod toolchain;
mod wasm;

use std::process::ExitCode;

use crate::args::Request;

fn main() -> ExitCode {
    match args::read(std::env::args_os()) {
        Ok(Request::Help) => {
            print!("{}", args::help());
            ExitCode::SUCCESS
        }
        Ok(Request::CiHelp) => {
            print!("{}", args::ci_help());
            ExitCode::SUCCESS
        }
        Ok(Request::BenchHelp) => {
            print!("{}", bench::help());
            ExitCode::SUCCESS
        }
        Ok(Request::Bench(options)) => bench::run(&options),
        Ok(Request::FuzzHelp) => {
            print!("{}", fuzz::help());
            ExitCode::SUCCESS
        }
        Ok(Request::SoakHelp) => {
            print!("{}", soak::help());
            ExitCode::SUCCESS
        }
        Ok(Request::Soak(options)) => soak::run(&options),
        Ok(Request::Fuzz(options)) => fuzz::run(&options),
        Ok(Request::Ci { steps, keep_going }) => ci::run(&steps, keep_going),
        Err(message) => {
            eprintln!("error: {message}\n\nFor the usage, type `cargo xtask ci --help`.");
            ExitCode::from(2)
        }
    }
}

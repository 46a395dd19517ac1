//! The command `cargo xtask`: the checks and measurements of the project.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command writes to its terminal")]

mod api;
mod bench;
mod book;
mod check;
mod ci;
mod clippy;
mod context;
mod crates;
mod deny;
mod dist;
mod fleet;
mod fuzz;
mod install;
mod layers;
mod mutants;
mod package;
mod pictures;
mod problem;
mod release;
mod shell;
mod soak;
mod steps;
mod tally;
mod test;
mod tidy;
mod weight;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::context::Context;

/// The checks and measurements of easemob-token
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask", max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Ci(ci::Options),
    /// Check what changed: formatting, lints and tests of the changed packages
    Check,
    Mutants(mutants::Options),
    Fuzz(fuzz::Options),
    Soak(soak::Options),
    Fleet(fleet::Options),
    Bench(bench::Options),
    Pictures(pictures::Options),
    Api(api::Options),
    Dist(dist::Options),
    Release(release::Options),
    /// Compare the lines inside and outside the published crates
    Weight,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse_from(with_ci(std::env::args_os().collect()));
    let result = Context::load().and_then(|mut context| {
        if let Command::Ci(options) = &arguments.command {
            context.require_all |= options.require_all;
        }
        match &arguments.command {
            Command::Ci(options) => return Ok(ci::run(options, &context)),
            Command::Check => check::run(&context),
            Command::Mutants(options) => mutants::run(options, &context),
            Command::Fuzz(options) => fuzz::run(options, &context),
            Command::Soak(options) => soak::run(options, &context),
            Command::Fleet(options) => fleet::run(options, &context),
            Command::Bench(options) => bench::run(options, &context),
            Command::Pictures(options) => pictures::run(options, &context),
            Command::Api(options) => api::run(options, &context),
            Command::Dist(options) => dist::run(options, &context),
            Command::Release(options) => release::run(options, &context),
            Command::Weight => weight::run(&context),
        }
        .map(|()| ExitCode::SUCCESS)
    });
    result.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}

/// Makes `cargo xtask STEP` of `cargo xtask ci STEP`; the step `bench` gives way to the command.
fn with_ci(mut words: Vec<OsString>) -> Vec<OsString> {
    let is_step = |word: &OsString| ci::STEPS.iter().any(|step| word == step.name);
    if words.get(1).is_some_and(|word| word != "bench" && is_step(word)) {
        words.insert(1, "ci".into());
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Command, String> {
        let words = line.split_whitespace().map(OsString::from).collect();
        Arguments::try_parse_from(with_ci(words))
            .map(|arguments| arguments.command)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_step_is_a_command_of_its_own() {
        assert!(
            matches!(parse("xtask tidy --keep-going").unwrap(), Command::Ci(it) if it.keep_going)
        );
        assert!(matches!(parse("xtask bench").unwrap(), Command::Bench(_)));
        assert!(matches!(parse("xtask ci bench").unwrap(), Command::Ci(_)));
    }

    #[test]
    fn an_unknown_word_is_refused_with_the_list() {
        for (line, expected) in [
            ("xtask ci lint", "clippy"),
            ("xtask fuzz nonsense", "base_url"),
            ("xtask bench speed", "cached"),
            ("xtask soak --transport reqwest", "isahc"),
            ("xtask ci --nonsense", "--nonsense"),
        ] {
            let error = parse(line).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn contributing_names_every_step_and_command() {
        use clap::CommandFactory as _;
        let page = include_str!("../../CONTRIBUTING.md");
        for step in ci::STEPS {
            assert!(page.contains(&format!("\n| `{}` |", step.name)), "{}", step.name);
        }
        for command in Arguments::command().get_subcommands() {
            let line = format!("`cargo xtask {}", command.get_name());
            assert!(page.contains(&line), "{line}");
        }
    }
}

//! The step `bench` and the command `cargo xtask bench`: what the project costs, beside its peers.

use std::process::ExitCode;

use crate::command::Tool;
use crate::context::{Context, run_in_root};
use crate::debian::Program;
use crate::failure::Failure;
use crate::test::run_counted;

/// A group, and what it asks.
const GROUPS: &[(&str, &str)] = &[
    ("gate", "build, parse and the kept token against the kept figures, as in `cargo xtask ci`"),
    ("grant", "building a request and reading its answer: instructions, allocations, time"),
    ("cached", "\"give me a valid token\" while one is kept, on one thread and on two"),
    ("users", "a cache of a million user tokens, by the map behind it"),
    ("wire", "whole exchanges over the loopback, plain and TLS, beside the bare HTTP libraries"),
    ("first", "the first token of a fresh process"),
    ("weight", "crates, build time and size; compiles everything anew, for half an hour"),
];
/// What takes so long that it runs only where it is named.
const ON_REQUEST: &str = "weight";
const GATE: &str = "gate";

const MANIFEST: &str = "--locked --manifest-path crates/bench/Cargo.toml";
const VALGRIND: Program = Program { name: "valgrind", package: "valgrind", variable: "VALGRIND" };
/// What the program says of what it could not look at.
const NOT_CHECKED: &str = "NOT CHECKED: ";

/// What is to be measured.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Options {
    groups: Vec<&'static str>,
    /// Keep the gate's figures instead of judging them.
    keep: bool,
}

impl Options {
    /// Reads what follows the word `bench`; `None` where help is asked for.
    pub(crate) fn read(parser: &mut lexopt::Parser) -> Result<Option<Self>, String> {
        use lexopt::prelude::{Long, Short, Value};

        let mut options = Self { groups: Vec::new(), keep: false };
        while let Some(arg) = parser.next().map_err(|error| error.to_string())? {
            match arg {
                Short('h') | Long("help") => return Ok(None),
                Long("keep") => options.keep = true,
                Value(word) => {
                    let known = GROUPS.iter().map(|(name, _)| *name);
                    let group = known.clone().find(|name| word == **name).ok_or_else(|| {
                        let names: Vec<_> = known.collect();
                        let word = word.to_string_lossy();
                        format!("no group is named `{word}`; there are: {}", names.join(", "))
                    })?;
                    options.groups.push(group);
                }
                other => return Err(other.unexpected().to_string()),
            }
        }
        if options.keep && options.groups != [GATE] {
            return Err("`--keep` belongs to the group `gate` alone".to_owned());
        }
        if options.groups.is_empty() {
            let all = GROUPS.iter().map(|(name, _)| *name);
            options.groups.extend(all.filter(|name| *name != ON_REQUEST));
        }
        Ok(Some(options))
    }
}

pub(crate) fn help() -> String {
    let mut text = "\
Measures what the project costs, beside its peers, and holds it against the goals of docs/benchmarks.md.

Usage: cargo xtask bench [GROUP]... [--keep]

Groups (all but the last unless named):
"
    .to_owned();
    for (name, about) in GROUPS {
        text.push_str(&format!("  {name:<8}{about}\n"));
    }
    text.push_str(
        "
Options:
  --keep      with `gate`: keep these figures in crates/bench/kept.json instead of judging them
  -h, --help  this text

It ends with an error where a goal is missed beyond what the machine's mood explains.
",
    );
    text
}

/// The command.
pub(crate) fn run(options: &Options) -> ExitCode {
    run_in_root(|context| measure(options, context))
}

fn measure(options: &Options, context: &mut Context) -> Result<(), Failure> {
    let mut failed = Vec::new();
    for &group in &options.groups {
        println!("\n== {group}");
        let mut tool = if group == GATE { program(context, "") } else { program(context, PEERS) };
        tool = tool.arg("--").arg(group);
        if options.keep {
            tool = tool.arg("--keep");
        }
        // The others are worth a look too, whatever became of this one.
        if let Err(failure) = run_program(&tool, context) {
            println!("error: {failure}");
            failed.push(group);
        }
    }
    if failed.is_empty() {
        return Ok(());
    }
    Err(Failure::new(format!("goals were missed, see above, in: {}", failed.join(", "))))
}

const PEERS: &str = "--features peers";

/// The step.
pub(crate) fn gate(context: &mut Context) -> Result<(), Failure> {
    // A workspace of its own, so that neither `fmt` nor `clippy` nor `test` came here.
    Tool::parse("cargo fmt --manifest-path crates/bench/Cargo.toml --check").run()?;
    own(context, &format!("cargo clippy {MANIFEST} --all-targets -- -D warnings")).run()?;
    // With the profile of the measurement: what is below is compiled once for both.
    let tests = own(context, &format!("cargo test {MANIFEST} --release"));
    run_counted(context, &tests)?;
    run_program(&program(context, "").arg("--").arg(GATE), context)
}

/// Runs it with a valgrind where there is one, and hands on what it could not check.
fn run_program(tool: &Tool, context: &mut Context) -> Result<(), Failure> {
    let tool = match VALGRIND.find_or_install() {
        Ok(valgrind) => tool.clone().env(VALGRIND.variable, valgrind.display().to_string()),
        Err(failure) => {
            println!("{failure}");
            tool.clone()
        }
    };
    tool.run_reading(|line| {
        if let Some(text) = line.strip_prefix(NOT_CHECKED) {
            context.not_checked.push(text.to_owned());
        }
    })
}

fn program(context: &Context, features: &str) -> Tool {
    own(context, &format!("cargo run {MANIFEST} --release --quiet {features}"))
}

/// A command with a target folder of its own, which keeps the peers out of everybody's way.
fn own(context: &Context, line: &str) -> Tool {
    let target = context.target.join("bench").display().to_string();
    Tool::parse(line).env("CARGO_TARGET_DIR", target)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&str]) -> Result<Option<Options>, String> {
        Options::read(&mut lexopt::Parser::from_args(words))
    }

    #[test]
    fn what_takes_half_an_hour_runs_only_where_it_is_named() {
        let all = read(&[]).unwrap().unwrap().groups;
        assert!(all.contains(&"grant") && !all.contains(&ON_REQUEST), "{all:?}");
        assert_eq!(read(&["weight"]).unwrap().unwrap().groups, ["weight"]);
    }

    #[test]
    fn only_the_gates_figures_are_kept() {
        assert!(read(&["gate", "--keep"]).unwrap().unwrap().keep);
        assert!(read(&["--keep"]).is_err());
        assert!(read(&["grant", "--keep"]).is_err());
    }

    #[test]
    fn an_unknown_group_is_refused_with_the_list() {
        assert!(read(&["speed"]).unwrap_err().contains("cached"));
        assert!(read(&["--help"]).unwrap().is_none());
        assert!(GROUPS.iter().all(|(name, _)| help().contains(name)));
    }
}

//! The step `bench` and the command `cargo xtask bench`: what the project costs, beside its peers.

use anyhow::{Result, ensure};
use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser};
use xshell::{Cmd, cmd};

use crate::context::Context;
use crate::install::{Program, has_component};
use crate::shell;

/// The groups of measurements; the last takes so long that it runs only by name.
const GROUPS: [(&str, &str); 7] = [
    (GATE, "build, parse and the cached token against the committed figures, as in `ci`"),
    ("grant", "building a request and parsing its response: instructions, allocations, time"),
    ("cached", "\"give me a valid token\" from the cache, on one thread and on two"),
    ("users", "a cache of a million user tokens, by the map behind it"),
    ("wire", "whole exchanges over the loopback, plain and TLS, beside the bare HTTP libraries"),
    ("first", "the first token of a new process"),
    ("weight", "crates, build time and size; compiles everything anew, for half an hour"),
];
const GATE: &str = "gate";
const MANIFEST: [&str; 3] = ["--locked", "--manifest-path", "crates/bench/Cargo.toml"];
/// What valgrind counts; the measurement's own note begins with it.
const INSTRUCTIONS: &str = "instructions";
const VALGRIND: Program = Program::new("valgrind", "valgrind", "VALGRIND");

/// Measure costs beside the peers, and hold them against the goals of docs/benchmarks.md
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The groups to measure [default: all but `weight`]
    #[arg(value_parser = names())]
    group: Vec<String>,
    /// With `gate` alone: write the figures to crates/bench/kept.json instead of judging them
    #[arg(long)]
    keep: bool,
}

fn names() -> PossibleValuesParser {
    GROUPS.map(|(name, about)| PossibleValue::new(name).help(about)).into()
}

/// The command.
pub(crate) fn run(options: &Options, context: &Context) -> Result<()> {
    ensure!(!options.keep || options.group == [GATE], "`--keep` belongs to the group `gate` alone");
    let all = GROUPS[..GROUPS.len() - 1].iter().map(|(name, _)| (*name).to_owned()).collect();
    let groups = if options.group.is_empty() { all } else { options.group.clone() };
    let mut failed = Vec::new();
    for group in groups {
        println!("\n== {group}");
        let features = if group == GATE { "" } else { "peers" };
        let keep = options.keep.then_some("--keep");
        // The other groups are worth a look too if this one fails.
        if let Err(error) = measure(context, features, &group, keep) {
            println!("error: {error:#}");
            failed.push(group);
        }
    }
    ensure!(failed.is_empty(), "goals were missed, see above, in: {}", failed.join(", "));
    Ok(())
}

/// The step.
pub(crate) fn gate(context: &Context) -> Result<()> {
    let sh = &context.sh;
    // It is a workspace of its own, so neither `fmt` nor `clippy` nor `test` looked at it.
    if has_component(context, "fmt", "rustfmt")? {
        shell::run(cmd!(sh, "cargo fmt --manifest-path crates/bench/Cargo.toml --check"))?;
    }
    if has_component(context, "clippy", "clippy")? {
        shell::run(lint(context))?;
    }
    // In the profile of the measurement, so that the dependencies are compiled once for both.
    context.run_tests(own(context, cmd!(sh, "cargo test {MANIFEST...} --release")))?;
    measure(context, "", GATE, None)
}

fn lint(context: &Context) -> Cmd<'_> {
    let lint = cmd!(context.sh, "cargo clippy {MANIFEST...} --all-targets -- -D warnings");
    own(context, lint)
}

/// Returns the commands that compile what the step needs.
pub(crate) fn compilation(context: &Context) -> [Cmd<'_>; 3] {
    let sh = &context.sh;
    [
        own(context, cmd!(sh, "cargo test {MANIFEST...} --release --no-run")),
        own(context, cmd!(sh, "cargo build {MANIFEST...} --release")),
        lint(context),
    ]
}

/// Measures one group, with valgrind if there is one, and repeats what could not be checked.
fn measure(context: &Context, features: &str, group: &str, keep: Option<&str>) -> Result<()> {
    let run = cmd!(context.sh, "cargo run {MANIFEST...} --release --quiet");
    let mut cmd = own(context, run).args(["--features", features, "--", group]).args(keep);
    let valgrind = context.program(&VALGRIND, INSTRUCTIONS)?;
    if let Some(valgrind) = &valgrind {
        cmd = cmd.env(VALGRIND.variable, valgrind);
    }
    // The measurement itself says what it cannot check: without valgrind, what was said above.
    let is_new = |text: &&str| valgrind.is_some() || !text.starts_with(INSTRUCTIONS);
    shell::run_reading(cmd, |line| {
        if let Some(text) = line.strip_prefix("NOT CHECKED: ").filter(is_new) {
            context.not_checked.borrow_mut().push(text.to_owned());
        }
    })
}

/// Gives the command a target folder of its own, since no build of ours may contain the peers.
fn own<'a>(context: &Context, cmd: Cmd<'a>) -> Cmd<'a> {
    cmd.env("CARGO_TARGET_DIR", context.workspace.target.join("bench"))
}

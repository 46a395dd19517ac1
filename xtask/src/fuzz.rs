//! The command `cargo xtask fuzz`: both adapters under random bytes, then libFuzzer on the core.

use std::process::ExitCode;

use crate::command::Tool;
use crate::context::{Context, run_in_root};
use crate::failure::Failure;
use crate::toolchain::{Added, rustup};

/// The adapters against each other; the rest are targets of libFuzzer, in the folder `fuzz/`.
const DIFFERENTIAL: &str = "differential";
const TARGETS: &[&str] = &[
    DIFFERENTIAL,
    "response",
    "expires_in",
    "base_url",
    "app_key",
    "error_body",
    "inspect",
    "dynamic",
];

/// Built when no cargo-fuzz is at hand.
const VERSION: &str = "0.13.2";

/// What is to be fuzzed, and for how long.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Options {
    targets: Vec<&'static str>,
    /// For each target of libFuzzer.
    seconds: u64,
    /// For the differential fuzzer.
    scripts: u64,
    /// Another one each time unless given; it is printed.
    seed: Option<u64>,
}

impl Options {
    /// Reads what follows the word `fuzz`; `None` where help is asked for.
    pub(crate) fn read(parser: &mut lexopt::Parser) -> Result<Option<Self>, String> {
        use lexopt::prelude::{Long, Short, Value, ValueExt as _};

        let mut options = Self { targets: Vec::new(), seconds: 60, scripts: 10_000, seed: None };
        let text = |error: lexopt::Error| error.to_string();
        while let Some(arg) = parser.next().map_err(text)? {
            let number = |parser: &mut lexopt::Parser| {
                parser.value().and_then(|value| value.parse()).map_err(text)
            };
            match arg {
                Short('h') | Long("help") => return Ok(None),
                Long("seconds") => options.seconds = number(parser)?,
                Long("scripts") => options.scripts = number(parser)?,
                Long("seed") => options.seed = Some(number(parser)?),
                Value(word) => {
                    let target =
                        TARGETS.iter().find(|target| word == **target).ok_or_else(|| {
                            let word = word.to_string_lossy();
                            format!(
                                "no target is named `{word}`; there are: {}",
                                TARGETS.join(", ")
                            )
                        })?;
                    options.targets.push(target);
                }
                other => return Err(other.unexpected().to_string()),
            }
        }
        if options.targets.is_empty() {
            options.targets.extend(TARGETS);
        }
        Ok(Some(options))
    }
}

pub(crate) fn help() -> String {
    format!(
        "\
Looks for faults with random input, for a bounded time. What it finds becomes a plain test.

Usage: cargo xtask fuzz [TARGET]... [--seconds N] [--scripts N] [--seed S]

Targets (all of them unless named):
  {DIFFERENTIAL:<14}random responses, most of them broken, to both adapters; differences are findings
  {others}
                what the core reads, by libFuzzer; needs a nightly Rust

Options:
  --seconds N   for each target of libFuzzer (60)
  --scripts N   for `{DIFFERENTIAL}` (10000)
  --seed S      begin there: what was found with a seed is found again
  -h, --help    this text
",
        others = TARGETS[1..].join(", ")
    )
}

pub(crate) fn run(options: &Options) -> ExitCode {
    run_in_root(|context| run_all(options, context))
}

fn run_all(options: &Options, context: &Context) -> Result<(), Failure> {
    let mut cargo_fuzz = None;
    for &target in &options.targets {
        println!("\n== {target}");
        if target == DIFFERENTIAL {
            differential(options).run()?;
            continue;
        }
        if cargo_fuzz.is_none() {
            need_nightly()?;
            cargo_fuzz = Some(find_or_install(context)?);
        }
        if let Some(program) = &cargo_fuzz {
            guided(options, context, program, target)?;
        }
    }
    Ok(())
}

fn differential(options: &Options) -> Tool {
    // The build that the tests have made already: compiling libcurl once more takes longer than the
    // run, which mostly waits.
    let mut tool = Tool::parse(
        "cargo run --locked --quiet -p easemob-token-adapter-trials --bin differential --",
    )
    .arg("--scripts")
    .arg(options.scripts.to_string());
    if let Some(seed) = options.seed {
        tool = tool.arg("--seed").arg(seed.to_string());
    }
    tool
}

fn guided(
    options: &Options,
    context: &Context,
    program: &str,
    target: &str,
) -> Result<(), Failure> {
    // What libFuzzer learns stays out of the committed corpus: that is for samples and for what was
    // found.
    let learned = context.target.join("fuzz-corpus").join(target);
    std::fs::create_dir_all(&learned)
        .map_err(|error| Failure::caused(learned.display().to_string(), error))?;
    let mut tool = Tool::parse("")
        .arg(program)
        .arg("run")
        // Nothing there is `unsafe`, so no sanitizer has anything to find.
        .arg("--sanitizer")
        .arg("none")
        .arg(target)
        .arg(learned.display().to_string())
        .arg(format!("fuzz/corpus/{target}"))
        .arg("--")
        .arg(format!("-max_total_time={}", options.seconds))
        .arg("-max_len=4096")
        .arg("-timeout=10")
        .arg("-rss_limit_mb=1024")
        .arg("-verbosity=0")
        .arg("-print_final_stats=1");
    if let Some(seed) = options.seed {
        // It counts in 32 bits.
        tool = tool.arg(format!("-seed={}", seed % u64::from(u32::MAX)));
    }
    let dictionary = format!("fuzz/{target}.dict");
    if context.root.join(&dictionary).exists() {
        tool = tool.arg(format!("-dict={dictionary}"));
    }
    let target_dir = context.target.join("fuzz").display().to_string();
    let ran = tool.env("RUSTUP_TOOLCHAIN", "nightly").env("CARGO_TARGET_DIR", target_dir).run();
    ran.map_err(|failure| {
        Failure::caused(
            format!("`{target}` found something: its input is in fuzz/artifacts/{target}/"),
            failure,
        )
    })
}

fn need_nightly() -> Result<(), Failure> {
    let listed = Tool::parse("rustup toolchain list").capture();
    if listed.is_ok_and(|listed| listed.stdout.lines().any(|line| line.starts_with("nightly"))) {
        return Ok(());
    }
    match rustup("toolchain install nightly --profile minimal")? {
        Added::Yes => Ok(()),
        Added::Unreachable(why) => Err(Failure::new(format!(
            "libFuzzer needs a nightly Rust: {why}; with it: rustup toolchain install nightly"
        ))),
    }
}

/// Our own in the target folder: nothing of the user's is touched, and `cargo clean` takes it away.
fn find_or_install(context: &Context) -> Result<String, Failure> {
    let root = context.target.join("xtask-tools");
    let program = format!("cargo-fuzz{}", std::env::consts::EXE_SUFFIX);
    let own = root.join("bin").join(program).display().to_string();
    for candidate in ["cargo-fuzz", &own] {
        let asked = Tool::parse("").arg(candidate).arg("--version").capture();
        if asked.is_ok_and(|asked| asked.stdout.contains(VERSION)) {
            return Ok(candidate.to_owned());
        }
    }
    println!("no cargo-fuzz {VERSION} is at hand; building it");
    let build = root.join("build");
    Tool::parse(&format!("cargo install --locked cargo-fuzz --version {VERSION} --force"))
        .arg("--root")
        .arg(root.display().to_string())
        .arg("--target-dir")
        .arg(build.display().to_string())
        .run()?;
    let _ = std::fs::remove_dir_all(build);
    Ok(own)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&str]) -> Result<Option<Options>, String> {
        Options::read(&mut lexopt::Parser::from_args(words))
    }

    #[test]
    fn without_a_target_everything_is_fuzzed() {
        let options = read(&[]).unwrap().unwrap();
        assert_eq!(options.targets, TARGETS);
        assert_eq!((options.seconds, options.scripts, options.seed), (60, 10_000, None));
    }

    #[test]
    fn a_finding_is_repeated_by_its_seed() {
        let words = ["differential", "--scripts", "1", "--seed", "123456789012"];
        let options = read(&words).unwrap().unwrap();
        let shown = differential(&options).to_string();
        assert!(shown.ends_with("-- --scripts 1 --seed 123456789012"), "{shown}");
    }

    #[test]
    fn what_is_not_there_is_refused_with_the_list() {
        assert!(read(&["nonsense"]).unwrap_err().contains("base_url"));
        assert!(read(&["--seconds", "soon"]).is_err());
        assert!(read(&["--help"]).unwrap().is_none());
    }

    #[test]
    fn every_target_of_libfuzzer_is_in_the_list() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../fuzz/targets");
        let files = std::fs::read_dir(folder).unwrap();
        let mut found: Vec<_> = files
            .map(|file| file.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
            .collect();
        found.sort();
        let mut listed = TARGETS[1..].to_vec();
        listed.sort_unstable();
        assert_eq!(found, listed);
    }
}

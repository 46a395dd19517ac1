//! The command `cargo xtask fuzz`: the adapters under random bytes, then libFuzzer on the core.

use anyhow::{Context as _, Result, bail};
use clap::Args;
use xshell::{Cmd, cmd};

use crate::context::Context;
use crate::crates::ADAPTER_TRIALS;
use crate::install::{CargoTool, has_toolchain, rustup};
use crate::shell;

/// The adapters against each other; the other targets are libFuzzer's, in `fuzz/targets`.
const DIFFERENTIAL: &str = "differential";
const TARGETS: [&str; 9] = [
    DIFFERENTIAL,
    "response",
    "expires_in",
    "base_url",
    "app_key",
    "error_body",
    "inspect",
    "dynamic",
    "fleet_record",
];
const CARGO_FUZZ: CargoTool = CargoTool { name: "cargo-fuzz", version: "0.13.2", ask: &[] };

/// Look for faults with random input, for a bounded time
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// What to fuzz [default: all]; all but `differential` need a nightly Rust
    #[arg(value_parser = TARGETS)]
    target: Vec<String>,
    /// Seconds for each target of libFuzzer
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Random responses for `differential`
    #[arg(long, default_value_t = 10_000)]
    scripts: u64,
    /// Start here: what was found with a seed is found again
    #[arg(long)]
    seed: Option<u64>,
}

pub(crate) fn run(options: &Options, context: &Context) -> Result<()> {
    let all: Vec<_> = TARGETS.map(str::to_owned).into();
    let targets = if options.target.is_empty() { &all } else { &options.target };
    for target in targets {
        println!("\n== {target}");
        if target == DIFFERENTIAL {
            shell::run(differential(options, context))?;
        } else {
            guided(options, context, target)?;
        }
    }
    Ok(())
}

/// Uses the build of the tests: compiling libcurl again takes longer than the run.
fn differential<'a>(options: &Options, context: &'a Context) -> Cmd<'a> {
    let run = ["--locked", "--quiet", "-p", ADAPTER_TRIALS, "--bin", DIFFERENTIAL];
    let scripts = options.scripts.to_string();
    let seed = options.seed.map(|seed| format!("--seed={seed}"));
    cmd!(context.sh, "cargo run {run...} -- --scripts {scripts} {seed...}")
}

fn guided(options: &Options, context: &Context, target: &str) -> Result<()> {
    let sh = &context.sh;
    if !has_toolchain(sh, "nightly") {
        let install = ["toolchain", "install", "nightly", "--profile", "minimal"];
        if let Some(reason) = rustup(sh, &install)? {
            bail!("libFuzzer needs a nightly Rust: {reason}");
        }
    }
    let program = CARGO_FUZZ.find_or_install(context)?;
    // What libFuzzer learns stays out of the committed corpus, which has samples and findings.
    let learned = sh.create_dir(context.workspace.target.join("fuzz-corpus").join(target))?;
    // Nothing there is `unsafe`, so no sanitizer has anything to find.
    let ran = cmd!(sh, "{program} run --sanitizer none {target} {learned} fuzz/corpus/{target} --")
        .arg(format!("-max_total_time={}", options.seconds))
        .args(["-max_len=4096", "-timeout=10", "-rss_limit_mb=1024", "-verbosity=0"])
        .arg("-print_final_stats=1")
        // libFuzzer counts in 32 bits.
        .args(options.seed.map(|seed| format!("-seed={}", seed % u64::from(u32::MAX))))
        .args(
            sh.path_exists(format!("fuzz/{target}.dict"))
                .then(|| format!("-dict=fuzz/{target}.dict")),
        )
        .env("RUSTUP_TOOLCHAIN", "nightly")
        .env("CARGO_TARGET_DIR", context.workspace.target.join("fuzz"));
    shell::run(ran).with_context(|| {
        format!("`{target}` found something: its input is in fuzz/artifacts/{target}/")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_of_libfuzzer_is_listed() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../fuzz/targets");
        let files = std::fs::read_dir(folder).unwrap();
        let stem = |file: std::fs::DirEntry| file.path().file_stem().unwrap().to_owned();
        let mut found: Vec<_> = files.map(|file| stem(file.unwrap())).collect();
        let mut listed = TARGETS[1..].to_vec();
        found.sort();
        listed.sort_unstable();
        assert_eq!(found, listed);
    }
}

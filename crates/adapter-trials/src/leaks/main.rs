//! Prints a table of what is logged at which level, for `docs/security.md`.
//!
//! Subscribers and loggers are for a whole process, so each line is measured in a process of its own.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command prints its results")]

use std::collections::BTreeMap;
use std::env;
use std::process::{Command, ExitCode, ExitStatus};

use easemob_token_adapter_trials::leaks::{capture, scene, secrets};
use easemob_token_adapter_trials::{hyper, isahc};

/// The sources of log records: two adapters, and isahc without the adapter's filters.
const SOURCES: [&str; 3] = ["transport-hyper", "transport-isahc", "isahc itself"];
/// What is captured.
const SINKS: [&str; 3] = ["log", "tracing", "both"];

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => table(),
        [source, sink] => measure(source, sink),
        _ => {
            eprintln!("usage: leak-guard");
            ExitCode::from(2)
        }
    }
}

fn table() -> ExitCode {
    println!("source         | captured | level and target: records (secrets among them)");
    println!("---------------|----------|------------------------------------------------");
    for source in SOURCES {
        for sink in SINKS {
            let program = env::current_exe().unwrap_or_default();
            let status = Command::new(program).args([source, sink]).status();
            if !status.as_ref().is_ok_and(ExitStatus::success) {
                eprintln!("error: {source}, {sink}: {status:?}");
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}

fn measure(source: &str, sink: &str) -> ExitCode {
    let log = sink == "tracing" || capture::capture_log().is_ok();
    let tracing = sink == "log" || capture::capture_tracing().is_ok();
    if !(log && tracing) {
        eprintln!("error: the process has a logger or a subscriber already");
        return ExitCode::FAILURE;
    }
    match source {
        "transport-hyper" => scene::play(&hyper()),
        "transport-isahc" => scene::play(&isahc()),
        _ => scene::play_bare_isahc(),
    }
    println!("{source:<15}| {sink:<9}| {}", summary(&capture::take()));
    ExitCode::SUCCESS
}

fn summary(entries: &[capture::Entry]) -> String {
    let mut counted: BTreeMap<String, (usize, Vec<&str>)> = BTreeMap::new();
    for entry in entries {
        let key = format!("{} {} {}", entry.sink, entry.level, entry.target);
        let (count, shown) = counted.entry(key).or_default();
        *count += 1;
        for secret in secrets::ALL {
            if !shown.contains(&secret) && secrets::find(&entry.text, secret).is_some() {
                shown.push(secret);
            }
        }
    }
    if counted.is_empty() {
        return "nothing".to_owned();
    }
    let lines = counted.iter().map(|(key, (count, shown))| match shown.len() {
        0 => format!("{key}: {count}"),
        secrets => format!("{key}: {count} ({secrets} SECRETS)"),
    });
    lines.collect::<Vec<_>>().join("; ")
}

//! Prints who says what at which level: the numbers of `docs/security.md`.
//!
//! Subscribers and loggers are for a whole process, so each line of the table is measured in a
//! process of its own.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command talks to the person who typed it"
)]

use std::collections::BTreeMap;
use std::env;
use std::process::{Command, ExitCode};

use easemob_token_adapter_trials::leaks::{capture, scene, secrets};
use easemob_token_adapter_trials::{hyper, isahc};

/// Who is listened to: two adapters, and what isahc says when nobody keeps it from speaking.
const SPEAKERS: [&str; 3] = ["transport-hyper", "transport-isahc", "isahc itself"];
/// Who listens.
const LISTENERS: [&str; 3] = ["log", "tracing", "both"];

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => table(),
        [speaker, listener] => measure(speaker, listener),
        _ => {
            eprintln!("usage: leak-guard");
            ExitCode::from(2)
        }
    }
}

fn table() -> ExitCode {
    println!("what           | told     | level and target: records (secrets among them)");
    println!("---------------|----------|------------------------------------------------");
    for speaker in SPEAKERS {
        for listener in LISTENERS {
            let this = env::current_exe().unwrap_or_default();
            match Command::new(this).args([speaker, listener]).status() {
                Ok(status) if status.success() => {}
                other => {
                    eprintln!("error: {speaker} before {listener}: {other:?}");
                    return ExitCode::FAILURE;
                }
            }
        }
    }
    ExitCode::SUCCESS
}

fn measure(speaker: &str, listener: &str) -> ExitCode {
    let listens = match listener {
        "log" => capture::listen_to_log().is_ok(),
        "tracing" => capture::listen_to_tracing().is_ok(),
        _ => capture::listen_to_log().is_ok() && capture::listen_to_tracing().is_ok(),
    };
    if !listens {
        eprintln!("error: somebody listens already");
        return ExitCode::FAILURE;
    }
    match speaker {
        "transport-hyper" => scene::play(&hyper()),
        "transport-isahc" => scene::play(&isahc()),
        _ => scene::play_bare_isahc(),
    }
    let said = capture::take();
    println!("{speaker:<15}| {listener:<9}| {}", summary(&said));
    ExitCode::SUCCESS
}

fn summary(said: &[capture::Entry]) -> String {
    let mut counted: BTreeMap<(&str, &str, &str), (usize, Vec<&str>)> = BTreeMap::new();
    for saying in said {
        let key = (saying.to, saying.level.as_str(), saying.target.as_str());
        let (count, shown) = counted.entry(key).or_default();
        *count += 1;
        for secret in secrets::ALL {
            if !shown.contains(&secret) && secrets::find(&saying.text, secret).is_some() {
                shown.push(secret);
            }
        }
    }
    if counted.is_empty() {
        return "nothing".to_owned();
    }
    let lines = counted.iter().map(|((to, level, target), (count, shown))| {
        let shown = match shown.len() {
            0 => String::new(),
            secrets => format!(" ({secrets} SECRETS)"),
        };
        format!("{to} {level} {target}: {count}{shown}")
    });
    lines.collect::<Vec<_>>().join("; ")
}

//! What rustup has to add before a step can run, and what to say when it cannot.

use std::time::Duration;

use crate::command::{Ended, Tool};
use crate::failure::Failure;

/// Long enough for a slow line; a line that is dead must not hold up everything else.
const DOWNLOAD_LIMIT: Duration = Duration::from_secs(300);

/// How an attempt to add something ended.
#[derive(Debug)]
pub(crate) enum Added {
    Yes,
    /// The servers could not be reached; the text is for a `NOT CHECKED` line.
    Unreachable(String),
}

/// Runs `rustup …` with a time limit and tells a dead network from everything else.
pub(crate) fn rustup(arguments: &str) -> Result<Added, Failure> {
    let tool = Tool::parse(&format!("rustup {arguments}"));
    if Tool::parse("rustup --version").capture().is_err() {
        return Err(Failure::new(format!(
            "this needs rustup (https://rustup.rs), which was not found; with it: {tool}"
        )));
    }
    match tool.run_within(DOWNLOAD_LIMIT)? {
        Ended::Success => Ok(Added::Yes),
        Ended::TimedOut => {
            let seconds = DOWNLOAD_LIMIT.as_secs();
            Ok(Added::Unreachable(format!("`{tool}` took longer than {seconds} seconds")))
        }
        Ended::Failed { output } if is_about_the_network(&output) => {
            Ok(Added::Unreachable(format!("`{tool}` could not reach the download server")))
        }
        Ended::Failed { .. } => Err(Failure::new(format!("`{tool}` failed, see above"))),
    }
}

/// Whether the text that a tool left behind blames the way to a server, and not what it found there.
pub(crate) fn is_about_the_network(output: &str) -> bool {
    const SIGNS: &[&str] = &[
        "could not download",
        "could not resolve",
        "couldn't resolve",
        "dns error",
        "failed to lookup address",
        "connection refused",
        "connection reset",
        "connect error",
        "could not connect",
        "couldn't connect",
        "network is unreachable",
        "failed to clone",
        "unable to access",
        "operation timed out",
        "timed out",
        "download failed",
    ];
    let output = output.to_lowercase();
    SIGNS.iter().any(|sign| output.contains(sign))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dead_network_is_told_from_a_wrong_request() {
        for text in [
            "error: could not download file from 'https://static.rust-lang.org/…'",
            "fatal: unable to access '…': Could not resolve host: github.com",
            "error: … : tcp connect error: Connection refused (os error 111)",
        ] {
            assert!(is_about_the_network(text), "{text}");
        }
        for text in [
            "error: toolchain '9.99.0' is not installable",
            "error: component 'rust-std' for target 'wasm64' is unavailable",
        ] {
            assert!(!is_about_the_network(text), "{text}");
        }
    }
}

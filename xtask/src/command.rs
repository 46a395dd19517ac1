//! One external command: shown as it would be typed, run, and its end told in words.

use std::fmt;
use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::failure::Failure;

/// A command with its arguments and the variables set for it alone.
#[derive(Debug, Clone)]
pub(crate) struct Tool {
    words: Vec<String>,
    variables: Vec<(String, String)>,
    dir: Option<PathBuf>,
}

/// What a command that was not shown has printed.
#[derive(Debug)]
pub(crate) struct Captured {
    pub(crate) success: bool,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// How a command with a time limit ended; `output` is what it printed on both streams.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Success,
    Failed { output: String },
    TimedOut,
}

impl Tool {
    /// Splits at white space; an argument that holds some is added with [`Tool::arg`].
    pub(crate) fn parse(line: &str) -> Self {
        let words = line.split_whitespace().map(str::to_owned).collect();
        Self { words, variables: Vec::new(), dir: None }
    }

    pub(crate) fn arg(mut self, arg: impl Into<String>) -> Self {
        self.words.push(arg.into());
        self
    }

    /// Adds words that are split at white space.
    pub(crate) fn args(mut self, line: &str) -> Self {
        self.words.extend(line.split_whitespace().map(str::to_owned));
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.variables.push((name.to_owned(), value.into()));
        self
    }

    pub(crate) fn dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.dir = Some(dir.into());
        self
    }

    /// Shows the command, runs it, and lets it write to our own streams.
    pub(crate) fn run(&self) -> Result<(), Failure> {
        println!("$ {self}");
        let status = self.spawn(Stdio::inherit(), Stdio::inherit())?.wait();
        self.finish(status)
    }

    /// Like [`Tool::run`]; every line of standard output is also given to `read`, as it comes.
    pub(crate) fn run_reading(&self, mut read: impl FnMut(&str)) -> Result<(), Failure> {
        println!("$ {self}");
        let mut child = self.spawn(Stdio::piped(), Stdio::inherit())?;
        if let Some(stdout) = child.stdout.take() {
            for_each_line(stdout, |line| {
                println!("{line}");
                read(line);
            });
        }
        let status = child.wait();
        self.finish(status)
    }

    /// Runs silently and hands back what was printed.
    pub(crate) fn capture(&self) -> Result<Captured, Failure> {
        let output = self
            .command()
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .output()
            .map_err(|error| self.not_started(&error))?;
        Ok(Captured {
            success: output.status.success(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }

    /// Shows the command and what it prints, and ends it when `limit` is over: for whatever asks the
    /// network, which may hang instead of failing.
    pub(crate) fn run_within(&self, limit: Duration) -> Result<Ended, Failure> {
        println!("$ {self}");
        let mut child = self.spawn(Stdio::piped(), Stdio::piped())?;
        let printed = Arc::new(Mutex::new(String::new()));
        let readers = [
            child.stdout.take().map(|stdout| echo(stdout, &printed)),
            child.stderr.take().map(|stderr| echo(stderr, &printed)),
        ];
        let started = Instant::now();
        let status = loop {
            if let Some(status) =
                child.try_wait().map_err(|error| Failure::caused(format!("`{self}`"), error))?
            {
                break status;
            }
            if started.elapsed() >= limit {
                // Its own children may still hold the pipes, so the readers are left to themselves.
                let _ = child.kill();
                let _ = child.wait();
                return Ok(Ended::TimedOut);
            }
            thread::sleep(Duration::from_millis(50));
        };
        for reader in readers.into_iter().flatten() {
            let _ = reader.join();
        }
        if status.success() {
            return Ok(Ended::Success);
        }
        let output = printed.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Ok(Ended::Failed { output })
    }

    fn command(&self) -> Command {
        let mut words = self.words.iter();
        let mut command = Command::new(words.next().map_or("", String::as_str));
        command.args(words).stdin(Stdio::null());
        // `cargo run` tells xtask about the package xtask. Build scripts that watch these variables
        // (ring's does) would run again for nothing, each time somebody changes between
        // `cargo xtask` and plain cargo.
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(is_about_this_package) {
                command.env_remove(name);
            }
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        if let Some(dir) = &self.dir {
            command.current_dir(dir);
        }
        command
    }

    fn spawn(&self, stdout: Stdio, stderr: Stdio) -> Result<Child, Failure> {
        // What was printed so far must not come after the command's own lines.
        let _ = std::io::stdout().flush();
        self.command()
            .stdout(stdout)
            .stderr(stderr)
            .spawn()
            .map_err(|error| self.not_started(&error))
    }

    fn not_started(&self, error: &std::io::Error) -> Failure {
        Failure::caused(format!("`{self}` could not be started"), error)
    }

    fn finish(&self, status: std::io::Result<std::process::ExitStatus>) -> Result<(), Failure> {
        match status {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(Failure::new(format!("`{self}` ended with {status}"))),
            Err(error) => Err(Failure::caused(format!("`{self}`"), error)),
        }
    }
}

/// As it would be typed in a shell.
impl fmt::Display for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in &self.variables {
            write!(f, "{name}={} ", quoted(value))?;
        }
        for (index, word) in self.words.iter().enumerate() {
            write!(f, "{}{}", if index == 0 { "" } else { " " }, quoted(word))?;
        }
        Ok(())
    }
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_=./,:+@%\\".contains(c);
    if !word.is_empty() && word.chars().all(plain) { word.to_owned() } else { format!("'{word}'") }
}

fn is_about_this_package(name: &str) -> bool {
    name.starts_with("CARGO_PKG_")
        || matches!(
            name,
            "CARGO"
                | "CARGO_BIN_NAME"
                | "CARGO_CRATE_NAME"
                | "CARGO_MANIFEST_DIR"
                | "CARGO_MANIFEST_PATH"
                | "CARGO_PRIMARY_PACKAGE"
        )
}

/// Bytes that are no UTF-8 are shown as replacement characters and never end the reading.
fn for_each_line(stream: impl Read, mut each: impl FnMut(&str)) {
    let mut stream = BufReader::new(stream);
    let mut line = Vec::new();
    while stream.read_until(b'\n', &mut line).is_ok_and(|n| n > 0) {
        each(String::from_utf8_lossy(&line).trim_end_matches(['\n', '\r']));
        line.clear();
    }
}

fn echo(
    stream: impl Read + Send + 'static,
    printed: &Arc<Mutex<String>>,
) -> thread::JoinHandle<()> {
    let printed = Arc::clone(printed);
    thread::spawn(move || {
        for_each_line(stream, |line| {
            println!("{line}");
            let mut printed = printed.lock().unwrap_or_else(PoisonError::into_inner);
            printed.push_str(line);
            printed.push('\n');
        });
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_as_it_would_be_typed() {
        let tool = Tool::parse("cargo doc --no-deps").env("RUSTDOCFLAGS", "-D warnings").arg("a b");
        assert_eq!(tool.to_string(), "RUSTDOCFLAGS='-D warnings' cargo doc --no-deps 'a b'");
    }

    #[test]
    fn a_failing_command_is_named_with_its_end() {
        let failure = Tool::parse("cargo no-such-command").run().unwrap_err().to_string();
        assert!(failure.contains("`cargo no-such-command` ended with"), "{failure}");
        let failure = Tool::parse("no-such-program-anywhere").run().unwrap_err().to_string();
        assert!(failure.contains("could not be started"), "{failure}");
    }

    #[test]
    fn output_is_read_line_by_line() {
        let mut lines = Vec::new();
        Tool::parse("cargo --version").run_reading(|line| lines.push(line.to_owned())).unwrap();
        assert_eq!(lines.len(), 1);
        assert!(lines[0].starts_with("cargo "), "{lines:?}");
    }

    #[test]
    fn bytes_that_are_no_text_do_not_end_the_reading() {
        let mut lines = Vec::new();
        for_each_line(&b"one\n\xff\r\nlast"[..], |line| {
            lines.push(line.to_owned());
        });
        assert_eq!(lines, ["one", "\u{fffd}", "last"]);
    }

    #[test]
    fn a_command_over_its_time_is_ended() {
        let tool = Tool::parse("cargo --list");
        assert_eq!(tool.run_within(Duration::ZERO).unwrap(), Ended::TimedOut);
        assert_eq!(tool.run_within(Duration::from_secs(60)).unwrap(), Ended::Success);
        let failed = Tool::parse("cargo no-such-command").run_within(Duration::from_secs(60));
        assert!(matches!(failed.unwrap(), Ended::Failed { output } if output.contains("no-such")));
    }

    #[test]
    fn the_variables_of_the_package_xtask_stay_here() {
        assert!(is_about_this_package("CARGO_PKG_VERSION_MAJOR"));
        assert!(is_about_this_package("CARGO_MANIFEST_DIR"));
        assert!(!is_about_this_package("CARGO_TARGET_DIR"));
        assert!(!is_about_this_package("CARGO_HOME"));
    }
}

//! Runs external commands: prints each one, then runs, reads, captures or limits it.

use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use xshell::Cmd;

/// How a command with a time limit ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Success,
    /// With everything that it printed.
    Failed(String),
    TimedOut,
}

/// Runs the command; it writes to our own streams.
pub(crate) fn run(cmd: Cmd<'_>) -> Result<()> {
    let (shown, mut command) = prepare(cmd);
    println!("$ {shown}");
    finish(&shown, spawn(&shown, &mut command)?)
}

/// Runs the command, shows it and its errors, and returns its standard output.
pub(crate) fn read_shown(cmd: Cmd<'_>) -> Result<String> {
    let (shown, mut command) = prepare(cmd);
    println!("$ {shown}");
    let child = spawn(&shown, command.stdout(Stdio::piped()))?;
    let output = child.wait_with_output().with_context(|| format!("`{shown}`"))?;
    ensure!(output.status.success(), "`{shown}` ended with {}", output.status);
    Ok(text(&output.stdout))
}

/// Runs prepared commands, some of them at once, and passes each line that they print to `read`.
///
/// Prints each command when it begins, and again with its output when it ends. If some fail, the
/// others run too, and the error names those that failed.
pub(crate) fn run_side_by_side(
    commands: Vec<(String, Command)>,
    at_once: usize,
    mut read: impl FnMut(&str),
) -> Result<()> {
    let queue = Mutex::new(commands.into_iter());
    let (send, receive) = mpsc::channel();
    let mut failed = Vec::new();
    thread::scope(|scope| {
        for _ in 0..at_once {
            let (send, queue) = (send.clone(), &queue);
            scope.spawn(move || {
                let next = || queue.lock().ok()?.next();
                while let Some((shown, mut command)) = next() {
                    let begun = Instant::now();
                    let _ = send.send((shown.clone(), None));
                    let output = command.output();
                    let _ = send.send((shown, Some((begun.elapsed(), output))));
                }
            });
        }
        drop(send);
        // The channel ends with the last of the threads.
        for (shown, ended) in receive {
            let Some((time, output)) = ended else {
                println!("$ {shown}");
                continue;
            };
            println!("\n-- after {:.1} s: {shown}", time.as_secs_f64());
            let problem = match output {
                Ok(output) => {
                    for stream in [&output.stdout, &output.stderr] {
                        for_each_line(&stream[..], |line| {
                            println!("{line}");
                            read(line);
                        });
                    }
                    (!output.status.success())
                        .then(|| format!("`{shown}` ended with {}", output.status))
                }
                Err(error) => Some(format!("cannot start `{shown}`: {error}")),
            };
            if let Some(problem) = problem {
                println!("error: {problem}");
                failed.push(problem);
            }
        }
    });
    ensure!(failed.is_empty(), "{}", failed.join("; "));
    Ok(())
}

/// Runs the command and passes each line of its standard output to `read` as it comes.
pub(crate) fn run_reading(cmd: Cmd<'_>, mut read: impl FnMut(&str)) -> Result<()> {
    let (shown, mut command) = prepare(cmd);
    println!("$ {shown}");
    let mut child = spawn(&shown, command.stdout(Stdio::piped()))?;
    if let Some(stdout) = child.stdout.take() {
        for_each_line(stdout, |line| {
            println!("{line}");
            read(line);
        });
    }
    finish(&shown, child)
}

/// Runs the command without showing it.
pub(crate) fn capture(cmd: Cmd<'_>) -> Result<Output> {
    let (shown, mut command) = prepare(cmd);
    command.output().with_context(|| format!("cannot start `{shown}`"))
}

/// Returns the standard output of a command that must succeed.
pub(crate) fn read(cmd: Cmd<'_>) -> Result<String> {
    let shown = cmd.to_string();
    let output = capture(cmd)?;
    ensure!(output.status.success(), "`{shown}` failed: {}", text(&output.stderr).trim());
    Ok(text(&output.stdout))
}

/// Runs a command that uses the network, and kills it after `limit`, since it may hang.
pub(crate) fn run_within(cmd: Cmd<'_>, limit: Duration) -> Result<Ended> {
    let (shown, mut command) = prepare(cmd);
    println!("$ {shown}");
    let mut child = spawn(&shown, command.stdout(Stdio::piped()).stderr(Stdio::piped()))?;
    let (send, receive) = mpsc::channel();
    for stream in [
        child.stdout.take().map(|stream| Box::new(stream) as Box<dyn Read + Send>),
        child.stderr.take().map(|stream| Box::new(stream) as Box<dyn Read + Send>),
    ] {
        let send = send.clone();
        thread::spawn(move || {
            let Some(stream) = stream else { return };
            for_each_line(stream, |line| {
                println!("{line}");
                let _ = send.send(line.to_owned());
            });
        });
    }
    drop(send);
    let deadline = Instant::now() + limit;
    let mut printed = String::new();
    // The channel ends when both streams are closed.
    loop {
        match receive.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(line) => printed.extend([line.as_str(), "\n"]),
            Err(mpsc::RecvTimeoutError::Disconnected) => break,
            Err(mpsc::RecvTimeoutError::Timeout) => {
                let _ = child.kill();
                let _ = child.wait();
                return Ok(Ended::TimedOut);
            }
        }
    }
    let status = child.wait().with_context(|| format!("`{shown}`"))?;
    Ok(if status.success() { Ended::Success } else { Ended::Failed(printed) })
}

/// Text that may hold bytes that are not UTF-8.
pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Returns the command as it would be typed, variables included, and the command itself.
pub(crate) fn prepare(cmd: Cmd<'_>) -> (String, Command) {
    let line = cmd.to_string();
    let mut command = Command::from(cmd);
    let variables: String = command
        .get_envs()
        .filter_map(|(name, value)| Some(format!("{}={:?} ", name.to_str()?, value?.to_str()?)))
        .collect();
    // `cargo run` describes the package xtask in variables. Build scripts that watch them (ring's
    // does) would run again whenever `cargo xtask` and plain cargo alternate.
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(describes_this_package) {
            command.env_remove(name);
        }
    }
    command.stdin(Stdio::null());
    (variables + &line, command)
}

fn describes_this_package(name: &str) -> bool {
    const NAMES: [&str; 6] = [
        "CARGO",
        "CARGO_BIN_NAME",
        "CARGO_CRATE_NAME",
        "CARGO_MANIFEST_DIR",
        "CARGO_MANIFEST_PATH",
        "CARGO_PRIMARY_PACKAGE",
    ];
    name.starts_with("CARGO_PKG_") || NAMES.contains(&name)
}

fn spawn(shown: &str, command: &mut Command) -> Result<Child> {
    // What was printed so far must come before the command's own lines.
    let _ = std::io::stdout().flush();
    command.spawn().with_context(|| format!("cannot start `{shown}`"))
}

fn finish(shown: &str, mut child: Child) -> Result<()> {
    let status = child.wait().with_context(|| format!("`{shown}`"))?;
    ensure!(status.success(), "`{shown}` ended with {status}");
    Ok(())
}

fn for_each_line(stream: impl Read, mut each: impl FnMut(&str)) {
    let mut stream = BufReader::new(stream);
    let mut line = Vec::new();
    while stream.read_until(b'\n', &mut line).is_ok_and(|n| n > 0) {
        each(String::from_utf8_lossy(&line).trim_end_matches(['\n', '\r']));
        line.clear();
    }
}

#[cfg(test)]
mod tests {
    use xshell::{Shell, cmd};

    use super::*;

    #[test]
    fn a_command_is_shown_with_its_variables() {
        let sh = Shell::new().unwrap();
        let (shown, command) =
            prepare(cmd!(sh, "cargo doc --no-deps").env("RUSTDOCFLAGS", "-D warnings"));
        assert_eq!(shown, "RUSTDOCFLAGS=\"-D warnings\" cargo doc --no-deps");
        let removed =
            |name: &str| command.get_envs().any(|(n, value)| n == name && value.is_none());
        assert!(removed("CARGO_MANIFEST_DIR") && !removed("CARGO_HOME"));
    }

    #[test]
    fn a_failed_command_is_named() {
        let sh = Shell::new().unwrap();
        let failure = run(cmd!(sh, "cargo no-such-command")).unwrap_err().to_string();
        assert!(failure.contains("`cargo no-such-command` ended with"), "{failure}");
        let failure = run(cmd!(sh, "no-such-program-anywhere")).unwrap_err().to_string();
        assert!(failure.contains("cannot start"), "{failure}");
    }

    #[test]
    fn bytes_that_are_not_utf8_do_not_end_the_reading() {
        let mut lines = Vec::new();
        for_each_line(&b"one\n\xff\r\nlast"[..], |line| lines.push(line.to_owned()));
        assert_eq!(lines, ["one", "\u{fffd}", "last"]);
    }

    #[test]
    fn a_command_is_killed_after_its_limit() {
        let sh = Shell::new().unwrap();
        let minute = Duration::from_secs(60);
        assert_eq!(run_within(cmd!(sh, "sleep 30"), Duration::ZERO).unwrap(), Ended::TimedOut);
        assert_eq!(run_within(cmd!(sh, "cargo --version"), minute).unwrap(), Ended::Success);
        let failed = run_within(cmd!(sh, "cargo no-such-command"), minute).unwrap();
        assert!(matches!(failed, Ended::Failed(output) if output.contains("no-such")));
    }
}

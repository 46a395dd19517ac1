//! Lines on standard output and standard error.
//!
//! `println!` panics if a reader such as `head` has closed the pipe; these functions do not.

use std::fmt;
use std::io::{self, IsTerminal as _, Write};

use clap::ValueEnum as _;

use crate::args::Format;
use crate::failure::Failure;
use crate::progress;
use crate::source::Origin;

/// An error of writing to standard output.
pub(crate) struct WriteError(pub(crate) io::Error);

/// Writes a line to standard output, at once: nobody sees a part of it.
pub(crate) fn line(text: impl fmt::Display) -> Result<(), WriteError> {
    let line = format!("{text}\n");
    progress::hidden_while(|| write(line.as_bytes())).map_err(WriteError)
}

/// Writes to the descriptor of standard output.
///
/// The standard library's own type hides the error of one that is open for reading alone. A pipe or
/// terminal that another program made non-blocking is full for a while, which is no error either.
#[cfg(unix)]
fn write(mut bytes: &[u8]) -> io::Result<()> {
    use rustix::event::{PollFd, PollFlags, poll};
    use rustix::io::Errno;

    let stdout = io::stdout().lock();
    while !bytes.is_empty() {
        match rustix::io::write(&stdout, bytes) {
            Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => _ = poll(&mut [PollFd::new(&stdout, PollFlags::OUT)], None),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

#[cfg(not(unix))]
fn write(bytes: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(bytes).and_then(|()| stdout.flush())
}

/// Refuses a format that only a token has, for a command whose output is none.
///
/// As an option it is refused already; a variable or a profile is for every command.
pub(crate) fn require_format(
    format: Format,
    origin: &Origin,
    command: &str,
) -> Result<(), Failure> {
    if Format::REPORT.contains(&format) {
        return Ok(());
    }
    let name = format.to_possible_value().map(|it| it.get_name().to_owned());
    Err(Failure::invalid_input(format!(
        "--format ({origin}): {command} has no {}; write text or json",
        name.unwrap_or_default(),
    )))
}

/// Whether standard output is a terminal that shows colours, and nobody has turned them off.
pub(crate) fn has_colours() -> bool {
    let is_unset = |name| std::env::var_os(name).is_none_or(|value| value.is_empty());
    let is_dumb = std::env::var_os("TERM").is_none_or(|it| it == "dumb");
    io::stdout().is_terminal() && is_unset("NO_COLOR") && !is_dumb
}

/// Whether people read standard error.
pub(crate) fn is_for_people() -> bool {
    io::stderr().is_terminal()
}

/// Writes a warning to standard error, also with `--quiet` if a setting is wrong.
pub(crate) fn warning(format: Format, kind: &str, message: &str) {
    if format == Format::Json {
        note(serde_json::json!({ "warning": { "kind": kind, "message": message } }));
    } else {
        note(format_args!("easemob-token: warning: {message}"));
    }
}

/// Writes a line to standard error, at once; a failure to do so is ignored.
pub(crate) fn note(text: impl fmt::Display) {
    let line = format!("{text}\n");
    let _ = progress::hidden_while(|| io::stderr().write_all(line.as_bytes()));
}

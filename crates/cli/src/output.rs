//! Lines on standard output and standard error.
//!
//! `println!` panics if a reader such as `head` has closed the pipe; these functions do not.

use std::fmt;
use std::io::{self, IsTerminal as _, Write};

use clap::ValueEnum as _;

use crate::args::Format;
use crate::failure::Failure;
use crate::progress;

/// An error of writing to standard output.
pub(crate) struct WriteError(pub(crate) io::Error);

/// Writes a line to standard output, at once: nobody sees a part of it.
pub(crate) fn line(text: impl fmt::Display) -> Result<(), WriteError> {
    let line = format!("{text}\n");
    let mut stdout = io::stdout().lock();
    progress::hidden_while(|| stdout.write_all(line.as_bytes()).and_then(|()| stdout.flush()))
        .map_err(WriteError)
}

/// Refuses a standard output that was closed before the process started: the result would be lost.
#[cfg(target_os = "linux")]
pub(crate) fn check_is_open() -> Result<(), WriteError> {
    use rustix::fs::{OFlags, fcntl_getfl, fstat, stat};

    // The standard library has opened the null device there, for reading and writing. A shell and
    // most programs open it for writing alone.
    let is_for_both = |flags: OFlags| flags & OFlags::RWMODE == OFlags::RDWR;
    let same = |(one, other): (rustix::fs::Stat, rustix::fs::Stat)| {
        (one.st_dev, one.st_ino) == (other.st_dev, other.st_ino)
    };
    let stdout = io::stdout();
    let found = fcntl_getfl(&stdout).is_ok_and(is_for_both)
        && fstat(&stdout).and_then(|one| Ok((one, stat("/dev/null")?))).is_ok_and(same);
    if found {
        return Err(WriteError(io::Error::other(
            "it is closed, or the null device opened for reading too; open it, or write to a file \
             with --out",
        )));
    }
    Ok(())
}

/// Does nothing: elsewhere it cannot be found out.
#[cfg(not(target_os = "linux"))]
#[expect(clippy::unnecessary_wraps, reason = "on Linux it can fail")]
pub(crate) fn check_is_open() -> Result<(), WriteError> {
    Ok(())
}

/// Refuses a format that only a token has, for a command whose output is none.
///
/// As an option it is refused already; a variable or a profile is for every command.
pub(crate) fn require_format(format: Format, command: &str) -> Result<(), Failure> {
    if Format::REPORT.contains(&format) {
        return Ok(());
    }
    let name = format.to_possible_value().map(|it| it.get_name().to_owned());
    Err(Failure::invalid_input(format!(
        "--format (EASEMOB_FORMAT): {command} has no {}; write text or json",
        name.unwrap_or_default(),
    )))
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

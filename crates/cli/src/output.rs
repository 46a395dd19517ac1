//! Lines on standard output and standard error.
//!
//! `println!` panics if a reader such as `head` has closed the pipe; these functions do not.

use std::fmt;
use std::io::{self, Write};

use crate::args::Format;

/// An error of writing to standard output.
pub(crate) struct WriteError(pub(crate) io::Error);

/// Writes a line to standard output.
pub(crate) fn line(text: impl fmt::Display) -> Result<(), WriteError> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{text}").and_then(|()| stdout.flush()).map_err(WriteError)
}

/// Writes a warning to standard error, also with `--quiet` if a setting is wrong.
pub(crate) fn warning(format: Format, kind: &str, message: &str) {
    match format {
        Format::Text => note(format_args!("easemob-token: warning: {message}")),
        Format::Json => {
            note(serde_json::json!({ "warning": { "kind": kind, "message": message } }));
        }
    }
}

/// Writes a line to standard error; a failure to do so is ignored.
pub(crate) fn note(text: impl fmt::Display) {
    let _ = writeln!(io::stderr(), "{text}");
}

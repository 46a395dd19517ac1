//! Lines to standard output and standard error, where the other end may be gone.
//!
//! `println!` panics when a reader such as `head` has closed the pipe; these do not.

use std::fmt;
use std::io::{ErrorKind, Write};

use crate::args::{Format, Options};
use crate::failure::Failure;

/// A line on standard output.
pub(crate) fn line(text: impl fmt::Display) -> Result<(), Failure> {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{text}").and_then(|()| stdout.flush()).map_err(|error| {
        if error.kind() == ErrorKind::BrokenPipe {
            Failure::reader_gone()
        } else {
            Failure::internal(format!("cannot write to standard output: {error}"))
        }
    })
}

/// A warning on standard error, also where quiet was asked for: it says that something is set
/// wrongly, and chatter does not.
pub(crate) fn warning(options: &Options, kind: &str, message: &str) {
    match options.format {
        Format::Text => note(format_args!("easemob-token: warning: {message}")),
        Format::Json => {
            note(serde_json::json!({ "warning": { "kind": kind, "message": message } }));
        }
    }
}

/// A line on standard error. There is nobody to tell that it could not be written.
pub(crate) fn note(text: impl fmt::Display) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

//! Lines to standard output and standard error, where the other end may be gone.
//!
//! `println!` panics when a reader such as `head` has closed the pipe; these do not.

use std::fmt;
use std::io::{ErrorKind, Write};

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

/// A line on standard error. There is nobody to tell that it could not be written.
pub(crate) fn note(text: impl fmt::Display) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

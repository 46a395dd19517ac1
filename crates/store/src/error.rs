//! The error of a store's operation.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;

/// The reason why an operation of a store failed.
///
/// The set is closed on purpose, so that callers handle every case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StoreErrorKind {
    /// The store cannot be reached. Nothing was written.
    Unreachable,
    /// No answer within the time limit. The record may have been written.
    Timeout,
    /// The store refuses: login, rights, no space, read-only, a value of another type. Nothing was
    /// written, and a repetition does not help before somebody changes that.
    Refused,
    /// The store's answer makes no sense. Nothing was written.
    Broken,
}

impl StoreErrorKind {
    fn phrase(self) -> &'static str {
        match self {
            Self::Unreachable => "the store cannot be reached",
            Self::Timeout => "the store did not answer in time",
            Self::Refused => "the store refused",
            Self::Broken => "the store's answer makes no sense",
        }
    }
}

/// A failed operation of a store: its kind and a phrase about the cause.
///
/// It keeps no other error, because the error of a store's library can quote a password or a record.
#[derive(Clone, Debug)]
pub struct StoreError {
    kind: StoreErrorKind,
    cause: Cow<'static, str>,
}

impl StoreError {
    /// Creates an error with a phrase about the cause, which must contain no secret and no record.
    pub fn new(kind: StoreErrorKind, cause: impl Into<Cow<'static, str>>) -> Self {
        Self { kind, cause: cause.into() }
    }

    /// The kind of failure.
    #[must_use]
    pub fn kind(&self) -> StoreErrorKind {
        self.kind
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.phrase())?;
        if self.cause.is_empty() { Ok(()) } else { write!(f, ": {}", self.cause) }
    }
}

impl Error for StoreError {}

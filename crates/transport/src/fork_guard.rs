//! A guard against the use of a value in a child of a fork.

use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::{TransportError, TransportErrorKind};

/// Remembers the process that used a value first, and refuses every other one.
///
/// A child of a fork shares the sockets of its parent, so both would read from one connection. It has
/// none of the parent's threads, so it would wait for them for ever. The process that builds the value
/// does not count: a daemon forks between building and using it.
///
/// ```
/// use easemob_token_transport::ForkGuard;
///
/// let guard = ForkGuard::default();
/// // At the beginning of every call:
/// guard.check()?;
/// # Ok::<(), easemob_token_transport::TransportError>(())
/// ```
// The number of the process, 0 before the first use.
#[derive(Debug, Default)]
pub struct ForkGuard(pub(crate) AtomicU32);

impl ForkGuard {
    /// A guard whose first user is the process with this ID.
    ///
    /// For what cannot survive a fork even before its first use, such as a library's client with
    /// threads, and for tests of a child.
    #[must_use]
    pub fn first_used_by(process_id: u32) -> Self {
        Self(process_id.into())
    }

    /// Checks that the calling process is the first one that called this.
    ///
    /// # Errors
    ///
    /// [`Internal`](TransportErrorKind::Internal) in another process.
    pub fn check(&self) -> Result<(), TransportError> {
        let own = process::id();
        match self.0.compare_exchange(0, own, Ordering::Relaxed, Ordering::Relaxed) {
            Ok(_) => Ok(()),
            Err(first) if first == own => Ok(()),
            Err(_) => Err(TransportError::with_source(
                TransportErrorKind::Internal,
                "it was in use before the process forked: make a new one in the child",
            )),
        }
    }

    /// Remembers the calling process if it is the first, without a system call otherwise.
    pub(crate) fn remember(&self) {
        if self.0.load(Ordering::Relaxed) == 0 {
            let _ = self.check();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_process_that_came_first_may_go_on() {
        let guard = ForkGuard::default();
        assert!(guard.check().is_ok() && guard.check().is_ok());
        let parents = ForkGuard::first_used_by(process::id().wrapping_add(1));
        assert_eq!(parents.check().unwrap_err().kind(), TransportErrorKind::Internal);
    }
}

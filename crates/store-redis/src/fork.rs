//! A guard against the use of a connection in a child of a fork.

use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

use easemob_token_store::{StoreError, StoreErrorKind};

/// Remembers the process that used a store first, and refuses every other one.
///
/// A child has the socket of its parent, but not the thread that serves it.
#[derive(Debug, Default)]
pub(crate) struct ForkGuard(AtomicU32);

impl ForkGuard {
    /// Checks that the calling process is the first one that called this.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        if self.is_foreign(process::id()) {
            let cause = "it was in use before the process forked: make a new store in the child";
            return Err(StoreError::new(StoreErrorKind::Unreachable, cause));
        }
        Ok(())
    }

    /// Whether another process than this one was first.
    fn is_foreign(&self, own: u32) -> bool {
        let first = self.0.compare_exchange(0, own, Ordering::Relaxed, Ordering::Relaxed);
        first.is_err_and(|first| first != own)
    }

    /// Whether the calling process is a child of the one that used the store.
    pub(crate) fn is_in_child(&self) -> bool {
        let first = self.0.load(Ordering::Relaxed);
        first != 0 && first != process::id()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_process_that_came_first_may_go_on() {
        let guard = ForkGuard::default();
        assert!(!guard.is_in_child());
        assert!(guard.check().is_ok() && guard.check().is_ok());
        assert!(guard.is_foreign(process::id().wrapping_add(1)));
        let parents = ForkGuard(process::id().wrapping_add(1).into());
        assert!(parents.is_in_child());
        assert_eq!(parents.check().unwrap_err().kind(), StoreErrorKind::Unreachable);
    }
}

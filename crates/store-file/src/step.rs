//! The steps of a write, at which a test ends or stops the process.

/// Marks a step; outside of tests it does nothing.
#[cfg(not(all(test, unix)))]
pub(crate) fn reached(_: &str) {}

#[cfg(all(test, unix))]
pub(crate) use crate::tests::reached;

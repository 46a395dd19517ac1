//! Steps of a process that shares a rate, and what came of them.

use std::time::Duration;

use crate::policy::Uptime;

/// The next step of a process that shares a rate.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
// Complete: a driver must do all of it.
pub enum RateStep {
    /// Nothing: no caller waits for a slot that is not booked.
    Idle,
    /// Do nothing until this time.
    WaitUntil(Uptime),
    /// Read the clock record.
    ReadClock,
    /// Replace the clock record that was read last, or write the first one.
    SwapClock {
        /// The plaintext.
        record: Vec<u8>,
        /// How long the store keeps it.
        keep: Duration,
    },
    /// Read the record of the rate.
    Read,
    /// Replace the record of the rate that was read or written last.
    Swap {
        /// The plaintext.
        record: Vec<u8>,
        /// How long the store keeps it.
        keep: Duration,
    },
}

/// The end of a step that used the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
// Complete: what an operation of a store can end with.
pub enum RateAnswer<'a> {
    /// The record that was read, and what is left of its time; `None` if there is none that opens.
    Record(Option<(&'a [u8], Option<Duration>)>),
    /// The record was replaced.
    Done,
    /// Another record is there; nothing was written.
    Changed,
    /// The store failed. `is_unknown`: it may have written.
    Failed {
        /// Whether the operation may have been carried out.
        is_unknown: bool,
    },
}

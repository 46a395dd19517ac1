//! Steps of an acquisition in a fleet, and the events that lead from one to the next.

use std::fmt;
use std::time::Duration;

use super::FleetRecord;
use crate::policy::Uptime;
use crate::response::ResponseError;
use crate::token::{AccessToken, AppToken};

/// Facts with which an acquisition starts.
#[derive(Clone, Debug)]
pub struct FleetStart {
    /// A random number of 128 bits, drawn for this acquisition.
    pub owner: u128,
    /// The token that the process holds, if it is usable. Then no caller has to wait.
    pub held: Option<AccessToken>,
    /// The token that this process reported as refused and wants replaced, whether it holds it still
    /// ([`TokenState::is_reported`](crate::TokenState::is_reported)) or removed it.
    ///
    /// If it is still held, callers wait for its replacement, and the fleet has a budget for those: two at
    /// once, then one a minute.
    pub reported: Option<AccessToken>,
    /// Time limit of one request. Others wait two seconds longer before they send one.
    pub request_timeout: Duration,
    /// The end of the acquisition: no step waits longer.
    pub deadline: Uptime,
}

/// Kind of trouble with a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
// Complete: these are the kinds of the store port.
pub enum FleetTrouble {
    /// It cannot be reached; nothing was done.
    Unreachable,
    /// It did not answer in time; a swap may have been done.
    Timeout,
    /// It refuses the operation: rights, memory, a wrong type.
    Refused,
    /// Its answer makes no sense, or it failed in another way.
    Broken,
}

/// Result of the last [`FleetStep`].
#[derive(Clone, Copy, Debug)]
// Complete: each step has these results.
pub enum FleetEvent<'a> {
    /// [`FleetStep::Read`]: the record that is there.
    Read {
        /// The record, [empty](FleetRecord::EMPTY) if there is none or it cannot be opened.
        record: &'a FleetRecord,
        /// What is left of its time by the store's clock, if the store can tell.
        left: Option<Duration>,
    },
    /// [`FleetStep::Swap`]: the record was replaced.
    Swapped,
    /// [`FleetStep::Swap`]: another record was there.
    Changed,
    /// [`FleetStep::Read`] or [`FleetStep::Swap`]: the store failed.
    Trouble(FleetTrouble),
    /// [`FleetStep::Fetch`]: the service issued this token just now.
    Fetched(&'a AppToken),
    /// [`FleetStep::Fetch`]: no token, with a response or without one.
    Failed(Option<&'a ResponseError>),
    /// [`FleetStep::Failed`]: the caller's [`Retry`](crate::Retry) says to send once more, now.
    Retry,
}

/// Next step of an acquisition.
///
/// The steps up to `Fetch` are reported back by an event. The others end the acquisition.
#[derive(Clone)]
#[must_use]
// Complete: a caller has one reaction to each.
pub enum FleetStep {
    /// Read the record.
    Read,
    /// Read the record at this time.
    ReadAt(Uptime),
    /// Replace the record that this run read last, or wrote last, by this one.
    ///
    /// What is replaced are the bytes in the store, even if they could not be opened; nothing if there was
    /// no record.
    Swap {
        /// The new record.
        record: FleetRecord,
        /// The time for which the store keeps it.
        keep: Duration,
    },
    /// Send one request. The lease is this run's.
    Fetch,
    /// End: use this token, which another process fetched.
    Adopt {
        /// The token; its time of receipt is on this process's wall clock.
        token: AppToken,
        /// The time since another process received it.
        age: Duration,
    },
    /// End: use the token that was fetched.
    UseFetched,
    /// End: the failure of the last request is the result. [`FleetEvent::Retry`] goes on.
    Failed,
    /// End: keep the token that the process holds, and look again after this time
    /// ([`TokenState::deferred`](crate::TokenState::deferred)).
    Keep(Duration),
    /// End: the fleet sends nothing now, so callers get this error
    /// ([`TokenState::rested`](crate::TokenState::rested)).
    Rest(FleetRest),
    /// End: other processes had the lease until the deadline.
    DeadlineExceeded,
    /// End: fetch without the store, by the limits of this process, and do not write the result.
    FetchAlone(FleetTrouble),
}

/// Time in which the fleet sends no request, and why.
#[derive(Clone, Debug)]
pub struct FleetRest {
    /// The failure that another process met, with `Retry-After`.
    ///
    /// `None` if the service could not be reached, or too many requests were sent.
    pub error: Option<ResponseError>,
    /// Whether the limit of ten requests a minute is the reason.
    pub is_too_often: bool,
    /// When to look again, at the earliest.
    pub retry_after: Duration,
}

impl fmt::Debug for FleetStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read => f.write_str("Read"),
            Self::ReadAt(time) => f.debug_tuple("ReadAt").field(time).finish(),
            Self::Swap { record, keep } => {
                f.debug_struct("Swap").field("record", record).field("keep", keep).finish()
            }
            Self::Fetch => f.write_str("Fetch"),
            Self::Adopt { age, .. } => {
                f.debug_struct("Adopt").field("age", age).finish_non_exhaustive()
            }
            Self::UseFetched => f.write_str("UseFetched"),
            Self::Failed => f.write_str("Failed"),
            Self::Keep(pause) => f.debug_tuple("Keep").field(pause).finish(),
            Self::Rest(rest) => f.debug_tuple("Rest").field(rest).finish(),
            Self::DeadlineExceeded => f.write_str("DeadlineExceeded"),
            Self::FetchAlone(trouble) => f.debug_tuple("FetchAlone").field(trouble).finish(),
        }
    }
}

//! The single flight of the app token, small enough for a model checker to run thousands of schedules.
//!
//! Not published; its tests are what it is for. [`Cache`] drives the core's
//! [`Slot`](easemob_token_core::Slot) under a lock as the facade's `app_token.rs` does: a look at the
//! kept token without the lock, a decision under it, an acquisition that runs as a task of its own,
//! an event for those who wait. Locks, tasks and chance are shuttle's, time is the test's, and the
//! service is [`Service`], which watches that it is asked by one at a time.
//!
//! What changes in the facade's order of steps changes here too.

mod cache;
mod clock;
mod event;
mod service;
mod swap;

pub use cache::{Cache, Failed, Token};
pub use clock::Clock;
pub use service::Service;

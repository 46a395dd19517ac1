//! Tests of the emulator over real sockets.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "the setup of a test may panic like the test itself"
)]

mod apps;
mod authorization;
mod browser;
mod client;
mod control;
mod faults;
mod forms;
mod grants;
mod holding;
mod lifetimes;
mod recording;
mod refusals;
mod running;
mod token_layout;
mod users;

//! The emulator from outside: plain HTTP over real sockets.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what a test sets up with may panic as well as the test itself"
)]

mod authorization;
mod client;
mod faults;
mod grants;
mod holding;
mod lifetimes;
mod recording;
mod refusals;
mod running;
mod token_layout;

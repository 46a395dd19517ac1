//! The suite itself: it certifies a transport that is right, and finds each fault of one that is not.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails where it stands; the allowance for tests leaves out their functions"
)]

mod bad_adapter;
mod faults;
mod server;
mod subprocess;

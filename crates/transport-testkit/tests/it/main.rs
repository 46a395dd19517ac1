//! Tests of the suite: it certifies a correct adapter, and finds each fault of a bad one.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a panic fails the test; clippy's allowance does not cover helper functions"
)]

mod bad_adapter;
mod faults;
mod server;
mod subprocess;

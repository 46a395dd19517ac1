//! The suite itself: it certifies a transport that is right, and finds each sin of one that is not.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails where it stands; the allowance for tests leaves out their functions"
)]

mod server;
mod sinner;
mod sins;

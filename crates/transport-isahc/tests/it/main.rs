//! The contract of the port over real sockets: one module for each part of it.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a script that cannot be played is a failed test"
)]

mod broken;
mod client_certificates;
mod concurrency;
mod descriptors;
mod limits;
mod loopback;
mod mute_logs;
mod once;
mod proxy;
mod refused;
mod response;
mod runtime;
mod server;
mod time;
mod tls;
mod trust;

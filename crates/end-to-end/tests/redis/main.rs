//! The Redis store with real servers: the port's suite, refusals, hangs, TLS, Sentinel, Cluster.
//!
//! `cargo xtask ci servers` runs this; by hand: `cargo test -p easemob-token-end-to-end --test redis`.
//! All traffic stays on this machine.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod conformance;
mod failures;
mod fleet;
mod server;
mod several;
mod tls;

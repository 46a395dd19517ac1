//! Both adapters through proxies that other people wrote, tinyproxy and squid: a tunnel with the
//! right credentials and nothing else, and none unless asked.
//!
//! `cargo xtask ci servers` runs this, with both; by hand:
//! `cargo test -p easemob-token-end-to-end --test proxies`. All traffic stays on this machine.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod adapters;
mod environment;
mod proxy;
mod target;
mod tunnels;

//! Both adapters through tinyproxy and squid: a tunnel with valid credentials and only if enabled.
//!
//! `cargo xtask ci servers` runs this; by hand:
//! `cargo test -p easemob-token-end-to-end --test proxies`. All traffic stays on this machine.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod environment;
mod proxy;
mod target;
mod tunnels;

use std::time::Duration;

use easemob_token::transport::bytes::Bytes;
use easemob_token::transport::http::{Request, Response};
use easemob_token::transport::{Exchange, Transport, TransportError};
use tokio::runtime::Builder;

/// A secret in every call, which no proxy may see.
const SECRET: &str = "Bearer YWMt-the-token";

/// Sends one request with a secret in it, on its own runtime and hence its own connection.
fn call(transport: &dyn Transport, url: &str) -> Result<Response<Bytes>, TransportError> {
    let request = Request::post(url)
        .header("authorization", SECRET)
        .header("content-type", "application/json")
        .body(Bytes::from_static(b"{\"grant_type\":\"inherit\"}"))
        .unwrap();
    let exchange = Exchange::new(request).with_timeout(Duration::from_secs(10)).allow_plain_http();
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(transport.send(exchange))
}

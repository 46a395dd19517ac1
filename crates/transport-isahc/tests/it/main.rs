//! Tests of what only `IsahcTransport` has; the conformance suite tests the contract of the port.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails where it stands; the allowance for tests leaves out their functions"
)]

mod client_certificates;
mod descriptors;
mod exchange_limit;
mod foreign_client;
mod leftovers;
mod mute_logs;
mod requests;
mod roots;
mod settings;
// The same tests for each adapter over rustls.
#[path = "../../../transport-testkit/shared/trust.rs"]
mod trust;

use std::time::Duration;

use bytes::Bytes;
use easemob_token_transport::{Exchange, Transport, TransportError, TransportErrorKind};
use easemob_token_transport_testkit::{LOOPBACK, ScriptedServer};
use futures_lite::future::block_on;
use http::{Request, Response};

/// A limit that only a failing test reaches.
const AMPLE: Duration = Duration::from_secs(10);

const BODY: &str = "{\"a\":1}";

/// A POST with a small body to this server.
fn post(server: &ScriptedServer) -> Exchange {
    post_to(&server.url("http", LOOPBACK))
}

fn post_to(url: &str) -> Exchange {
    Exchange::new(Request::post(url).body(BODY).unwrap())
}

fn send(transport: &dyn Transport, exchange: Exchange) -> Result<Response<Bytes>, TransportError> {
    block_on(transport.send(exchange))
}

#[track_caller]
fn kind(result: Result<Response<Bytes>, TransportError>) -> TransportErrorKind {
    result.expect_err("a response came").kind()
}

/// What the shared tests call.
mod adapter {
    use easemob_token_transport::TransportError;
    pub(crate) use easemob_token_transport_isahc::IsahcTransport as Adapter;

    /// A transport that opens a connection for each exchange, as this one always does.
    pub(crate) fn unpooled() -> Adapter {
        Adapter::new()
    }

    pub(crate) fn send(transport: &Adapter, url: &str) -> Result<(), TransportError> {
        super::send(transport, super::post_to(url)).map(drop)
    }
}

//! Tests of what only `HyperTransport` has; the conformance suite tests the contract of the port.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails where it stands; the allowance for tests leaves out their functions"
)]

mod client_certificates;
mod connections;
mod exchange_limit;
mod foreign_client;
mod roots;
mod runtimes;
mod settings;
// The same tests for each adapter over rustls.
#[path = "../../../transport-testkit/shared/trust.rs"]
mod trust;

use std::time::Duration;

use bytes::Bytes;
use easemob_token_transport::{Exchange, TransportError, TransportErrorKind};
use easemob_token_transport_testkit::{LOOPBACK, ScriptedServer};
use http::{Request, Response};
use tokio::runtime::{Builder, Runtime};

const BODY: &str = "{\"a\":1}";

/// A POST with a small body to this server.
fn post(server: &ScriptedServer) -> Exchange {
    post_to(&server.url("http", LOOPBACK))
}

fn post_to(url: &str) -> Exchange {
    Exchange::new(Request::post(url).body(BODY).unwrap())
}

#[track_caller]
fn kind(result: Result<Response<Bytes>, TransportError>) -> TransportErrorKind {
    result.expect_err("a response came").kind()
}

fn requests_of_each_connection(server: &ScriptedServer) -> Vec<usize> {
    server.connections().iter().map(|connection| connection.requests().len()).collect()
}

/// A runtime that turns only inside `block_on`.
fn current_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// Waits until this is true.
async fn until(condition: impl Fn() -> bool) {
    let waiting = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), waiting).await.expect("it becomes true");
}

/// What the shared tests call.
mod adapter {
    use easemob_token_transport::{Transport, TransportError};
    pub(crate) use easemob_token_transport_hyper::HyperTransport as Adapter;

    /// A transport that opens a connection for each exchange.
    pub(crate) fn unpooled() -> Adapter {
        Adapter::builder().reuse_connections(false).build().unwrap()
    }

    pub(crate) fn send(transport: &Adapter, url: &str) -> Result<(), TransportError> {
        super::current_thread().block_on(transport.send(super::post_to(url))).map(drop)
    }
}

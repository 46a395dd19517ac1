//! `HyperTransport` over real sockets: what the contract of the port promises.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails where it stands; the allowance for tests leaves out their functions"
)]

mod bounds;
mod client_certificates;
mod connections;
mod exchange_limit;
mod faults;
mod fresh_connections;
mod loopback_names;
mod mute_logs;
mod requests;
mod runtimes;
mod server;
mod tls;
mod trust;
mod tunnels;

use std::time::Duration;

use bytes::Bytes;
use easemob_token_transport::{Exchange, Transport, TransportError, TransportErrorKind};
use easemob_token_transport_hyper::HyperTransport;
use http::{Request, Response};

use crate::server::{Peer, Server};

/// A POST with a small JSON body.
fn post(url: &str) -> Exchange {
    let request = Request::post(url)
        .header("content-type", "application/json")
        .body(Bytes::from_static(b"{\"a\":1}"));
    Exchange::new(request.unwrap())
}

fn text(response: &Response<Bytes>) -> &str {
    std::str::from_utf8(response.body()).unwrap()
}

#[track_caller]
fn kind(result: Result<Response<Bytes>, TransportError>) -> TransportErrorKind {
    result.expect_err("a response came").kind()
}

/// Sends one request to a server that reads it, writes these bytes and closes.
async fn answer_with(bytes: impl Into<Vec<u8>>) -> Result<Response<Bytes>, TransportError> {
    let bytes = bytes.into();
    let server = Server::start(move |mut peer: Peer| {
        if peer.request().is_some() {
            peer.write(&bytes);
        }
    });
    let exchange = post(&server.url("http", "127.0.0.1")).with_timeout(Duration::from_secs(5));
    HyperTransport::new().send(exchange).await
}

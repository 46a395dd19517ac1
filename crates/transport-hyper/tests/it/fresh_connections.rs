//! Exchanges that ask for a fresh connection, and the mark that says which kind it was.

use bytes::Bytes;
use easemob_token_transport::{ConnectionUse, Exchange, Transport};
use easemob_token_transport_hyper::HyperTransport;
use easemob_token_transport_hyper::reexports::hyper_util::client::legacy::Client;
use easemob_token_transport_hyper::reexports::hyper_util::rt::TokioExecutor;
use http_body_util::Full;
use tokio::runtime::{Builder, Runtime};
use tokio::task::yield_now;

use crate::server::{Peer, Seen, Server};
use crate::{post, text};

fn numbering() -> Server {
    Server::start(|mut peer: Peer| {
        while peer.request().is_some() {
            let body = format!("connection {}", peer.number);
            peer.answer(&body);
        }
    })
}

/// Which connection it was and what the mark says.
fn send(
    runtime: &Runtime,
    transport: &HyperTransport,
    exchange: Exchange,
) -> (String, Option<ConnectionUse>) {
    runtime.block_on(async {
        let response = transport.send(exchange).await.unwrap();
        // An idle connection gets into the pool.
        for _ in 0..16 {
            yield_now().await;
        }
        (text(&response).to_owned(), response.extensions().get().copied())
    })
}

fn current_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

const FRESH: Option<ConnectionUse> = Some(ConnectionUse::Fresh);
const REUSED: Option<ConnectionUse> = Some(ConnectionUse::Reused);

#[test]
fn a_fresh_exchange_has_a_connection_of_its_own_that_is_not_kept() {
    let mut server = numbering();
    let (runtime, transport) = (current_thread(), HyperTransport::new());
    let url = server.url("http", "127.0.0.1");
    let pooled = || post(&url);
    let fresh = || post(&url).on_fresh_connection();
    for (exchange, connection, mark) in [
        (pooled(), 0, FRESH),
        (pooled(), 0, REUSED),
        (fresh(), 1, FRESH),
        (fresh(), 2, FRESH),
        (pooled(), 0, REUSED),
    ] {
        let sent = send(&runtime, &transport, exchange);
        assert_eq!(sent, (format!("connection {connection}"), mark));
    }
    let closed = |number| move |seen: &Seen| *seen == Seen::Closed(number);
    runtime.block_on(server.wait_until(closed(2)));
}

#[test]
fn a_transport_that_reuses_nothing_says_so() {
    let server = numbering();
    let transport = HyperTransport::builder().reuse_connections(false).build().unwrap();
    let (runtime, url) = (current_thread(), server.url("http", "127.0.0.1"));
    for number in 0..2 {
        let sent = send(&runtime, &transport, post(&url));
        assert_eq!(sent, (format!("connection {number}"), FRESH));
    }
}

#[test]
fn a_client_that_somebody_else_set_up_cannot_say() {
    let server = numbering();
    let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    let transport = HyperTransport::from_client(client);
    let (runtime, url) = (current_thread(), server.url("http", "127.0.0.1"));
    for exchange in [post(&url), post(&url), post(&url).on_fresh_connection()] {
        let (_, mark) = send(&runtime, &transport, exchange);
        assert_eq!(mark, None);
    }
}

//! A ready client: which rules hold for it, and what it cannot report.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::net::SocketAddr;
use std::task::{Context, Poll};

use bytes::Bytes;
use easemob_token_transport::{ConnectionUse, Transport, TransportErrorKind};
use easemob_token_transport_hyper::HyperTransport;
use easemob_token_transport_hyper::reexports::hyper_util::client::legacy::Client;
use easemob_token_transport_hyper::reexports::hyper_util::client::legacy::connect::HttpConnector;
use easemob_token_transport_hyper::reexports::hyper_util::client::legacy::connect::dns::Name;
use easemob_token_transport_hyper::reexports::hyper_util::rt::TokioExecutor;
use easemob_token_transport_testkit::{Script, ScriptedServer};
use http_body_util::Full;
use tower_service::Service;

use crate::{BODY, kind, post, post_to};

#[tokio::test]
async fn the_same_rules_hold_and_no_response_has_a_mark() {
    let server = ScriptedServer::start(Script::new().serve());
    let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    let transport = HyperTransport::from_client(client);
    for exchange in [post(&server), post(&server), post(&server).on_fresh_connection()] {
        let response = transport.send(exchange).await.unwrap();
        assert_eq!(response.body(), BODY);
        assert_eq!(response.extensions().get::<ConnectionUse>(), None);
    }
    let result = transport.send(post(&server).with_max_response_bytes(1)).await;
    assert_eq!(kind(result), TransportErrorKind::TooLarge);
    let result = transport.send(post_to("http://a1.easemob.com/")).await;
    assert_eq!(kind(result), TransportErrorKind::Unsupported);
}

/// A resolver that knows no address.
#[derive(Clone)]
struct Ignorant;

impl Service<Name> for Ignorant {
    type Response = std::iter::Empty<SocketAddr>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Name) -> Self::Future {
        ready(Ok(std::iter::empty()))
    }
}

#[tokio::test]
async fn no_loopback_name_is_looked_up_over_plain_http() {
    let server = ScriptedServer::start(Script::new().serve());
    let connector = HttpConnector::new_with_resolver(Ignorant);
    let client = Client::builder(TokioExecutor::new()).build::<_, Full<Bytes>>(connector);
    let transport = HyperTransport::from_client(client);
    let host = format!("evil.localhost:{}", server.address().port());
    let response = transport.send(post_to(&format!("http://{host}/"))).await;
    assert_eq!(response.unwrap().body(), BODY);
    let requests = server.requests();
    assert_eq!(requests[0].fields("host").collect::<Vec<_>>(), [host]);
}

//! Loopback names reach this machine whatever a resolver would say.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::io::{Read as _, Write as _};
use std::net::{Ipv6Addr, SocketAddr, TcpListener};
use std::task::{Context, Poll};
use std::thread;

use bytes::Bytes;
use easemob_token_transport::{Proxy, Transport};
use easemob_token_transport_hyper::HyperTransport;
use easemob_token_transport_hyper::reexports::hyper_util::client::legacy::Client;
use easemob_token_transport_hyper::reexports::hyper_util::client::legacy::connect::HttpConnector;
use easemob_token_transport_hyper::reexports::hyper_util::client::legacy::connect::dns::Name;
use easemob_token_transport_hyper::reexports::hyper_util::rt::TokioExecutor;
use http_body_util::Full;
use tower_service::Service;

use crate::server::{Peer, Seen, Server, ok};
use crate::tls::Authority;
use crate::{post, text};

/// A host below `.localhost` that no resolver knows: its first label has 64 letters.
const UNKNOWN: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.localhost";

fn answer_all(mut peer: Peer) {
    while peer.request().is_some() && peer.answer("here") {}
}

async fn send(transport: &HyperTransport, url: &str) -> String {
    let response = transport.send(post(url)).await;
    text(&response.unwrap_or_else(|error| panic!("{url}: {error:?}"))).to_owned()
}

#[tokio::test]
async fn a_name_that_no_resolver_knows_reaches_loopback() {
    let server = Server::start(answer_all);
    for host in [UNKNOWN, "im.localhost.", "LOCALHOST", "localhost."] {
        assert_eq!(send(&HyperTransport::new(), &server.url("http", host)).await, "here");
    }
}

#[tokio::test]
async fn the_certificate_is_checked_for_the_name() {
    let authority = Authority::new();
    let server = Server::start_tls(authority.serve("nobody.knows.localhost"), answer_all);
    let transport = authority.trusted();
    let url = server.url("https", "nobody.knows.localhost");
    assert_eq!(send(&transport, &url).await, "here");
    assert!(transport.send(post(&server.url("https", "other.localhost"))).await.is_err());
}

#[tokio::test]
async fn a_server_on_the_other_loopback_address_is_reached_too() {
    let Ok(listener) = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)) else {
        // A machine without IPv6 has only one loopback address.
        return;
    };
    let port = listener.local_addr().unwrap().port();
    let server = thread::spawn(move || {
        let (mut peer, _) = listener.accept().unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"{\"a\":1}") {
            let mut chunk = [0; 1024];
            let read = peer.read(&mut chunk).unwrap();
            assert_ne!(read, 0, "the request was cut");
            request.extend_from_slice(&chunk[..read]);
        }
        peer.write_all(ok("six").as_bytes()).unwrap();
    });
    let url = format!("http://{UNKNOWN}:{port}/");
    assert_eq!(send(&HyperTransport::new(), &url).await, "six");
    server.join().unwrap();
}

#[tokio::test]
async fn a_proxy_by_such_a_name_is_not_looked_up_either() {
    let authority = Authority::new();
    let target = Server::start_tls(authority.serve("a1.easemob.com"), answer_all);
    let place = target.address;
    let proxy = Server::start(move |mut peer: Peer| {
        if peer.request().is_some() && peer.write("HTTP/1.1 200 OK\r\n\r\n") {
            peer.relay_to(place);
        }
    });
    let url = format!("http://proxy.nobody.knows.localhost:{}", proxy.address.port());
    let transport = HyperTransport::builder()
        .roots_pem(authority.pem())
        .proxy(Proxy::Url(url.parse().unwrap()))
        .build()
        .unwrap();
    assert_eq!(send(&transport, &target.url("https", "a1.easemob.com")).await, "here");
}

/// A resolver that must not be asked.
#[derive(Clone)]
struct Untouchable;

impl Service<Name> for Untouchable {
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
async fn a_client_that_was_handed_in_looks_up_no_loopback_name_over_plain_http() {
    let mut server = Server::start(answer_all);
    let connector = HttpConnector::new_with_resolver(Untouchable);
    let client = Client::builder(TokioExecutor::new()).build::<_, Full<Bytes>>(connector);
    let transport = HyperTransport::from_client(client);
    assert_eq!(send(&transport, &server.url("http", "evil.localhost")).await, "here");
    let Seen::Request { text, .. } = server.next().await else { panic!("no request") };
    let host = format!("host: evil.localhost:{}\r\n", server.address.port());
    assert!(text.to_lowercase().contains(&host), "{text}");
}

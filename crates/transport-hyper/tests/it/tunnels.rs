//! Proxies: a tunnel and nothing else, and none unless asked.

use std::error::Error;
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use std::{env, thread};

use easemob_token_transport::{Proxy, Transport, TransportError, TransportErrorKind};
use easemob_token_transport_hyper::HyperTransport;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::server::{Peer, Seen, Server};
use crate::tls::Authority;
use crate::{kind, post, text};

/// A host that is not loopback; only ever asked of a proxy, which knows better.
const TARGET: &str = "a1.easemob.com";
/// A host that no resolver knows, refused without a question: its label has 64 characters.
const NOWHERE: &str =
    "https://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.invalid/";

fn proxied(authority: &Authority, proxy: &str) -> HyperTransport {
    HyperTransport::builder()
        .roots_pem(authority.pem())
        .proxy(Proxy::Url(proxy.parse().unwrap()))
        .connect_timeout(Duration::from_secs(1))
        .build()
        .unwrap()
}

fn target(authority: &Authority) -> Server {
    Server::start_tls(authority.serve(TARGET), |mut peer: Peer| {
        while peer.request().is_some() && peer.answer("through the tunnel") {}
    })
}

/// A proxy that sends everybody to the same place.
fn tunnelling_to(place: SocketAddr) -> Server {
    Server::start(move |mut peer: Peer| {
        if peer.request().is_some() && peer.write("HTTP/1.1 200 Connection established\r\n\r\n") {
            peer.relay_to(place);
        }
    })
}

#[tokio::test]
async fn the_proxy_sees_a_connect_with_its_credentials_and_then_tls() {
    let authority = Authority::new();
    for (userinfo, authorization) in [
        ("", ""),
        // RFC 7617, section 2: the example of the scheme.
        ("Aladdin:open%20sesame@", "Proxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n"),
    ] {
        let mut target = target(&authority);
        let mut proxy = tunnelling_to(target.address);
        let port = target.address.port();
        let url = format!("http://{userinfo}{}", proxy.address);
        let transport = proxied(&authority, &url);
        for _ in 0..2 {
            let exchange = post(&target.url("https", TARGET));
            let response = transport.send(exchange).await.unwrap();
            assert_eq!(text(&response), "through the tunnel");
        }
        let Seen::Request { text, .. } = proxy.next().await else {
            panic!("no request at the proxy");
        };
        assert_eq!(
            text,
            format!(
                "CONNECT {TARGET}:{port} HTTP/1.1\r\nHost: {TARGET}:{port}\r\n{authorization}\r\n"
            )
        );
        let Seen::Request { text, .. } = target.next().await else {
            panic!("no request at the target");
        };
        assert!(text.starts_with("POST /org/app/token HTTP/1.1\r\n"), "{text}");
        assert!(!text.to_lowercase().contains("proxy"), "{text}");
        // The second exchange went through the same tunnel.
        assert!(matches!(target.next().await, Seen::Request { .. }));
        assert_eq!(proxy.requests(), 0);
    }
}

#[tokio::test]
async fn a_proxy_over_tls_is_spoken_to_inside_it() {
    let authority = Authority::new();
    let target = target(&authority);
    let place = target.address;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let acceptor = TlsAcceptor::from(Arc::new(authority.serve("localhost")));
    let proxy = tokio::spawn(async move {
        let (tcp, _) = listener.accept().await.unwrap();
        let mut outer = acceptor.accept(tcp).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(outer.read_u8().await.unwrap());
        }
        outer.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        let mut inner = TcpStream::connect(place).await.unwrap();
        let _ = copy_bidirectional(&mut outer, &mut inner).await;
        String::from_utf8(head).unwrap()
    });
    let transport = proxied(&authority, &format!("https://u:p@localhost:{port}"));
    let exchange = post(&target.url("https", TARGET));
    let response = transport.send(exchange).await.unwrap();
    assert_eq!(text(&response), "through the tunnel");
    drop(transport);
    let head = proxy.await.unwrap();
    assert!(head.contains("Proxy-Authorization: Basic dTpw\r\n"), "{head}");
}

#[tokio::test]
async fn a_refused_certificate_is_a_tls_error_on_either_side_of_the_tunnel() {
    let authority = Authority::new();
    let mut proxy = Server::start_tls(Authority::new().serve("127.0.0.1"), |mut peer: Peer| {
        peer.request();
    });
    let transport = proxied(&authority, &format!("https://{}", proxy.address));
    let result = transport.send(post("https://a1.easemob.com/")).await;
    assert_eq!(kind(result), TransportErrorKind::Tls);
    assert_eq!(proxy.requests(), 0);

    let mut target = target(&Authority::new());
    let proxy = tunnelling_to(target.address);
    let transport = proxied(&authority, &format!("http://{}", proxy.address));
    let result = transport.send(post(&target.url("https", TARGET))).await;
    assert_eq!(kind(result), TransportErrorKind::Tls);
    assert_eq!(target.requests(), 0);
}

#[tokio::test]
async fn a_proxy_that_opens_no_tunnel_is_no_connection_and_shows_no_credentials() {
    let authority = Authority::new();
    let endless = format!("HTTP/1.1 200 OK\r\nx: {}", "x".repeat(10_000));
    for reply in [
        "HTTP/1.1 407 Proxy Authentication Required\r\nx: MARK\r\n\r\n",
        "HTTP/1.1 403 Forbidden\r\n\r\n",
        "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1/\r\n\r\n",
        "nonsense\r\n\r\n",
        "",
        &endless,
    ] {
        let reply = reply.to_owned();
        let proxy = Server::start(move |mut peer: Peer| {
            peer.request();
            peer.write(&reply);
        });
        let transport = proxied(&authority, &format!("http://MARK:MARK@{}", proxy.address));
        let error = transport.send(post("https://a1.easemob.com/")).await.unwrap_err();
        assert_eq!(error.kind(), TransportErrorKind::Connect);
        let shown = format!("{transport:?} {}", chain(&error));
        assert!(!shown.contains("MARK") && !shown.contains("TUFSSzpNQVJL"), "{shown}");
    }
}

fn chain(error: &TransportError) -> String {
    let mut shown = format!("{error:?}");
    let mut next: Option<&dyn Error> = Some(error);
    while let Some(error) = next {
        shown += &format!(" {error}");
        next = error.source();
    }
    shown
}

#[tokio::test]
async fn a_proxy_that_says_nothing_ends_with_the_connect_limit() {
    let mut proxy = Server::start(|mut peer: Peer| peer.wait_for_close());
    let transport = HyperTransport::builder()
        .proxy(Proxy::Url(format!("http://{}", proxy.address).parse().unwrap()))
        .connect_timeout(Duration::from_millis(200))
        .build()
        .unwrap();
    let result = transport.send(post("https://a1.easemob.com/")).await;
    assert_eq!(kind(result), TransportErrorKind::Timeout);
    assert_eq!(proxy.next().await, Seen::Closed(0));
}

#[tokio::test]
async fn plain_http_never_reaches_a_proxy_and_loopback_goes_past_it() {
    let authority = Authority::new();
    let mut proxy = Server::start(|mut peer: Peer| {
        peer.request();
    });
    let transport = proxied(&authority, &format!("http://{}", proxy.address));
    let plain = post("http://a1.easemob.com/").allow_plain_http();
    assert_eq!(kind(transport.send(plain).await), TransportErrorKind::Unsupported);

    let local = Server::start(|mut peer: Peer| {
        peer.request();
        peer.answer("past it");
    });
    let response = transport.send(post(&local.url("http", "127.0.0.1"))).await.unwrap();
    assert_eq!(text(&response), "past it");
    assert_eq!(proxy.requests(), 0);
}

/// Tells the child below which proxy setting to try.
const CHILD: &str = "TUNNELS_CHILD";

/// Runs this binary again, as a process with proxy variables of its own.
fn child(proxy: SocketAddr, setting: &str) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command
        .args(["--exact", "tunnels::the_environment_counts_only_when_asked"])
        .env(CHILD, setting)
        .env("HTTPS_PROXY", format!("http://u:p@{proxy}"))
        .env("ALL_PROXY", format!("http://u:p@{proxy}"))
        .env("NO_PROXY", "")
        .stdout(Stdio::null());
    command
}

#[tokio::test]
async fn the_environment_counts_only_when_asked() {
    if let Ok(setting) = env::var(CHILD) {
        let builder = HyperTransport::builder();
        let builder = match setting.as_str() {
            "environment" => builder.proxy(Proxy::Environment),
            _ => builder,
        };
        let result = builder.build().unwrap().send(post(NOWHERE)).await;
        assert_eq!(kind(result), TransportErrorKind::Connect);
        return;
    }
    for (setting, seen) in [("off", 0), ("environment", 1)] {
        let mut proxy = Server::start(|mut peer: Peer| {
            if let Some(text) = peer.request() {
                assert!(text.starts_with("CONNECT "), "{text}");
            }
        });
        let mut command = child(proxy.address, setting);
        let status = thread::spawn(move || command.status().unwrap()).join().unwrap();
        assert!(status.success());
        assert_eq!(proxy.requests(), seen, "{setting}");
    }
}

//! Proxies: none unless asked, and then a tunnel with the proxy's own credentials.

use std::process::Command;
use std::sync::Arc;

use easemob_token_transport::TransportErrorKind::{Connect, Unsupported};
use easemob_token_transport::{Delivery, Proxy};
use easemob_token_transport_isahc::IsahcTransport;
use rustls::ServerConfig;

use crate::server::{Reports, Server, exchange, reply, reports, send};
use crate::tls::{Authority, serve};

/// A proxy that opens the tunnel and then is the server itself; reports both requests.
pub(crate) fn tunnel(config: Arc<ServerConfig>) -> (Server, Reports<String>) {
    let (sender, reports) = reports();
    let server = Server::start(move |connection, _| {
        sender.send(connection.read_request()).unwrap();
        connection.send("HTTP/1.1 200 Connection established\r\n\r\n");
        let request = serve(connection.stream(), &config);
        sender.send(request.unwrap_or_default()).unwrap();
    });
    (server, reports)
}

fn through(proxy: &str, authority: &Authority) -> IsahcTransport {
    IsahcTransport::builder()
        .proxy(Proxy::Url(proxy.parse().unwrap()))
        .roots_pem(authority.pem.clone())
        .build()
        .unwrap()
}

#[test]
fn a_proxy_sees_connect_and_its_own_credentials_only() {
    let authority = Authority::new();
    let (proxy, requests) = tunnel(authority.server("a1.easemob.invalid"));
    let transport = through(&format!("http://me:p%40ss@{}", proxy.addr), &authority);
    let request = http::Request::post("https://a1.easemob.invalid/org/app/token?q=QUERY")
        .header("authorization", "Bearer TOKEN")
        .body("BODY")
        .unwrap();
    let response = send(&transport, easemob_token_transport::Exchange::new(request)).unwrap();
    assert_eq!(response.body(), "{}");

    let connect = requests.next();
    assert!(connect.starts_with("CONNECT a1.easemob.invalid:443 HTTP/1.1\r\n"), "{connect}");
    // me:p@ss
    assert!(connect.contains("\r\nProxy-Authorization: Basic bWU6cEBzcw==\r\n"), "{connect}");
    for secret in ["TOKEN", "BODY", "QUERY", "org/app", "uthorization: Bearer"] {
        assert!(!connect.contains(secret), "{connect}");
    }
    let inner = requests.next();
    assert!(inner.starts_with("POST /org/app/token?q=QUERY HTTP/1.1\r\n"), "{inner}");
    assert!(!inner.to_ascii_lowercase().contains("proxy-"), "{inner}");
}

#[test]
fn a_proxy_without_credentials_gets_none() {
    let authority = Authority::new();
    let (proxy, requests) = tunnel(authority.server("a1.easemob.invalid"));
    let transport = through(&format!("http://{}", proxy.addr), &authority);
    send(&transport, exchange("https://a1.easemob.invalid:8443/")).unwrap();
    let connect = requests.next();
    assert!(connect.starts_with("CONNECT a1.easemob.invalid:8443 "), "{connect}");
    assert!(!connect.contains("Authorization"), "{connect}");
}

#[test]
fn a_proxy_that_opens_no_tunnel_is_no_response() {
    let authority = Authority::new();
    for status in ["403 Forbidden", "407 Proxy Authentication Required", "502 Bad Gateway"] {
        let proxy = Server::answering(reply(status, "{}"));
        let transport = through(&format!("http://me:pw@{}", proxy.addr), &authority);
        let error = send(&transport, exchange("https://a1.easemob.invalid/")).unwrap_err();
        assert_eq!(
            (error.kind(), error.delivery()),
            (Connect, Delivery::No),
            "{status}: {error:?}"
        );
    }
    let proxy = Server::start(|connection, _| {
        connection.read_request();
    });
    let transport = through(&format!("http://{}", proxy.addr), &authority);
    let error = send(&transport, exchange("https://a1.easemob.invalid/")).unwrap_err();
    assert_eq!(error.kind(), Connect, "{error:?}");
}

#[test]
fn the_certificate_inside_the_tunnel_is_checked() {
    let authority = Authority::new();
    let (proxy, requests) = tunnel(authority.server("evil.invalid"));
    let transport = through(&format!("http://{}", proxy.addr), &authority);
    let error = send(&transport, exchange("https://a1.easemob.invalid/")).unwrap_err();
    assert_eq!(error.kind(), easemob_token_transport::TransportErrorKind::Tls);
    assert!(requests.next().starts_with("CONNECT"));
    assert_eq!(requests.next(), "");
}

#[test]
fn loopback_and_plain_http_never_go_through_a_proxy() {
    let proxy = Server::answering(reply("200 OK", "proxy"));
    let target = Server::answering(reply("200 OK", "target"));
    let transport = through(&format!("http://{}", proxy.addr), &Authority::new());
    assert_eq!(send(&transport, exchange(&target.uri())).unwrap().body(), "target");
    let plain = exchange("http://a1.easemob.invalid/").allow_plain_http();
    assert_eq!(send(&transport, plain).unwrap_err().kind(), Unsupported);
    assert_eq!(proxy.connections(), 0);
}

#[test]
fn an_https_proxy_is_refused_when_built() {
    let proxy = Proxy::Url("https://me:MARK@proxy.invalid".parse().unwrap());
    let error = IsahcTransport::builder().proxy(proxy).build().unwrap_err();
    assert_eq!(error.setting(), "proxy");
    assert!(!format!("{error:?}").contains("MARK"));
}

/// This very test again, in a process whose environment asks for a proxy.
pub(crate) fn again(test: &str, variables: &[(&str, String)]) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture"]).env(INNER, "1");
    for (name, value) in variables {
        command.env(name, value);
    }
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

const INNER: &str = "EASEMOB_TOKEN_TEST_INNER";

/// Whether this is that process.
pub(crate) fn is_inner() -> bool {
    std::env::var_os(INNER).is_some()
}

/// A name that no resolver has to ask for.
fn unknown() -> String {
    format!("https://{}.invalid/", "a".repeat(64))
}

#[test]
fn proxy_variables_are_not_read_unless_asked() {
    if is_inner() {
        for transport in [
            IsahcTransport::new().unwrap(),
            IsahcTransport::builder().proxy(Proxy::Off).build().unwrap(),
        ] {
            let target = Server::answering(reply("200 OK", "target"));
            assert_eq!(send(&transport, exchange(&target.uri())).unwrap().body(), "target");
            let error = send(&transport, exchange(&unknown())).unwrap_err();
            assert_eq!(error.kind(), Connect);
        }
        return;
    }
    let proxy = Server::answering(reply("200 OK", "proxy"));
    let value = format!("http://{}", proxy.addr);
    let variables =
        ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]
            .map(|name| (name, value.clone()));
    again("proxy::proxy_variables_are_not_read_unless_asked", &variables);
    assert_eq!(proxy.connections(), 0);
}

#[test]
fn a_given_proxy_does_not_heed_no_proxy() {
    if is_inner() {
        let proxy = Server::answering(reply("403 Forbidden", "{}"));
        let transport = through(&format!("http://{}", proxy.addr), &Authority::new());
        let error = send(&transport, exchange("https://a1.easemob.invalid/")).unwrap_err();
        assert_eq!(error.kind(), Connect);
        assert_eq!(proxy.requests(), 1);
        return;
    }
    let all = || "*".to_owned();
    again(
        "proxy::a_given_proxy_does_not_heed_no_proxy",
        &[("NO_PROXY", all()), ("no_proxy", all())],
    );
}

#[test]
fn the_environments_proxy_gets_connect_only() {
    const TEST: &str = "proxy::the_environments_proxy_gets_connect_only";
    if is_inner() {
        let transport = IsahcTransport::builder().proxy(Proxy::Environment).build().unwrap();
        let target = Server::answering(reply("200 OK", "target"));
        assert_eq!(send(&transport, exchange(&target.uri())).unwrap().body(), "target");
        let error = send(&transport, exchange("https://a1.easemob.invalid/")).unwrap_err();
        let expected = if std::env::var("HTTPS_PROXY").unwrap().starts_with("https") {
            Unsupported
        } else {
            Connect
        };
        assert_eq!(error.kind(), expected);
        return;
    }
    let (sender, seen) = reports();
    let proxy = Server::start(move |connection, _| {
        sender.send(connection.read_request()).unwrap();
        connection.send(reply("403 Forbidden", "{}"));
    });
    again(TEST, &[("HTTPS_PROXY", format!("http://{}", proxy.addr))]);
    assert!(seen.next().starts_with("CONNECT a1.easemob.invalid:443 "));
    assert_eq!(proxy.connections(), 1);

    again(TEST, &[("HTTPS_PROXY", format!("https://{}", proxy.addr))]);
    assert_eq!(proxy.connections(), 1);
}

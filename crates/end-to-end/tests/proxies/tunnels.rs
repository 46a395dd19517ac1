//! Tunnels: what a proxy sees of a call, and how a call fails if the proxy refuses it.

use std::error::Error;

use easemob_token::transport::{Delivery, Proxy, TransportError, TransportErrorKind};
use easemob_token_end_to_end::ADAPTERS;

use crate::proxy::{KNOWN_TO_SQUID, Program, RealProxy};
use crate::target::{ADDRESS, Target};
use crate::{SECRET, call};

fn url(url: &str) -> Proxy {
    Proxy::Url(url.parse().unwrap())
}

fn the_right_credentials_open_a_tunnel(program: Program, host: &'static str) {
    let (proxy, target) = (RealProxy::start(program), Target::start(host));
    for (calls, adapter) in ADAPTERS.iter().enumerate() {
        let transport = adapter.through(url(&proxy.url()), target.roots());
        let response = call(&*transport, &target.url()).unwrap();
        assert_eq!(response.body(), "{}", "{}", adapter.name);
        let seen = proxy.seen(calls + 1);
        assert_eq!(seen, vec![target.connect_line(); calls + 1]);
        // The target got the secret, and not the credentials of the proxy.
        let [request] = &target.requests()[..] else {
            panic!("{}: not one request at the target", adapter.name);
        };
        let head = request.head();
        assert!(head.contains(SECRET), "{head}");
        assert!(!head.to_lowercase().contains("proxy"), "{head}");
    }
    assert!(!proxy.log().contains(SECRET));
}

#[test]
fn the_right_credentials_open_a_tunnel_at_tinyproxy() {
    the_right_credentials_open_a_tunnel(Program::Tinyproxy, ADDRESS);
}

#[test]
fn the_right_credentials_open_a_tunnel_at_squid_which_resolves_the_name() {
    the_right_credentials_open_a_tunnel(Program::Squid, KNOWN_TO_SQUID);
}

fn other_credentials_open_none(program: Program) {
    let (proxy, target) = (RealProxy::start(program), Target::start(ADDRESS));
    let mut tried = 0;
    for adapter in ADAPTERS {
        for userinfo in ["", "tester:wr0ngpassword@", "stranger:r1ghtpassword@", "tester@"] {
            let transport = adapter.through(url(&proxy.url_with(userinfo)), target.roots());
            let error = call(&*transport, &target.url()).unwrap_err();
            let what = format!("{} {userinfo:?}", adapter.name);
            assert_eq!(error.kind(), TransportErrorKind::Connect, "{what}: {error:?}");
            assert_eq!(error.delivery(), Delivery::No, "{what}");
            let shown = format!("{transport:?} {}", chain(&error));
            assert!(!shown.contains("password"), "{what}: {shown}");
            tried += 1;
        }
    }
    // Each call was sent once.
    assert_eq!(proxy.seen(tried), vec![target.connect_line(); tried]);
    assert_eq!(target.requests(), []);
}

#[test]
fn other_credentials_open_none_at_tinyproxy() {
    other_credentials_open_none(Program::Tinyproxy);
}

#[test]
fn other_credentials_open_none_at_squid() {
    other_credentials_open_none(Program::Squid);
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

#[test]
fn plain_http_never_reaches_a_proxy_even_if_it_is_allowed() {
    for program in [Program::Tinyproxy, Program::Squid] {
        let (proxy, target) = (RealProxy::start(program), Target::start(ADDRESS));
        let plain = target.url().replace("https://", "http://");
        for (calls, adapter) in ADAPTERS.iter().enumerate() {
            let transport = adapter.through(url(&proxy.url()), target.roots());
            let error = call(&*transport, &plain).unwrap_err();
            assert_eq!(error.kind(), TransportErrorKind::Unsupported, "{}", adapter.name);
            // This call comes later, and is the only one in the log by then.
            call(&*transport, &target.url()).unwrap();
            let seen = proxy.seen(calls + 1);
            assert_eq!(seen, vec![target.connect_line(); calls + 1]);
        }
    }
}

#[test]
fn an_unreachable_target_is_a_connect_error() {
    for program in [Program::Tinyproxy, Program::Squid] {
        let proxy = RealProxy::start(program);
        let target = Target::start(ADDRESS);
        for adapter in ADAPTERS {
            let transport = adapter.through(url(&proxy.url()), target.roots());
            // No server listens on this port.
            let error = call(&*transport, "https://0.0.0.0:1/org/app/token").unwrap_err();
            let what = format!("{program:?} {}: {error:?}", adapter.name);
            assert_eq!(error.kind(), TransportErrorKind::Connect, "{what}");
        }
    }
}

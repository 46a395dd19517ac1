//! What a proxy sees of a call, and what becomes of the call when the proxy refuses.

use std::error::Error;

use easemob_token::transport::{Delivery, Proxy, TransportError, TransportErrorKind};

use crate::adapters::{ADAPTERS, SECRET, call};
use crate::proxy::{KNOWN_TO_SQUID, Program, RealProxy};
use crate::target::{ADDRESS, Target};

fn through(url: &str) -> Proxy {
    Proxy::Url(url.parse().unwrap())
}

fn the_right_credentials_open_a_tunnel(program: Program, host: &'static str) {
    let (proxy, target) = (RealProxy::start(program), Target::start(host));
    for (calls, adapter) in ADAPTERS.iter().enumerate() {
        let transport = adapter.trusting(target.roots(), through(&proxy.url()));
        let response = call(&*transport, &target.url()).unwrap();
        assert_eq!(response.body(), "{}", "{}", adapter.name);
        let seen = proxy.seen(calls + 1);
        assert_eq!(seen, vec![format!("CONNECT {}", target.authority()); calls + 1]);
        // The secret went to the target, the proxy's credentials did not.
        let [request] = &target.requests()[..] else {
            panic!("{}: not one request at the target", adapter.name);
        };
        assert!(request.contains(SECRET), "{request}");
        assert!(!request.to_lowercase().contains("proxy"), "{request}");
    }
    assert!(!proxy.log().contains(SECRET));
}

#[test]
fn the_right_credentials_open_a_tunnel_at_tinyproxy() {
    the_right_credentials_open_a_tunnel(Program::Tinyproxy, ADDRESS);
}

#[test]
fn the_right_credentials_open_a_tunnel_at_squid_which_looks_the_name_up() {
    the_right_credentials_open_a_tunnel(Program::Squid, KNOWN_TO_SQUID);
}

fn other_credentials_open_none(program: Program) {
    let (proxy, target) = (RealProxy::start(program), Target::start(ADDRESS));
    let mut tried = 0;
    for adapter in ADAPTERS {
        for userinfo in ["", "tester:wr0ngpassword@", "stranger:r1ghtpassword@", "tester@"] {
            let transport = adapter.trusting(target.roots(), through(&proxy.url_with(userinfo)));
            let error = call(&*transport, &target.url()).unwrap_err();
            let what = format!("{} {userinfo:?}", adapter.name);
            assert_eq!(error.kind(), TransportErrorKind::Connect, "{what}: {error:?}");
            assert_eq!(error.delivery(), Delivery::No, "{what}");
            let shown = format!("{transport:?} {}", chain(&error));
            assert!(!shown.contains("password"), "{what}: {shown}");
            tried += 1;
        }
    }
    // Each came once, and not again.
    assert_eq!(proxy.seen(tried), vec![format!("CONNECT {}", target.authority()); tried]);
    assert_eq!(target.requests(), [""; 0]);
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
fn plain_http_never_reaches_a_proxy_even_where_it_is_allowed() {
    for program in [Program::Tinyproxy, Program::Squid] {
        let (proxy, target) = (RealProxy::start(program), Target::start(ADDRESS));
        let plain = target.url().replace("https://", "http://");
        for (calls, adapter) in ADAPTERS.iter().enumerate() {
            let transport = adapter.trusting(target.roots(), through(&proxy.url()));
            let error = call(&*transport, &plain).unwrap_err();
            assert_eq!(error.kind(), TransportErrorKind::Unsupported, "{}", adapter.name);
            // This one comes later, and is all that the proxy has seen by then.
            call(&*transport, &target.url()).unwrap();
            let seen = proxy.seen(calls + 1);
            assert_eq!(seen, vec![format!("CONNECT {}", target.authority()); calls + 1]);
        }
    }
}

#[test]
fn a_target_that_the_proxy_cannot_reach_is_no_connection() {
    for program in [Program::Tinyproxy, Program::Squid] {
        let proxy = RealProxy::start(program);
        let target = Target::start(ADDRESS);
        for adapter in ADAPTERS {
            let transport = adapter.trusting(target.roots(), through(&proxy.url()));
            // No port has this number.
            let error = call(&*transport, "https://0.0.0.0:1/org/app/token").unwrap_err();
            let what = format!("{program:?} {}: {error:?}", adapter.name);
            assert_eq!(error.kind(), TransportErrorKind::Connect, "{what}");
        }
    }
}

//! Roots that cannot be read for now, and what a refused certificate says.

use std::env;

use easemob_token_transport::{Transport, TransportErrorKind};
use easemob_token_transport_hyper::HyperTransport;
use easemob_token_transport_testkit::{Authority, Identity, LOOPBACK, ServerTls, subprocess};

use crate::post_to;
use crate::trust::{HTTPS, check, run_again};

#[cfg(unix)]
#[test]
fn roots_that_cannot_be_read_for_lack_of_descriptors_are_read_later() {
    if !subprocess::is_child() {
        let test = "roots::roots_that_cannot_be_read_for_lack_of_descriptors_are_read_later";
        return run_again(test, "roots.pem");
    }
    for free in 0..5 {
        let transport = HyperTransport::new();
        let exchange = || post_to(&env::var(HTTPS).unwrap());
        // A new runtime each time, which leaves no connection open.
        let runtime = crate::current_thread();
        let held = subprocess::hold_descriptors(free);
        if let Err(error) = runtime.block_on(transport.send(exchange())) {
            assert_eq!(error.kind(), TransportErrorKind::Connect, "{free}: {error:?}");
        }
        drop(held);
        assert!(runtime.block_on(transport.send(exchange())).is_ok(), "{free}");
    }
}

#[test]
fn a_server_that_shows_a_given_root_itself_is_trusted_by_name_and_dates() {
    let own = |name: &str| Identity::self_signed_authority(name);
    let expired = Identity::self_signed_authority_expired(LOOPBACK);
    let authority = Authority::new();
    let other = own("other.example");
    for (tls, root, expected) in [
        (ServerTls::new(own(LOOPBACK)).only_tls12(), None, "ok"),
        (ServerTls::new(own(LOOPBACK)).only_tls13(), None, "ok"),
        (Identity::self_signed(LOOPBACK).into(), None, "ok"),
        (authority.issue(LOOPBACK).into(), None, "ok"),
        (authority.issue_expired(LOOPBACK).into(), None, "has expired"),
        (authority.issue_not_yet_valid(LOOPBACK).into(), None, "not valid yet"),
        (authority.issue("other.example").into(), None, "for another host"),
        (own("").into(), None, "subjectAltName=DNS:host"),
        (other.into(), None, "for another host"),
        (expired.into(), None, "has expired"),
        (own(LOOPBACK).into(), Some(own(LOOPBACK).pem().to_owned()), "CA:TRUE"),
        (authority.issue("").into(), Some(authority.pem()), "subjectAltName=DNS:host"),
        (authority.issue(LOOPBACK).into(), Some(own("").pem().to_owned()), "no trusted root"),
        (authority.issue(LOOPBACK).into(), Some(Authority::new().pem()), "another key"),
    ] {
        check(tls, root, expected);
    }
}

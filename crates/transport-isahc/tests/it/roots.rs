//! Roots that cannot be read for now, and what an error of TLS says.

use std::env;
use std::error::Error;

use easemob_token_transport::TransportErrorKind;
use easemob_token_transport_isahc::IsahcTransport;
use easemob_token_transport_testkit::{
    Authority, Identity, LOOPBACK, Script, ScriptedServer, subprocess,
};

use crate::adapter::send;
use crate::trust::{HTTPS, check, run_again};

#[cfg(unix)]
#[test]
fn roots_that_cannot_be_read_for_lack_of_descriptors_are_read_later() {
    if !subprocess::is_child() {
        let test = "roots::roots_that_cannot_be_read_for_lack_of_descriptors_are_read_later";
        return run_again(test, "roots.pem");
    }
    for free in 0..20 {
        let transport = IsahcTransport::new();
        let url = env::var(HTTPS).unwrap();
        let held = subprocess::hold_descriptors(free);
        if let Err(error) = send(&transport, &url) {
            assert_eq!(error.kind(), TransportErrorKind::Connect, "{free}: {error:?}");
        }
        drop(held);
        assert!(send(&transport, &url).is_ok(), "{free}");
    }
}

#[test]
fn an_end_of_tls_without_close_notify_is_named_and_retried_once() {
    let authority = Authority::new();
    let tls = Script::new().tls(authority.issue(LOOPBACK)).request();
    for (scheme, script, is_named) in [
        ("https", tls.clone().cut(), true),
        ("https", tls.clone().write("HTTP/1.1 200 OK\r\n\r\nhalf").cut(), true),
        ("https", tls.reset(), true),
        ("http", Script::new().request().reset(), false),
    ] {
        let server = ScriptedServer::start(script);
        let transport = IsahcTransport::builder().roots_pem(authority.pem()).build().unwrap();
        let error = send(&transport, &server.url(scheme, LOOPBACK)).unwrap_err();
        assert_eq!(error.kind(), TransportErrorKind::Interrupted);
        assert_eq!(error.is_retryable_once(), is_named);
        let cause = error.source().unwrap().to_string();
        assert_eq!(cause.contains("close_notify"), is_named, "{cause}");
        assert_eq!(server.requests().len(), 1);
    }
}

#[test]
fn a_refused_certificate_says_what_it_has_to_be() {
    let own = Identity::self_signed_authority(LOOPBACK);
    let authority = Authority::new();
    for (tls, root, expected) in [
        (Identity::self_signed(LOOPBACK), None, "ok"),
        (own, None, "basicConstraints=critical,CA:FALSE"),
        (authority.issue(""), Some(authority.pem()), "subjectAltName"),
        (authority.issue_expired(LOOPBACK), Some(authority.pem()), "dates"),
    ] {
        check(tls.into(), root, expected);
    }
}

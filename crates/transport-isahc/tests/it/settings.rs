//! Settings that cannot be used: found when the transport is built, and no key is shown.

use std::error::Error;

use easemob_token_transport::{Proxy, TransportErrorKind};
use easemob_token_transport_isahc::IsahcTransport;
use easemob_token_transport_testkit::{Authority, Identity, Script, ScriptedServer, subprocess};

use crate::{kind, post, post_to, send};

const NOT_DER: &str = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";

#[test]
fn roots_that_cannot_be_used() {
    let good = Authority::new().pem();
    let key = Identity::self_signed("host").key_pem().to_owned();
    for (pem, problem) in [
        ("", "it is empty"),
        (&key, "it is a private key"),
        (&key.replace('\n', "\\n"), "printf '%b'"),
        (&good[..good.len() / 2], "is cut off"),
        (NOT_DER, "cannot be a root"),
        (&format!("{good}{NOT_DER}"), "(line {line})"),
    ] {
        let problem = problem.replace("{line}", &(good.lines().count() + 1).to_string());
        let (set, added) = (
            IsahcTransport::builder().roots_pem(pem),
            IsahcTransport::builder().add_roots_pem(pem),
        );
        for (builder, setting) in [(set, "roots_pem"), (added, "add_roots_pem")] {
            let error = builder.build().unwrap_err();
            assert_eq!(error.setting(), setting);
            assert!(error.problem().contains(&problem), "{error}: {problem}");
            assert!(error.source().is_none());
        }
    }
    assert!(IsahcTransport::builder().roots_pem(format!("{key}{good}")).build().is_ok());
}

#[test]
fn a_client_certificate_that_cannot_be_used() {
    let authority = Authority::new();
    let (identity, other) = (authority.issue("client"), authority.issue("client"));
    let (chain, key) = (identity.pem(), identity.key_pem());
    let empty_key = NOT_DER.replace("CERTIFICATE", "PRIVATE KEY");
    for (chain, key, problem) in [
        (key, chain, "the chain holds no certificate: it is a private key"),
        (NOT_DER, key, "the chain's first certificate cannot be read"),
        (chain, "", "the key's text holds no private key"),
        (chain, &key.replace('\n', "\\n"), "the key's text has its line ends written as"),
        (chain, &empty_key, "none that can be used"),
        (chain, other.key_pem(), "another certificate"),
    ] {
        let builder = IsahcTransport::builder().client_certificate_pem(chain, key);
        let error = builder.clone().build().unwrap_err();
        assert_eq!(error.setting(), "client_certificate_pem");
        let shown = format!("{error} {error:?} {:?} {builder:?}", error.source());
        assert!(shown.contains(problem), "{shown}");
        for line in key.lines().filter(|line| line.len() > 8) {
            assert!(!shown.contains(line), "{shown}");
        }
    }
}

#[test]
fn a_proxy_whose_certificate_would_go_unchecked() {
    let proxy = Proxy::Url("https://me:MARK@proxy.invalid".parse().unwrap());
    let error = IsahcTransport::builder().proxy(proxy).build().unwrap_err();
    assert_eq!(error.setting(), "proxy");
    assert!(!format!("{error:?}").contains("MARK"));
}

#[test]
fn such_a_proxy_of_the_environment_is_refused_when_it_would_be_used() {
    let proxy = ScriptedServer::start(Script::new().serve());
    if !subprocess::is_child() {
        let test = "settings::such_a_proxy_of_the_environment_is_refused_when_it_would_be_used";
        let mut command = subprocess::command(test);
        command.env("HTTPS_PROXY", format!("https://{}", proxy.address()));
        subprocess::run(&mut command);
        return assert!(proxy.connections().is_empty());
    }
    let transport = IsahcTransport::builder().proxy(Proxy::Environment).build().unwrap();
    assert!(send(&transport, post(&proxy)).is_ok(), "this machine is not behind the proxy");
    let result = send(&transport, post_to("https://a1.easemob.invalid/"));
    assert_eq!(kind(result), TransportErrorKind::Unsupported);
}

#[test]
fn a_limit_of_zero_exchanges() {
    let error = IsahcTransport::builder().max_concurrent_exchanges(0).build().unwrap_err();
    assert_eq!(error.setting(), "max_concurrent_exchanges");
}

//! Settings that cannot be used: found when the transport is built, and no key is shown.

use std::error::Error;
use std::sync::Arc;

use easemob_token_transport_hyper::HyperTransport;
use easemob_token_transport_hyper::reexports::rustls::crypto::{CryptoProvider, ring};
use easemob_token_transport_testkit::{Authority, Identity};

const NOT_DER: &str = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";

#[test]
fn roots_that_cannot_be_used() {
    let good = Authority::new().pem();
    let key = Identity::self_signed("host").key_pem().to_owned();
    for (pem, problem) in [
        ("", "no certificate"),
        ("certificate", "no certificate"),
        (&key, "no certificate"),
        (&good[..good.len() / 2], "PEM"),
        ("-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n", "PEM"),
        (NOT_DER, "cannot be a root"),
        (&format!("{good}{NOT_DER}"), "cannot be a root"),
    ] {
        let error = HyperTransport::builder().roots_pem(pem).build().unwrap_err();
        assert_eq!(error.setting(), "roots_pem");
        assert!(error.to_string().contains(problem), "{error}: {pem}");
    }
    assert!(HyperTransport::builder().roots_pem(format!("{key}{good}")).build().is_ok());
}

#[test]
fn a_client_certificate_that_cannot_be_used() {
    let authority = Authority::new();
    let (identity, other) = (authority.issue("client"), authority.issue("client"));
    let (chain, key) = (identity.pem(), identity.key_pem());
    let line = key.lines().nth(1).unwrap();
    let torn = key.replace(line, &format!("{line}!"));
    let encrypted = key.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
    let empty_key = NOT_DER.replace("CERTIFICATE", "PRIVATE KEY");
    for (chain, key, problem) in [
        ("", key, "the chain holds no certificate"),
        (key, chain, "the chain holds no certificate"),
        (&chain[..chain.len() / 2], key, "the chain is no well-formed PEM"),
        (&torn.replace("PRIVATE KEY", "CERTIFICATE"), key, "the chain is no well-formed PEM"),
        (NOT_DER, key, "cannot be read"),
        (chain, "", "holds no private key"),
        (chain, chain, "holds no private key"),
        (chain, &encrypted, "decrypted"),
        (chain, &key[..key.len() / 2], "the key is no well-formed PEM"),
        (chain, &torn, "the key is no well-formed PEM"),
        (chain, &empty_key, "none that can be used"),
        (chain, other.key_pem(), "another certificate"),
    ] {
        let builder = HyperTransport::builder().client_certificate_pem(chain, key);
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
fn a_provider_without_cipher_suites() {
    let empty = CryptoProvider { cipher_suites: Vec::new(), ..ring::default_provider() };
    let error = HyperTransport::builder().crypto_provider(Arc::new(empty)).build().unwrap_err();
    assert_eq!(error.setting(), "crypto_provider");
}

#[test]
fn a_limit_of_zero_exchanges() {
    let error = HyperTransport::builder().max_concurrent_exchanges(0).build().unwrap_err();
    assert_eq!(error.setting(), "max_concurrent_exchanges");
}

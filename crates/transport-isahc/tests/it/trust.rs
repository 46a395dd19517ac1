//! Which roots are trusted and when the system's are read, and what an end of TLS means.

use std::error::Error;
use std::path::Path;
use std::{env, fs};

use easemob_token_transport::TransportErrorKind;
use easemob_token_transport_isahc::IsahcTransport;
use easemob_token_transport_testkit::{Authority, LOOPBACK, Script, ScriptedServer, subprocess};

use crate::{post_to, send};

/// What the test's process is given, in variables.
const FOLDER: &str = "TRUST_FOLDER";
const HTTP: &str = "TRUST_HTTP_URL";
const HTTPS: &str = "TRUST_HTTPS_URL";

/// Runs the test again in a process whose system roots are the file `roots.pem`, which at first is
/// called `name`.
fn run_again(test: &str, name: &str) {
    let authority = Authority::new();
    let folder = env::temp_dir().join(format!("easemob-isahc-{}-{name}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(name), authority.pem()).unwrap();
    let plain = ScriptedServer::start(Script::new().serve());
    let secure = ScriptedServer::start(Script::new().tls(authority.issue(LOOPBACK)).serve());
    #[cfg(unix)]
    let mut command = subprocess::command_with_descriptors(test, 64);
    #[cfg(not(unix))]
    let mut command = subprocess::command(test);
    command.env(FOLDER, &folder).env(HTTP, plain.url("http", LOOPBACK));
    command.env(HTTPS, secure.url("https", LOOPBACK));
    command.env("SSL_CERT_FILE", folder.join("roots.pem")).env_remove("SSL_CERT_DIR");
    subprocess::run(&mut command);
    fs::remove_dir_all(&folder).unwrap();
}

fn call(transport: &IsahcTransport, url: &str) -> bool {
    send(transport, post_to(&env::var(url).unwrap())).is_ok()
}

#[test]
fn the_systems_roots_are_read_for_the_first_tls_connection_and_not_before() {
    if !subprocess::is_child() {
        let test = "trust::the_systems_roots_are_read_for_the_first_tls_connection_and_not_before";
        return run_again(test, "later.pem");
    }
    let folder = env::var(FOLDER).unwrap();
    let roots = Path::new(&folder).join("roots.pem");
    let transport = IsahcTransport::new();
    assert!(call(&transport, HTTP));
    // Before this moment there is nothing to find.
    fs::rename(Path::new(&folder).join("later.pem"), &roots).unwrap();
    assert!(call(&transport, HTTPS));
    // curl reads them for every connection.
    fs::remove_file(&roots).unwrap();
    assert!(!call(&transport, HTTPS));
}

#[cfg(unix)]
#[test]
fn roots_that_cannot_be_read_for_lack_of_descriptors_are_read_later() {
    if !subprocess::is_child() {
        let test = "trust::roots_that_cannot_be_read_for_lack_of_descriptors_are_read_later";
        return run_again(test, "roots.pem");
    }
    for free in 0..20 {
        let transport = IsahcTransport::new();
        let exchange = || post_to(&env::var(HTTPS).unwrap());
        let held = subprocess::hold_descriptors(free);
        if let Err(error) = send(&transport, exchange()) {
            assert_eq!(error.kind(), TransportErrorKind::Connect, "{free}");
        }
        drop(held);
        assert!(send(&transport, exchange()).is_ok(), "{free}");
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
        let error = send(&transport, post_to(&server.url(scheme, LOOPBACK))).unwrap_err();
        assert_eq!(error.kind(), TransportErrorKind::Interrupted);
        assert_eq!(error.is_retryable_once(), is_named);
        let cause = error.source().unwrap().to_string();
        assert_eq!(cause.contains("close_notify"), is_named, "{cause}");
        assert_eq!(server.requests().len(), 1);
    }
}

#[cfg(feature = "bundled-roots")]
#[test]
fn the_bundled_roots_take_the_place_of_the_systems() {
    if !subprocess::is_child() {
        let test = "trust::the_bundled_roots_take_the_place_of_the_systems";
        return run_again(test, "roots.pem");
    }
    assert!(call(&IsahcTransport::new(), HTTPS));
    assert!(!call(&IsahcTransport::builder().bundled_roots().build().unwrap(), HTTPS));
}

#[cfg(feature = "bundled-roots")]
#[test]
fn the_last_call_that_names_roots_counts() {
    let authority = Authority::new();
    let server = ScriptedServer::start(Script::new().tls(authority.issue(LOOPBACK)).serve());
    let exchange = || post_to(&server.url("https", LOOPBACK));
    let builder = IsahcTransport::builder();
    let own_last = builder.clone().bundled_roots().roots_pem(authority.pem()).build().unwrap();
    assert!(send(&own_last, exchange()).is_ok());
    let bundled_last = builder.roots_pem(authority.pem()).bundled_roots().build().unwrap();
    assert!(send(&bundled_last, exchange()).is_err());
}

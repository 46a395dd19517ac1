//! Which roots are trusted, and when the system's are read: tests of every adapter over rustls.
//!
//! An adapter's tests include this file as their module `trust`, and have a module `adapter` with its
//! transport as `Adapter`, `unpooled`, which opens a connection for each exchange, and `send`.

use std::error::Error;
use std::path::Path;
use std::{env, fs};

use easemob_token_transport::{TransportError, TransportErrorKind};
use easemob_token_transport_testkit::{
    Authority, Identity, LOOPBACK, Script, ScriptedServer, ServerTls, subprocess,
};

use crate::adapter::{Adapter, send, unpooled};

/// What the test's process is given, in variables.
const FOLDER: &str = "TRUST_FOLDER";
const HTTP: &str = "TRUST_HTTP_URL";
pub(crate) const HTTPS: &str = "TRUST_HTTPS_URL";
const EXPECTED: &str = "TRUST_EXPECTED";

/// Runs the test again in a process whose system roots are the file `roots.pem`, which at first is
/// called `name`.
pub(crate) fn run_again(test: &str, name: &str) {
    run_again_with(test, name, ("FOLDER/roots.pem", ":", ""));
}

fn run_again_with(test: &str, name: &str, (file, dir, expected): (&str, &str, &str)) {
    let authority = Authority::new();
    let folder = format!("easemob-{}-{}", std::process::id(), test.replace("::", "-"));
    let folder = env::temp_dir().join(folder);
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
    let path = |text: &str| text.replace("FOLDER", folder.to_str().unwrap());
    command.env("SSL_CERT_FILE", path(file)).env("SSL_CERT_DIR", path(dir)).env(EXPECTED, expected);
    subprocess::run(&mut command);
    fs::remove_dir_all(&folder).unwrap();
}

fn call(transport: &Adapter, url: &str) -> bool {
    send(transport, &env::var(url).unwrap()).is_ok()
}

#[test]
fn the_systems_roots_are_read_for_the_first_tls_connection_and_not_before() {
    if !subprocess::is_child() {
        let test = "trust::the_systems_roots_are_read_for_the_first_tls_connection_and_not_before";
        return run_again(test, "later.pem");
    }
    let folder = env::var(FOLDER).unwrap();
    let roots = Path::new(&folder).join("roots.pem");
    let transport = unpooled();
    assert!(call(&transport, HTTP));
    // Before this moment there is nothing to find.
    fs::rename(Path::new(&folder).join("later.pem"), &roots).unwrap();
    assert!(call(&transport, HTTPS));
    // They are read once.
    fs::remove_file(&roots).unwrap();
    assert!(call(&transport, HTTPS));
}

#[cfg(feature = "bundled-roots")]
#[test]
fn the_bundled_roots_take_the_place_of_the_systems() {
    if !subprocess::is_child() {
        let test = "trust::the_bundled_roots_take_the_place_of_the_systems";
        return run_again(test, "roots.pem");
    }
    assert!(call(&Adapter::new(), HTTPS));
    assert!(!call(&Adapter::builder().bundled_roots().build().unwrap(), HTTPS));
}

#[cfg(feature = "bundled-roots")]
#[test]
fn the_last_call_that_names_roots_counts() {
    let authority = Authority::new();
    let server = ScriptedServer::start(Script::new().tls(authority.issue(LOOPBACK)).serve());
    let url = server.url("https", LOOPBACK);
    let builder = Adapter::builder();
    let own_last = builder.clone().bundled_roots().roots_pem(authority.pem()).build().unwrap();
    assert!(send(&own_last, &url).is_ok());
    let bundled_last = builder.roots_pem(authority.pem()).bundled_roots().build().unwrap();
    assert!(send(&bundled_last, &url).is_err());
}

#[test]
fn an_empty_variable_counts_as_unset_and_an_unusable_one_is_named() {
    if !subprocess::is_child() {
        let test = "trust::an_empty_variable_counts_as_unset_and_an_unusable_one_is_named";
        // The roots of this machine, if it has any, have not issued the certificate.
        let has_roots = Path::new("/etc/ssl/certs/ca-certificates.crt").exists();
        let unknown = if has_roots { "trusted root" } else { "root" };
        for case in [
            ("", "FOLDER", "ok"),
            ("", "", unknown),
            ("/missing.pem", "", "SSL_CERT_FILE names a file that cannot be read"),
        ] {
            run_again_with(test, "roots.pem", case);
        }
        return;
    }
    let result = send(&Adapter::new(), &env::var(HTTPS).unwrap());
    assert_outcome(&result, &env::var(EXPECTED).unwrap());
}

#[track_caller]
fn assert_outcome(result: &Result<(), TransportError>, expected: &str) {
    match result {
        Ok(()) => assert_eq!("ok", expected),
        Err(error) => {
            assert_eq!(error.kind(), TransportErrorKind::Tls, "{error:?}");
            let problem = error.source().unwrap().to_string();
            assert!(problem.contains(expected) && !problem.contains('\n'), "{problem}: {expected}");
        }
    }
}

/// Sends to a server that shows a certificate, and trusts this root, or else that certificate.
#[track_caller]
pub(crate) fn check(tls: ServerTls, root: Option<String>, expected: &str) {
    let root = root.unwrap_or_else(|| tls.identity().pem().to_owned());
    let server = ScriptedServer::start(Script::new().tls(tls).serve());
    let other = Identity::self_signed_authority("other.example");
    for builder in [
        Adapter::builder().roots_pem(root.as_str()),
        Adapter::builder().roots_pem(other.pem()).add_roots_pem(root.as_str()),
    ] {
        let result = send(&builder.build().unwrap(), &server.url("https", LOOPBACK));
        assert_outcome(&result, expected);
    }
}

#[test]
fn a_root_is_read_with_a_byte_order_mark_indentation_and_other_line_ends() {
    let authority = Authority::new();
    let pem = authority.pem().replace('\n', "\r\n    ");
    let text = format!("\u{feff}subject=CN: a\r\n  {pem}");
    check(authority.issue(LOOPBACK).into(), Some(text), "ok");
}

#[test]
fn each_added_root_is_trusted_besides_the_systems() {
    let (one, two) = (Authority::new(), Authority::new());
    let builder = Adapter::builder().add_roots_pem(one.pem()).add_roots_pem(two.pem());
    let transport = builder.build().unwrap();
    for authority in [one, two] {
        let script = Script::new().tls(authority.issue(LOOPBACK));
        let server = ScriptedServer::start(script.serve());
        assert_outcome(&send(&transport, &server.url("https", LOOPBACK)), "ok");
    }
}

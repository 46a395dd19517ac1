//! Which roots are trusted by default and with the bundled ones, and when the system's are read.

use std::path::Path;
use std::{env, fs};

use easemob_token_transport::Transport;
use easemob_token_transport_hyper::HyperTransport;
use easemob_token_transport_testkit::{Authority, LOOPBACK, Script, ScriptedServer, subprocess};

use crate::post_to;

/// What the test's process is given, in variables.
const FOLDER: &str = "TRUST_FOLDER";
const HTTP: &str = "TRUST_HTTP_URL";
const HTTPS: &str = "TRUST_HTTPS_URL";

/// Runs the test again in a process whose system roots are the file `roots.pem`, which at first is
/// called `name`.
fn run_again(test: &str, name: &str) {
    let authority = Authority::new();
    let folder = env::temp_dir().join(format!("easemob-hyper-{}-{name}", std::process::id()));
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

fn call(transport: &HyperTransport, url: &str) -> bool {
    let exchange = post_to(&env::var(url).unwrap());
    crate::current_thread().block_on(transport.send(exchange)).is_ok()
}

#[test]
fn the_systems_roots_are_read_for_the_first_tls_connection_and_not_before() {
    if !subprocess::is_child() {
        let test = "trust::the_systems_roots_are_read_for_the_first_tls_connection_and_not_before";
        return run_again(test, "later.pem");
    }
    let folder = env::var(FOLDER).unwrap();
    let roots = Path::new(&folder).join("roots.pem");
    let transport = HyperTransport::builder().reuse_connections(false).build().unwrap();
    assert!(call(&transport, HTTP));
    // Before this moment there is nothing to find.
    fs::rename(Path::new(&folder).join("later.pem"), &roots).unwrap();
    assert!(call(&transport, HTTPS));
    // They are read once.
    fs::remove_file(&roots).unwrap();
    assert!(call(&transport, HTTPS));
}

#[cfg(unix)]
#[test]
fn roots_that_cannot_be_read_for_lack_of_descriptors_are_read_later() {
    if !subprocess::is_child() {
        let test = "trust::roots_that_cannot_be_read_for_lack_of_descriptors_are_read_later";
        return run_again(test, "roots.pem");
    }
    for free in 0..5 {
        let transport = HyperTransport::new();
        let exchange = || post_to(&env::var(HTTPS).unwrap());
        // A new runtime each time, which leaves no connection open.
        let runtime = crate::current_thread();
        let held = subprocess::hold_descriptors(free);
        if let Err(error) = runtime.block_on(transport.send(exchange())) {
            assert_eq!(
                error.kind(),
                easemob_token_transport::TransportErrorKind::Connect,
                "{free}: {error:?}"
            );
        }
        drop(held);
        assert!(runtime.block_on(transport.send(exchange())).is_ok(), "{free}");
    }
}

#[cfg(feature = "bundled-roots")]
#[test]
fn the_bundled_roots_take_the_place_of_the_systems() {
    if !subprocess::is_child() {
        let test = "trust::the_bundled_roots_take_the_place_of_the_systems";
        return run_again(test, "roots.pem");
    }
    assert!(call(&HyperTransport::new(), HTTPS));
    assert!(!call(&HyperTransport::builder().bundled_roots().build().unwrap(), HTTPS));
}

#[cfg(feature = "bundled-roots")]
#[tokio::test]
async fn the_last_call_that_names_roots_counts() {
    let authority = Authority::new();
    let server = ScriptedServer::start(Script::new().tls(authority.issue(LOOPBACK)).serve());
    let exchange = || post_to(&server.url("https", LOOPBACK));
    let builder = HyperTransport::builder();
    let own_last = builder.clone().bundled_roots().roots_pem(authority.pem()).build().unwrap();
    assert!(own_last.send(exchange()).await.is_ok());
    let bundled_last = builder.roots_pem(authority.pem()).bundled_roots().build().unwrap();
    assert!(bundled_last.send(exchange()).await.is_err());
}

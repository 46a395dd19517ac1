//! Whom a transport trusts by default and with the bundled roots, and when it reads the system's.

use std::path::PathBuf;
use std::process::Command;
use std::{env, fs, thread};

use easemob_token_transport::Transport;
use easemob_token_transport_hyper::HyperTransport;

use crate::post;
use crate::server::{Peer, Server};
use crate::tls::{Authority, answer};

/// Names the folder of the test that a child process plays its part in.
const CHILD: &str = "TRUST_CHILD";

/// A folder for one test, gone with it.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Self {
        let path = env::temp_dir().join(format!("easemob-{}-{test}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Runs this test again, as a process in which the system's roots are those in a file.
async fn in_child(test: &str, folder: &Folder, variables: &[(&str, String)]) {
    let mut command = Command::new(env::current_exe().unwrap());
    command
        .args(["--exact", &format!("trust::{test}"), "--nocapture"])
        .env(CHILD, &folder.0)
        .env("SSL_CERT_FILE", folder.0.join("roots.pem"))
        .env_remove("SSL_CERT_DIR")
        .envs(variables.iter().map(|(name, value)| (name, value)));
    let child = thread::spawn(move || command.output().unwrap());
    let output = child.join().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("1 passed"), "no test has this name: {test}");
}

/// The folder, in the child.
fn child_folder() -> Option<PathBuf> {
    env::var_os(CHILD).map(PathBuf::from)
}

#[tokio::test]
async fn the_systems_roots_are_read_for_the_first_tls_connection_and_not_before() {
    if let Some(folder) = child_folder() {
        let roots = folder.join("roots.pem");
        let (http, https) = (env::var("HTTP_URL").unwrap(), env::var("HTTPS_URL").unwrap());
        let transport = HyperTransport::builder().reuse_connections(false).build().unwrap();
        transport.send(post(&http)).await.unwrap();
        // Only now is there something to read; whoever looked before has found nothing.
        fs::rename(folder.join("later.pem"), &roots).unwrap();
        transport.send(post(&https)).await.unwrap();
        // And it was read once.
        fs::remove_file(&roots).unwrap();
        transport.send(post(&https)).await.unwrap();
        return;
    }
    let authority = Authority::new();
    let folder = Folder::new("lazy");
    fs::write(folder.0.join("later.pem"), authority.pem()).unwrap();
    let plain =
        Server::start(|mut peer: Peer| while peer.request().is_some() && peer.answer("") {});
    let secure = Server::start_tls(authority.serve("127.0.0.1"), answer);
    let urls = [
        ("HTTP_URL", plain.url("http", "127.0.0.1")),
        ("HTTPS_URL", secure.url("https", "127.0.0.1")),
    ];
    let test = "the_systems_roots_are_read_for_the_first_tls_connection_and_not_before";
    in_child(test, &folder, &urls).await;
}

#[cfg(feature = "bundled-roots")]
#[tokio::test]
async fn the_bundled_roots_take_the_place_of_the_systems() {
    use easemob_token_transport::TransportErrorKind;

    if child_folder().is_some() {
        let https = env::var("HTTPS_URL").unwrap();
        let system = HyperTransport::new();
        system.send(post(&https)).await.unwrap();
        let bundled = HyperTransport::builder().bundled_roots().build().unwrap();
        let result = bundled.send(post(&https)).await;
        assert_eq!(crate::kind(result), TransportErrorKind::Tls);
        return;
    }
    let authority = Authority::new();
    let folder = Folder::new("bundled");
    fs::write(folder.0.join("roots.pem"), authority.pem()).unwrap();
    let secure = Server::start_tls(authority.serve("127.0.0.1"), answer);
    let urls = [("HTTPS_URL", secure.url("https", "127.0.0.1"))];
    in_child("the_bundled_roots_take_the_place_of_the_systems", &folder, &urls).await;
}

#[cfg(feature = "bundled-roots")]
#[tokio::test]
async fn the_last_word_on_whom_to_trust_counts() {
    let authority = Authority::new();
    let server = Server::start_tls(authority.serve("127.0.0.1"), answer);
    let exchange = || post(&server.url("https", "127.0.0.1"));
    let builder = HyperTransport::builder();
    let own_last = builder.clone().bundled_roots().roots_pem(authority.pem()).build().unwrap();
    assert!(own_last.send(exchange()).await.is_ok());
    let bundled_last = builder.roots_pem(authority.pem()).bundled_roots().build().unwrap();
    assert!(bundled_last.send(exchange()).await.is_err());
}

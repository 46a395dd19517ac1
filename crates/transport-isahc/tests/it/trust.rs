//! Whom a transport trusts by default and with the bundled roots, and when it reads the system's.

use std::path::PathBuf;
use std::process::Command;
use std::{env, fs};

use crate::server::{Server, exchange, send, transport};
use crate::tls::{Authority, https, uri};

/// Names the folder of the test that a child process plays its part in.
const CHILD: &str = "TRUST_CHILD";

/// A folder for one test, gone with it.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Self {
        let path = env::temp_dir().join(format!("easemob-isahc-{}-{test}", std::process::id()));
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
fn in_child(test: &str, folder: &Folder, variables: &[(&str, String)]) {
    let output = Command::new(env::current_exe().unwrap())
        .args(["--exact", &format!("trust::{test}"), "--nocapture"])
        .env(CHILD, &folder.0)
        .env("SSL_CERT_FILE", folder.0.join("roots.pem"))
        .env_remove("SSL_CERT_DIR")
        .envs(variables.iter().map(|(name, value)| (name, value)))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("1 passed"), "no test has this name: {test}");
}

/// The folder, in the child.
fn child_folder() -> Option<PathBuf> {
    env::var_os(CHILD).map(PathBuf::from)
}

#[test]
fn the_systems_roots_are_read_for_the_first_tls_connection_and_not_before() {
    if let Some(folder) = child_folder() {
        let (http, https) = (env::var("HTTP_URL").unwrap(), env::var("HTTPS_URL").unwrap());
        let transport = transport();
        send(&transport, exchange(&http)).unwrap();
        // Only now is there something to read; before, there was nothing to find.
        let roots = folder.join("roots.pem");
        fs::rename(folder.join("later.pem"), &roots).unwrap();
        send(&transport, exchange(&https)).unwrap();
        // And curl reads it for every connection.
        fs::remove_file(&roots).unwrap();
        assert!(send(&transport, exchange(&https)).is_err());
        return;
    }
    let authority = Authority::new();
    let folder = Folder::new("lazy");
    fs::write(folder.0.join("later.pem"), &authority.pem).unwrap();
    let plain = Server::answering(crate::server::reply("200 OK", "{}"));
    let (secure, _) = https(authority.server("127.0.0.1"));
    let urls = [("HTTP_URL", plain.uri()), ("HTTPS_URL", uri(&secure))];
    let test = "the_systems_roots_are_read_for_the_first_tls_connection_and_not_before";
    in_child(test, &folder, &urls);
}

#[cfg(feature = "bundled-roots")]
#[test]
fn the_bundled_roots_take_the_place_of_the_systems() {
    use easemob_token_transport::TransportErrorKind::Tls;
    use easemob_token_transport_isahc::IsahcTransport;

    if child_folder().is_some() {
        let https = env::var("HTTPS_URL").unwrap();
        send(&transport(), exchange(&https)).unwrap();
        let bundled = IsahcTransport::builder().bundled_roots().build().unwrap();
        assert_eq!(send(&bundled, exchange(&https)).unwrap_err().kind(), Tls);
        return;
    }
    let authority = Authority::new();
    let folder = Folder::new("bundled");
    fs::write(folder.0.join("roots.pem"), &authority.pem).unwrap();
    let (secure, _) = https(authority.server("127.0.0.1"));
    let test = "the_bundled_roots_take_the_place_of_the_systems";
    in_child(test, &folder, &[("HTTPS_URL", uri(&secure))]);
}

#[cfg(feature = "bundled-roots")]
#[test]
fn the_last_word_on_whom_to_trust_counts() {
    use easemob_token_transport_isahc::IsahcTransport;

    let authority = Authority::new();
    let (server, _) = https(authority.server("127.0.0.1"));
    let pem = || authority.pem.clone();
    let builder = IsahcTransport::builder();
    let own_last = builder.clone().bundled_roots().roots_pem(pem()).build().unwrap();
    assert!(send(&own_last, exchange(&uri(&server))).is_ok());
    let bundled_last = builder.roots_pem(pem()).bundled_roots().build().unwrap();
    assert!(send(&bundled_last, exchange(&uri(&server))).is_err());
}

//! The place that the calls are for: a TLS server on loopback that writes down what it is asked.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use easemob_token_end_to_end::Authority;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// This machine by an address that is none of those which are never proxied.
pub(crate) const ADDRESS: &str = "0.0.0.0";

pub(crate) struct Target {
    host: &'static str,
    port: u16,
    roots: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Target {
    /// Starts one with a certificate for `host`.
    pub(crate) fn start(host: &'static str) -> Self {
        let authority = Authority::new();
        let issued = authority.issue(host);
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![CertificateDer::from_pem_slice(issued.certificate.as_bytes()).unwrap()],
                PrivateKeyDer::from_pem_slice(issued.key.as_bytes()).unwrap(),
            )
            .unwrap();
        let config = Arc::new(config);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests: Arc<Mutex<Vec<String>>> = Arc::default();
        let seen = requests.clone();
        // Until the test's process ends: it holds nothing but its port.
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (config, seen) = (config.clone(), seen.clone());
                thread::spawn(move || answer(stream.unwrap(), config, &seen));
            }
        });
        Self { host, port, roots: authority.pem().to_owned(), requests }
    }

    /// `host:port`, as a proxy is asked for it.
    pub(crate) fn authority(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    pub(crate) fn url(&self) -> String {
        format!("https://{}/org/app/token", self.authority())
    }

    /// Whom to trust, in PEM.
    pub(crate) fn roots(&self) -> &str {
        &self.roots
    }

    /// The requests that arrived since this was asked last.
    pub(crate) fn requests(&self) -> Vec<String> {
        std::mem::take(&mut *self.requests.lock().unwrap())
    }
}

/// Answers one request inside TLS; whoever breaks off is no fault of ours.
fn answer(stream: TcpStream, config: Arc<ServerConfig>, seen: &Mutex<Vec<String>>) {
    let mut stream = StreamOwned::new(ServerConnection::new(config).unwrap(), stream);
    let mut request = Vec::new();
    let mut chunk = [0; 4096];
    while !request.ends_with(b"}") {
        match stream.read(&mut chunk) {
            Ok(0) | Err(_) => return,
            Ok(read) => request.extend_from_slice(&chunk[..read]),
        }
    }
    // Before the answer, so that whoever has that finds this.
    seen.lock().unwrap().push(String::from_utf8(request).unwrap());
    let _ =
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}");
    stream.conn.send_close_notify();
    let _ = stream.flush();
}

//! The target of the calls: a TLS server on loopback that records its requests.

use std::cell::Cell;

use easemob_token_transport_testkit::{Authority, Received, Script, ScriptedServer, reply};

/// An address of this machine that is not exempt from proxies.
pub(crate) const ADDRESS: &str = "0.0.0.0";

pub(crate) struct Target {
    host: &'static str,
    roots: String,
    server: ScriptedServer,
    returned: Cell<usize>,
}

impl Target {
    /// Starts a server with a certificate for `host`.
    pub(crate) fn start(host: &'static str) -> Self {
        let authority = Authority::new();
        let response = reply::with_fields("200 OK", "Connection: close\r\n", b"{}");
        let script = Script::new().tls(authority.issue(host)).request().write(response);
        let server = ScriptedServer::start(script);
        Self { host, roots: authority.pem(), server, returned: Cell::new(0) }
    }

    /// The request line that a proxy gets.
    pub(crate) fn connect_line(&self) -> String {
        format!("CONNECT {}:{}", self.host, self.server.address().port())
    }

    pub(crate) fn url(&self) -> String {
        self.server.url("https", self.host)
    }

    /// The authority to trust, in PEM.
    pub(crate) fn roots(&self) -> &str {
        &self.roots
    }

    /// The requests that arrived since the last call.
    pub(crate) fn requests(&self) -> Vec<Received> {
        let all = self.server.requests();
        all[self.returned.replace(all.len())..].to_vec()
    }
}

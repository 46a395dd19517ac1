//! A proxy that opens a tunnel, and what it may see of an exchange.

use crate::scene::secrets::{self, IN_PROXY};
use crate::server::ScriptedServer;
use crate::server::script::Script;
use crate::server::tls::ServerTls;

/// A proxy that grants a tunnel and is the server behind it at once.
pub(crate) fn tunnel_to(tls: impl Into<ServerTls>) -> Script {
    let granted = "HTTP/1.1 200 Connection established\r\n\r\n";
    Script::new().request().write(granted).tls(tls)
}

/// What is wrong with what a proxy saw: it may see `CONNECT`, its own credentials, and TLS, inside
/// which is the one request.
pub(crate) fn check_tunnel(proxy: &ScriptedServer, credentials: Option<&str>) -> Vec<String> {
    let mut problems = Vec::new();
    let requests = proxy.requests();
    let [connect, inner] = &requests[..] else {
        return vec![format!("{} requests at the proxy instead of two", requests.len())];
    };
    if !connect.line().starts_with("CONNECT ") || !connect.body().is_empty() {
        problems.push("the proxy was asked for something else than CONNECT".to_owned());
    }
    for marker in secrets::shown_in(connect.head()) {
        problems.push(format!("the proxy saw {marker}"));
    }
    let given: Vec<&str> = connect.fields("proxy-authorization").collect();
    if given != Vec::from_iter(credentials) {
        problems.push("the proxy did not get exactly its own credentials".to_owned());
    }
    if connect.fields("authorization").next().is_some() {
        problems.push("the proxy got the server's credentials".to_owned());
    }
    if !inner.line().starts_with("POST /org/app/token") {
        problems.push("the request inside the tunnel is another one".to_owned());
    }
    if inner.names().any(|name| name.to_ascii_lowercase().starts_with("proxy-"))
        || inner.head().contains(IN_PROXY)
    {
        problems.push("the server behind the proxy got the proxy's fields".to_owned());
    }
    problems
}

//! A proxy that opens a tunnel, and a check of what it received.

use crate::scene::secrets::{self, IN_PROXY};
use crate::server::ScriptedServer;
use crate::server::script::Script;
use crate::server::tls::ServerTls;

/// The script of a proxy that opens a tunnel and plays the server behind it as well.
pub(crate) fn tunnel_to(tls: impl Into<ServerTls>) -> Script {
    grant_tunnel(Script::new(), tls)
}

/// Continues the script of a proxy in the same way.
pub(crate) fn grant_tunnel(proxy: Script, tls: impl Into<ServerTls>) -> Script {
    proxy.request().write("HTTP/1.1 200 Connection established\r\n\r\n").tls(tls)
}

/// Checks what a proxy received: `CONNECT`, its own credentials, and TLS with the one request inside.
///
/// Returns the problems.
pub(crate) fn check_tunnel(proxy: &ScriptedServer, credentials: Option<&str>) -> Vec<String> {
    let mut problems = Vec::new();
    let requests = proxy.requests();
    let [connect, inner] = &requests[..] else {
        return vec![format!("{} requests at the proxy instead of two", requests.len())];
    };
    if !connect.line().starts_with("CONNECT ") || !connect.body().is_empty() {
        problems.push("the proxy received a request other than CONNECT".to_owned());
    }
    for marker in secrets::shown_in(connect.head()) {
        problems.push(format!("the proxy received {marker}"));
    }
    let given: Vec<&str> = connect.fields("proxy-authorization").collect();
    if given != Vec::from_iter(credentials) {
        problems.push("the proxy did not receive exactly its own credentials".to_owned());
    }
    if connect.fields("authorization").next().is_some() {
        problems.push("the proxy received the credentials for the server".to_owned());
    }
    if !inner.line().starts_with("POST /org/app/token") {
        problems.push("the request inside the tunnel is not the one that was sent".to_owned());
    }
    if inner.names().any(|name| name.to_ascii_lowercase().starts_with("proxy-"))
        || inner.head().contains(IN_PROXY)
    {
        problems
            .push("the server behind the proxy received header fields for the proxy".to_owned());
    }
    problems
}

//! A server in this process that responds to every request with one token.

use easemob_token_transport_testkit::{Script, ScriptedServer, reply};

use crate::sample::APP_TOKEN;

/// Starts the server and returns its URL. It lives as long as the process.
pub(crate) fn start() -> String {
    let body =
        format!(r#"{{"access_token":"{APP_TOKEN}","expires_in":86400,"token_type":"Bearer"}}"#);
    let response = reply::ok(body.as_bytes());
    let server = ScriptedServer::start(Script::new().respond(move |_, _| response.clone()));
    let url = server.url("http", "127.0.0.1");
    std::mem::forget(server);
    url
}

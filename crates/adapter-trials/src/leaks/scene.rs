//! One exchange with all secrets in it, for controls and measurements outside of the suite.
#![expect(clippy::expect_used, reason = "without a socket on loopback there is nothing to capture")]

use easemob_token_transport::Exchange;
use easemob_token_transport_isahc::isahc::{AsyncReadResponseExt as _, HttpClient};
use easemob_token_transport_testkit::{
    Executor as _, Harness, Needs, Parking, Script, ScriptedServer, reply,
};

use super::secrets::{APP_TOKEN, AUTHORIZATION, CLIENT_SECRET, PASSWORD, USER_TOKEN};

/// A request with `Authorization`, client secret and password.
fn request(server: &ScriptedServer) -> http::Request<String> {
    http::Request::post(server.url("http", "127.0.0.1"))
        .header("content-type", "application/json")
        .header("authorization", format!("Bearer {AUTHORIZATION}"))
        .body(format!(r#"{{"client_secret":"{CLIENT_SECRET}","password":"{PASSWORD}"}}"#))
        .expect("the URL and the headers are well formed")
}

/// A server whose response has an app token and a user token.
fn server() -> ScriptedServer {
    let body = format!(r#"{{"access_token":"{APP_TOKEN}","user_token":"{USER_TOKEN}"}}"#);
    let fields = format!("X-Token: {USER_TOKEN}\r\n");
    let response = reply::with_fields("200 OK", &fields, body.as_bytes());
    ScriptedServer::start(Script::new().request().write(response))
}

/// Sends the request once through an adapter.
pub fn play(harness: &dyn Harness) {
    let server = server();
    let transport = harness.transport(&Needs::default()).expect("the default settings");
    let exchange = Exchange::new(request(&server));
    harness.executor().block_on(Box::pin(async {
        let _ = transport.send(exchange).await;
    }));
}

/// Sends the request once through isahc without an adapter.
pub fn play_bare_isahc() {
    let server = server();
    let request = request(&server);
    Parking.block_on(Box::pin(async move {
        let client = HttpClient::new().expect("a client");
        let mut response = client.send_async(request).await.expect("a response");
        response.consume().await.expect("a body");
    }));
}

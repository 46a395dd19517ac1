//! One exchange with all six secrets in it, for what is not the suite: controls and measurements.
#![expect(
    clippy::expect_used,
    reason = "where no socket can be opened on loopback there is nothing to listen to"
)]

use easemob_token_transport::Exchange;
use easemob_token_transport_isahc::isahc::{AsyncReadResponseExt as _, HttpClient};
use easemob_token_transport_testkit::{Executor, Harness, Needs, Parking, Script, ScriptedServer};

use super::secrets::{APP_TOKEN, AUTHORIZATION, CLIENT_SECRET, PASSWORD, USER_TOKEN};

/// The request: `Authorization`, client secret and password.
#[must_use]
pub fn request(url: &str) -> http::Request<String> {
    http::Request::post(url)
        .header("content-type", "application/json")
        .header("authorization", format!("Bearer {AUTHORIZATION}"))
        .body(format!(r#"{{"client_secret":"{CLIENT_SECRET}","password":"{PASSWORD}"}}"#))
        .expect("the URL and the headers are well formed")
}

/// A server that answers with an app token and a user token.
#[must_use]
pub fn server() -> ScriptedServer {
    let body = format!(r#"{{"access_token":"{APP_TOKEN}","user_token":"{USER_TOKEN}"}}"#);
    let reply = format!(
        "HTTP/1.1 200 OK\r\nX-Token: {USER_TOKEN}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    ScriptedServer::start(Script::new().request().write(reply))
}

/// The request goes through an adapter, once.
pub fn play(harness: &dyn Harness) {
    let server = server();
    let transport = harness.transport(&Needs::default()).expect("the default settings");
    let exchange = Exchange::new(request(&format!("http://{}/", server.address())));
    let executor: Box<dyn Executor> = harness.executor();
    executor.block_on(Box::pin(async {
        let _ = transport.send(exchange).await;
    }));
}

/// The request goes through isahc without an adapter, once.
pub fn play_bare_isahc() {
    let server = server();
    let request = request(&format!("http://{}/", server.address()));
    Parking.block_on(Box::pin(async move {
        let client = HttpClient::new().expect("a client");
        let mut answer = client.send_async(request).await.expect("an answer");
        answer.consume().await.expect("a body");
    }));
}

//! What isahc logs at which level, as documented in `docs/security.md`.
#![expect(clippy::unwrap_used, reason = "a request that cannot be made is a failed test")]

use easemob_token_adapter_trials::leaks::{capture, secrets};
use easemob_token_transport_isahc::isahc::HttpClient;
use easemob_token_transport_testkit::{Executor as _, Parking, Script, ScriptedServer};

const QUERY: &str = "query-of-the-request";
const CODING: &str = "coding-of-the-response";

/// Makes one exchange of isahc itself, with secrets in it.
fn play(reply: String) {
    let server = ScriptedServer::start(Script::new().request().write(reply));
    let request = http::Request::post(format!("http://{}/?q={QUERY}", server.address()))
        .header("authorization", format!("Bearer {}", secrets::AUTHORIZATION))
        .body(secrets::PASSWORD)
        .unwrap();
    Parking.block_on(Box::pin(async move {
        // Some of these responses are refused.
        let _ = HttpClient::new().unwrap().send_async(request).await;
    }));
}

/// Level and target of each entry with this text.
fn levels(entries: &[capture::Entry], what: &str) -> Vec<String> {
    let mut places: Vec<_> = entries
        .iter()
        .filter(|entry| secrets::find(&entry.text, what).is_some())
        .map(|entry| format!("{} {}", entry.level, entry.target))
        .collect();
    places.sort_unstable();
    places.dedup();
    places
}

#[test]
fn secrets_are_at_trace_and_uri_and_oddities_at_debug() {
    capture::capture_tracing().unwrap();
    let token = secrets::USER_TOKEN;
    play(format!("HTTP/1.1 200 OK\r\nX-Token: {token}\r\nContent-Length: 2\r\n\r\n{{}}"));
    play(format!("HTTP/1.1 401 {token}\r\nX-Token: {token}\r\nContent-Length: 9\r\n\r\n{{}}"));
    play(format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: {CODING}\r\n\r\n{token}"));
    play(format!("HTTP/1.1 200 OK\r\n{token}\r\n\r\n"));
    let entries = capture::take();
    for secret in [secrets::AUTHORIZATION, secrets::PASSWORD, token] {
        assert_eq!(levels(&entries, secret), ["TRACE isahc::wire"], "{secret}");
    }
    assert_eq!(levels(&entries, QUERY), ["DEBUG isahc::client", "TRACE isahc::wire"]);
    assert_eq!(levels(&entries, CODING), ["DEBUG isahc::handler"]);
}

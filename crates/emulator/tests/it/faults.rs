//! Scripted faults: which requests they apply to, how often, and their form on the wire.

use std::time::Duration;

use easemob_token_emulator::{BodyKind, Emulator, Fault, Grant, Outcome};
use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use crate::client::{
    JSON, PATH, app_token, client_credentials, inherit, password, post, post_bearing, raw, request,
};

fn token_request() -> Vec<u8> {
    request("POST", PATH, &[JSON], client_credentials().to_string().as_bytes())
}

#[tokio::test]
async fn faults_are_used_up_in_order() {
    let emulator = Emulator::start().await.unwrap();
    emulator.inject(Fault::server_error(503, BodyKind::Empty).times(2)).unwrap();
    emulator.inject(Fault::quota_exceeded()).unwrap();
    emulator.inject(Fault::conflict().times(0)).unwrap();
    assert_eq!(emulator.pending_faults(), 2);
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(post(&emulator, &client_credentials()).await.status);
    }
    assert_eq!(statuses, [503, 503, 429, 200]);
    assert_eq!(emulator.pending_faults(), 0);

    emulator.inject(Fault::conflict().always()).unwrap();
    for _ in 0..3 {
        assert_eq!(post(&emulator, &client_credentials()).await.status, 409);
    }
    emulator.clear_faults();
    assert_eq!(post(&emulator, &client_credentials()).await.status, 200);
}

#[tokio::test]
async fn a_fault_can_apply_to_one_grant_or_one_user() {
    let emulator = Emulator::start().await.unwrap();
    emulator.add_user("d", "2").unwrap();
    let token = app_token(&emulator).await;
    emulator.inject(Fault::conflict().on(Grant::Inherit)).unwrap();
    emulator.inject(Fault::quota_exceeded().for_user("D").always()).unwrap();
    assert_eq!(post(&emulator, &client_credentials()).await.status, 200);
    assert_eq!(post(&emulator, &password("c", "1")).await.status, 200);
    assert_eq!(post(&emulator, &password("d", "2")).await.status, 429);
    assert_eq!(post_bearing(&emulator, &token, &inherit("c", false)).await.status, 409);
    assert_eq!(post_bearing(&emulator, &token, &inherit("c", false)).await.status, 200);
}

#[tokio::test]
async fn rate_limits_have_the_retry_after_of_the_fault() {
    let emulator = Emulator::start().await.unwrap();
    for (fault, retry_after) in [
        (Fault::rate_limited(None), None),
        (Fault::rate_limited(Some(Duration::from_secs(7))), Some("7")),
        (
            Fault::rate_limited(None).header("Retry-After", "Wed, 21 Oct 2026 07:28:00 GMT"),
            Some("Wed, 21 Oct 2026 07:28:00 GMT"),
        ),
        (Fault::rate_limited(None).header("retry-after", "-1"), Some("-1")),
    ] {
        emulator.inject(fault).unwrap();
        let reply = post(&emulator, &client_credentials()).await;
        assert!(reply.error().starts_with("429 reach_limit"));
        assert_eq!(reply.header("retry-after"), retry_after);
    }
}

#[tokio::test]
async fn server_errors_have_one_of_four_bodies() {
    let emulator = Emulator::start().await.unwrap();
    for status in [408, 413, 415, 429, 500, 502, 503, 504] {
        emulator.inject(Fault::server_error(status, BodyKind::Json)).unwrap();
        let error = post(&emulator, &client_credentials()).await.error();
        assert!(error.starts_with(&status.to_string()), "{error}");
        for (fault, content_type, text) in [
            (Fault::gateway(status), Some("text/html"), format!("<center><h1>{status} ")),
            (Fault::server_error(status, BodyKind::Text), Some("text/plain"), "\n".to_owned()),
            (Fault::server_error(status, BodyKind::Empty), None, String::new()),
        ] {
            emulator.inject(fault).unwrap();
            let reply = post(&emulator, &client_credentials()).await;
            assert_eq!((reply.status, reply.header("content-type")), (status, content_type));
            assert!(reply.text().contains(&text), "{}", reply.text());
            assert_eq!(reply.body.is_empty(), text.is_empty());
        }
    }
}

#[tokio::test]
async fn redirects_have_the_location_of_the_fault() {
    let emulator = Emulator::start().await.unwrap();
    emulator.inject(Fault::redirect("http://127.0.0.1:1/elsewhere")).unwrap();
    let reply = post(&emulator, &client_credentials()).await;
    assert_eq!(reply.status, 302);
    assert_eq!(reply.header("location"), Some("http://127.0.0.1:1/elsewhere"));
    for status in [300, 301, 302, 303, 304, 307, 308] {
        // The test's client requires a length, which 304 must not have; so check the record.
        emulator.inject(Fault::redirect_with(status, "//other.example/x")).unwrap();
        let _ = raw(&emulator, &token_request()).await;
        let last = emulator.requests().pop().unwrap();
        assert_eq!(last.status(), Some(status));
        assert_eq!(last.response_header("location"), Some("//other.example/x"));
    }
}

#[tokio::test]
async fn a_response_is_sent_byte_for_byte() {
    let emulator = Emulator::start().await.unwrap();
    let headers = [("Content-Encoding", "gzip"), ("X-Twice", "1"), ("x-twice", "2")];
    emulator.inject(Fault::response(999, headers, &b"\x1f\x8b\x00"[..])).unwrap();
    let reply = raw(&emulator, &token_request()).await.unwrap();
    assert_eq!((reply.status, reply.body.as_slice()), (999, &b"\x1f\x8b\x00"[..]));
    assert_eq!(reply.header("content-encoding"), Some("gzip"));
    assert_eq!(reply.header("x-twice"), Some("1"));
}

#[tokio::test]
async fn members_of_the_regular_response_can_be_changed() {
    let emulator = Emulator::start().await.unwrap();
    emulator.inject(Fault::set_member("expires_in", json!("12"))).unwrap();
    emulator.inject(Fault::remove_member("access_token")).unwrap();
    let changed = post(&emulator, &client_credentials()).await.json();
    assert_eq!(changed["expires_in"], "12");
    assert!(changed["access_token"].is_string());
    let lacking = post(&emulator, &client_credentials()).await.json();
    assert!(lacking.get("access_token").is_none() && lacking["expires_in"].is_number());
}

#[tokio::test]
async fn delays_are_real_time() {
    let emulator = Emulator::start().await.unwrap();
    let pause = Duration::from_millis(120);
    for (fault, status) in [(Fault::delay(pause), 200), (Fault::conflict().after(pause), 409)] {
        emulator.inject(fault).unwrap();
        let start = Instant::now();
        assert_eq!(post(&emulator, &client_credentials()).await.status, status);
        assert!(start.elapsed() >= pause);
    }
}

#[tokio::test]
async fn closing_reads_the_request_and_sends_no_response() {
    let emulator = Emulator::start().await.unwrap();
    emulator.inject(Fault::close()).unwrap();
    assert!(raw(&emulator, &token_request()).await.is_none());
    let request = emulator.requests().pop().unwrap();
    assert_eq!(request.outcome(), Some(Outcome::Closed));
    assert_eq!(request.status(), None);
    assert_eq!(request.json(), Some(&client_credentials()));
}

#[tokio::test]
async fn hanging_lasts_until_the_client_disconnects() {
    let emulator = Emulator::start().await.unwrap();
    let mut ended = emulator.subscribe();
    emulator.inject(Fault::hang()).unwrap();
    let mut stream = TcpStream::connect(emulator.address()).await.unwrap();
    stream.write_all(&token_request()).await.unwrap();
    emulator.wait_for_requests(1).await;
    let waiting = timeout(Duration::from_millis(100), ended.next()).await;
    assert!(waiting.is_err(), "no end while the client waits");
    assert_eq!(emulator.connections_open(), 1);
    drop(stream);
    let request = timeout(Duration::from_secs(5), ended.next()).await.unwrap().unwrap();
    assert_eq!(request.outcome(), Some(Outcome::Abandoned));
}

#[tokio::test]
async fn what_http_does_not_permit_is_refused_at_once() {
    let emulator = Emulator::start().await.unwrap();
    for fault in [
        Fault::response(99, [], ""),
        Fault::response(101, [], ""),
        Fault::server_error(1000, BodyKind::Json),
        Fault::redirect_with(200, "/"),
        Fault::redirect("/\r\nX: y"),
        Fault::conflict().header("bad name", "x"),
    ] {
        assert!(emulator.inject(fault.clone()).is_err(), "{fault:?}");
    }
    assert_eq!(emulator.pending_faults(), 0);
}

#[tokio::test]
async fn a_fault_by_chance_hits_the_same_requests_in_each_run() {
    let statuses = async |probability: f64| {
        let emulator = Emulator::start().await.unwrap();
        let fault = Fault::close().always().with_probability(probability);
        emulator.inject(fault.on_path(PATH)).unwrap();
        let mut closed = Vec::new();
        for _ in 0..60 {
            let bytes = token_request();
            closed.push(raw(&emulator, &bytes).await.is_none());
        }
        closed
    };
    let hits = |closed: &[bool]| closed.iter().filter(|closed| **closed).count();
    let once = statuses(0.5).await;
    assert!((20..=40).contains(&hits(&once)), "{once:?}");
    assert_eq!(once, statuses(0.5).await);
    assert_eq!((hits(&statuses(0.0).await), hits(&statuses(1.0).await)), (0, 60));
    let emulator = Emulator::start().await.unwrap();
    assert!(emulator.inject(Fault::close().with_probability(f64::NAN)).is_err());
    emulator.inject(Fault::close().on_path("/easemob-demo/testapp/users").always()).unwrap();
    assert_eq!(post(&emulator, &client_credentials()).await.status, 200, "another path");
}

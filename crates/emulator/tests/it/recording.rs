//! The record of a request, without its secrets in logs.

use std::time::Duration;

use easemob_token_emulator::{
    DEMO_CLIENT_SECRET, Emulator, Fault, Grant, Outcome, ReceivedRequest,
};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::client::{
    JSON, PATH, app_token, client_credentials, inherit, password, post, post_bearing, raw, request,
    start_with_app_token, with,
};

#[tokio::test]
async fn a_record_has_the_request_and_the_response() {
    let (emulator, token) = start_with_app_token().await;
    let reply = post_bearing(&emulator, &token, &inherit("C", false)).await;
    let records = emulator.requests();
    assert_eq!(records.iter().map(ReceivedRequest::number).collect::<Vec<_>>(), [1, 2]);
    let record = &records[1];
    assert_eq!((record.method(), record.path(), record.query()), ("POST", PATH, None));
    assert_eq!(record.header("authorization"), Some(&*format!("Bearer {token}")));
    assert_eq!(record.header("Accept"), Some("application/json"));
    assert!(record.headers().any(|(name, value)| name == "host" && value == b"localhost"));
    assert_eq!(record.body(), inherit("C", false).to_string().as_bytes());
    assert_eq!(record.json(), Some(&inherit("C", false)));
    assert_eq!((record.grant(), record.username()), (Some(Grant::Inherit), Some("C")));
    assert_eq!((record.outcome(), record.status()), (Some(Outcome::Answered), Some(200)));
    assert_eq!(record.response_body(), Some(&reply.body[..]));
    assert_eq!(record.response_json(), Some(reply.json()));
    assert_eq!(record.response_header("content-type"), Some("application/json"));
    assert!(record.took() < Some(Duration::from_secs(30)));
    assert!(record.received_at() >= records[0].received_at());
}

#[tokio::test]
async fn one_line_shows_a_request_without_its_secrets() {
    let emulator = Emulator::builder().user("c", "correct horse").start().await.unwrap();
    let token = app_token(&emulator).await;
    let user_token = post(&emulator, &password("c", "correct horse")).await.token();
    post_bearing(&emulator, &token, &inherit("c", false)).await;
    // A server that repeats secrets in an error.
    let repeated = format!("no {DEMO_CLIENT_SECRET} and no correct horse and no {user_token}");
    emulator.inject(Fault::error(500, "oops", Some(&repeated))).unwrap();
    post_bearing(&emulator, &token, &password("c", "correct horse")).await;
    let elsewhere = format!("{PATH}?client_secret={DEMO_CLIENT_SECRET}");
    raw(&emulator, &request("POST", &elsewhere, &[("Cookie", &token)], token.as_bytes())).await;

    let records = emulator.requests();
    let lines: Vec<String> = records.iter().map(ToString::to_string).collect();
    assert!(
        lines[0].starts_with(
            "POST /easemob-demo/testapp/token {\"grant_type\":\"client_credentials\",\
             \"client_id\":\"YXA6…(26 chars)\",\"client_secret\":\"YXA6…(31 chars)\"} -> 200 \
             {\"access_token\":\"YWMt…(130 chars)\",\"expires_in\":5184000,\
             \"application\":\"8be024f0-"
        ),
        "{}",
        lines[0]
    );
    assert!(lines[1].contains("\"password\":\"***\""), "{}", lines[1]);
    assert!(lines[2].contains("(Authorization: Bearer YWMt…(130 chars))"), "{}", lines[2]);
    assert!(lines[3].contains("500") && lines[3].contains("oops"), "{}", lines[3]);
    assert!(lines[4].contains("token?*** [130 bytes]"), "{}", lines[4]);

    let secrets = [DEMO_CLIENT_SECRET, "correct horse", &token, &user_token];
    let everything = format!("{lines:?} {records:?} {records:#?} {emulator:?} {emulator:#?}");
    for secret in secrets {
        assert!(!everything.contains(secret), "{everything}");
    }
    // The positive control: the search finds them in unmasked data.
    let wire: String = records.iter().map(|r| String::from_utf8_lossy(r.body())).collect();
    let control = format!("{wire}{:?}", records[3].header("authorization"));
    assert!(control.contains(DEMO_CLIENT_SECRET) && control.contains(&token));
}

#[tokio::test]
async fn subscribers_get_each_request_when_it_ends() {
    let emulator = Emulator::start().await.unwrap();
    post(&emulator, &client_credentials()).await;
    let (mut first, mut second) = (emulator.subscribe(), emulator.subscribe());
    assert!(first.try_next().is_none(), "only what ends from now on");
    post(&emulator, &password("c", "2")).await;
    assert_eq!(first.next().await.unwrap().status(), Some(400));
    assert_eq!(second.next().await.unwrap().number(), 2);
    emulator.shutdown().await;
    assert!(first.next().await.is_none());
}

#[tokio::test]
async fn the_oldest_records_are_dropped_and_still_counted() {
    let emulator = Emulator::builder().keep_requests(2).start().await.unwrap();
    for _ in 0..3 {
        post(&emulator, &client_credentials()).await;
    }
    let numbers: Vec<u64> = emulator.requests().iter().map(ReceivedRequest::number).collect();
    assert_eq!((numbers, emulator.request_count()), (vec![2, 3], 3));
    emulator.clear_requests();
    assert!(emulator.requests().is_empty());
    assert_eq!(emulator.request_count(), 3);
}

#[tokio::test]
async fn records_are_bounded_by_bytes() {
    let emulator = Emulator::builder().keep_bytes(100_000).start().await.unwrap();
    for pad in [30_000, 30_000, 30_000, 10, 60_000, 10] {
        post(&emulator, &with(client_credentials(), "pad", "x".repeat(pad).into())).await;
    }
    let kept: Vec<u64> = emulator.requests().iter().map(ReceivedRequest::number).collect();
    assert_eq!((kept, emulator.request_count()), (vec![3, 4, 5, 6], 6));
    post(&emulator, &with(client_credentials(), "pad", "x".repeat(60_000).into())).await;
    let kept: Vec<u64> = emulator.requests().iter().map(ReceivedRequest::number).collect();
    assert_eq!(kept, [6, 7]);
}

#[tokio::test]
async fn half_a_body_is_recorded_as_abandoned() {
    let emulator = Emulator::start().await.unwrap();
    let mut ended = emulator.subscribe();
    let whole = request("POST", PATH, &[JSON], client_credentials().to_string().as_bytes());
    let mut stream = TcpStream::connect(emulator.address()).await.unwrap();
    stream.write_all(&whole[..whole.len() - 10]).await.unwrap();
    stream.shutdown().await.unwrap();
    let record = timeout(Duration::from_secs(5), ended.next()).await.unwrap().unwrap();
    assert_eq!(record.outcome(), Some(Outcome::Abandoned));
    assert!(record.to_string().ends_with("the client disconnected"), "{record}");
}

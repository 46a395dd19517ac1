//! Pages in a browser, and the list of hosts.

use std::time::Duration;

use easemob_token_emulator::{Emulator, Fault};
use serde_json::json;

use crate::client::{PATH, Reply, client_credentials, post, raw, request};

const ORIGIN: (&str, &str) = ("Origin", "https://page.example");

fn allowed(reply: &Reply) -> Option<&str> {
    reply.header("access-control-allow-origin")
}

#[tokio::test]
async fn pages_of_every_origin_may_read_every_answer_of_the_service() {
    let emulator = Emulator::builder().control().body_limit(1000).start().await.unwrap();
    let large = "x".repeat(1001);
    for (method, path, body, status) in [
        ("POST", PATH, client_credentials().to_string(), 200),
        ("POST", PATH, "{}".to_owned(), 400),
        ("POST", PATH, String::new(), 415),
        ("POST", PATH, large, 413),
        ("GET", "/easemob-demo/testapp/users", String::new(), 401),
        ("GET", "/easemob/server.json", String::new(), 200),
        ("GET", "/nowhere", String::new(), 404),
        ("PATCH", PATH, String::new(), 405),
    ] {
        let reply =
            raw(&emulator, &request(method, path, &[ORIGIN], body.as_bytes())).await.unwrap();
        assert_eq!((reply.status, allowed(&reply)), (status, Some("*")), "{method} {path}");
    }
    emulator.inject(Fault::gateway(502)).unwrap();
    emulator.inject(Fault::gateway(502).header("access-control-allow-origin", "null")).unwrap();
    assert_eq!(allowed(&post(&emulator, &client_credentials()).await), Some("*"));
    assert_eq!(allowed(&post(&emulator, &client_credentials()).await), Some("null"));
    let plain = Emulator::start().await.unwrap();
    for emulator in [&emulator, &plain] {
        for method in ["OPTIONS", "GET", "POST"] {
            for path in ["/__emulator", "/__emulator/users", "/__emulator/health"] {
                let reply = raw(emulator, &request(method, path, &[ORIGIN], b"")).await.unwrap();
                assert_eq!(allowed(&reply), None, "{method} {path}");
                assert_eq!(reply.header("access-control-allow-methods"), None);
            }
        }
    }
}

#[tokio::test]
async fn a_preflight_is_answered_and_takes_neither_a_fault_nor_a_hold() {
    let emulator = Emulator::start().await.unwrap();
    emulator.inject(Fault::gateway(502)).unwrap();
    let hold = emulator.hold();
    let asked = [
        ORIGIN,
        ("Access-Control-Request-Method", "POST"),
        ("Access-Control-Request-Headers", "authorization,x-app"),
    ];
    for (headers, fields) in
        [(&asked[..], "authorization,x-app"), (&[ORIGIN], "Authorization, Content-Type, Accept")]
    {
        for path in [PATH, "/nowhere/at/all"] {
            let sent = request("OPTIONS", path, headers, b"");
            let reply = tokio::time::timeout(Duration::from_secs(5), raw_head(&emulator, &sent));
            let raw_reply = reply.await.expect("is not held back");
            assert!(raw_reply.starts_with("HTTP/1.1 204 "), "{raw_reply}");
            for line in [
                "access-control-allow-origin: *",
                "access-control-allow-methods: GET, POST, PUT, DELETE, OPTIONS",
                &format!("access-control-allow-headers: {fields}"),
            ] {
                assert!(raw_reply.contains(line), "{line} in {raw_reply}");
            }
        }
    }
    assert_eq!((emulator.pending_faults(), emulator.requests().len()), (1, 4));
    drop(hold);
}

/// A response without a body has no `Content-Length`.
async fn raw_head(emulator: &Emulator, request: &[u8]) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut stream = tokio::net::TcpStream::connect(emulator.address()).await.unwrap();
    stream.write_all(request).await.unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).await.unwrap();
    response
}

#[tokio::test]
async fn the_list_of_hosts_names_the_emulator_as_the_client_sees_it() {
    let emulator = Emulator::start().await.unwrap();
    let port = emulator.address().port().to_string();
    for (host, domain, port) in [
        ("emulator:8080", "emulator", "8080"),
        ("127.0.0.1", "127.0.0.1", "80"),
        ("a@b", "127.0.0.1", &*port),
    ] {
        let sent = format!(
            "GET /easemob/server.json?app_key=easemob-demo%23testapp HTTP/1.1\r\nHost: {host}\r\n\
             Connection: close\r\n\r\n"
        );
        let list = raw(&emulator, sent.as_bytes()).await.unwrap().json();
        let named =
            json!([{ "protocol": "http", "domain": domain, "port": port, "priority": "1" }]);
        assert_eq!((&list["rest"]["hosts"], &list["msync-wx"]["hosts"]), (&named, &named));
        assert!(list["valid_before"].as_str().unwrap().parse::<u64>().unwrap() > 1_600_000_000);
    }
    let reply = raw(&emulator, &request("POST", "/easemob/server.json", &[], b"")).await.unwrap();
    assert_eq!((reply.status, reply.header("allow")), (405, Some("GET")));
}

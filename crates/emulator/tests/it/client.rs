//! A minimal HTTP client: one request per connection, no code shared with an adapter.

use std::net::SocketAddr;

use easemob_token_emulator::{DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, Emulator};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A response.
pub(crate) struct Reply {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    fn parse(raw: &[u8]) -> Option<Self> {
        let end = raw.windows(4).position(|window| window == b"\r\n\r\n")?;
        let head = std::str::from_utf8(&raw[..end]).ok()?.to_owned();
        let status = head.split(' ').nth(1)?.parse().ok()?;
        let reply = Self { status, head, body: raw[end + 4..].to_vec() };
        let length = reply.header("content-length").unwrap_or("0").parse();
        assert_eq!(length, Ok(reply.body.len()), "body is whole");
        Some(reply)
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (known, value) = line.split_once(':')?;
            known.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("a JSON body")
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("text")
    }

    /// Status, `error` and `error_description` as one text, after a check of the other members.
    pub(crate) fn error(&self) -> String {
        assert_eq!(self.header("content-type"), Some("application/json"));
        let body = self.json();
        for (name, value) in body.as_object().expect("an object") {
            match name.as_str() {
                "error" | "error_description" | "exception" => assert!(value.is_string(), "{name}"),
                "timestamp" | "duration" => assert!(value.is_u64(), "{name}"),
                other => panic!("{other} is not documented"),
            }
        }
        assert!(body["timestamp"].as_u64() > Some(1_600_000_000_000), "milliseconds");
        assert!(body["exception"].is_string() && body["duration"].is_u64());
        let error = format!("{} {}", self.status, body["error"].as_str().expect("error"));
        body["error_description"].as_str().map_or(error.clone(), |text| format!("{error}: {text}"))
    }

    pub(crate) fn token(&self) -> String {
        assert_eq!(self.status, 200, "{}", self.text());
        self.json()["access_token"].as_str().expect("access_token").to_owned()
    }
}

/// Sends raw bytes and reads to the end; `None` if the connection ends without a response.
pub(crate) async fn raw(emulator: &Emulator, request: &[u8]) -> Option<Reply> {
    raw_at(emulator.address(), request).await
}

pub(crate) async fn raw_at(address: SocketAddr, request: &[u8]) -> Option<Reply> {
    let mut stream = TcpStream::connect(address).await.expect("connects");
    stream.write_all(request).await.expect("sends");
    let mut response = Vec::new();
    stream.read_to_end(&mut response).await.ok()?;
    Reply::parse(&response)
}

pub(crate) fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut request =
        format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str(&format!("Content-Length: {}\r\n\r\n", body.len()));
    [request.as_bytes(), body].concat()
}

pub(crate) const PATH: &str = "/easemob-demo/testapp/token";
pub(crate) const JSON: (&str, &str) = ("Content-Type", "application/json");

/// Sends a JSON request to any path, with any further header fields.
pub(crate) async fn post_to(
    emulator: &Emulator,
    path: &str,
    headers: &[(&str, &str)],
    body: &Value,
) -> Reply {
    let headers = [&[JSON, ("Accept", "application/json")], headers].concat();
    let request = request("POST", path, &headers, body.to_string().as_bytes());
    raw(emulator, &request).await.expect("a response")
}

pub(crate) async fn post(emulator: &Emulator, body: &Value) -> Reply {
    post_to(emulator, PATH, &[], body).await
}

pub(crate) fn client_credentials() -> Value {
    json!({
        "grant_type": "client_credentials",
        "client_id": DEMO_CLIENT_ID,
        "client_secret": DEMO_CLIENT_SECRET,
    })
}

pub(crate) fn password(username: &str, password: &str) -> Value {
    json!({"grant_type": "password", "username": username, "password": password})
}

pub(crate) fn inherit(username: &str, create: bool) -> Value {
    json!({"grant_type": "inherit", "username": username, "autoCreateUser": create})
}

/// An emulator with the demo settings, and an app token of it.
pub(crate) async fn start_with_app_token() -> (Emulator, String) {
    let emulator = Emulator::start().await.expect("starts");
    let token = app_token(&emulator).await;
    (emulator, token)
}

pub(crate) async fn app_token(emulator: &Emulator) -> String {
    post(emulator, &client_credentials()).await.token()
}

pub(crate) async fn post_bearing(emulator: &Emulator, token: &str, body: &Value) -> Reply {
    post_to(emulator, PATH, &[("Authorization", &format!("Bearer {token}"))], body).await
}

pub(crate) async fn get_bearing(emulator: &Emulator, token: &str, path: &str) -> Reply {
    bearing(emulator, token, "GET", path, "").await
}

/// Sends a request with a bearer token, and with a body under no content type.
pub(crate) async fn bearing(
    emulator: &Emulator,
    token: &str,
    method: &str,
    path: &str,
    body: &str,
) -> Reply {
    let field = format!("Bearer {token}");
    let request = request(method, path, &[("Authorization", &field)], body.as_bytes());
    raw(emulator, &request).await.expect("a response")
}

/// Adds a member to a body.
pub(crate) fn with(mut body: Value, name: &str, value: Value) -> Value {
    body[name] = value;
    body
}

/// Removes a member from a body.
pub(crate) fn without(mut body: Value, name: &str) -> Value {
    body.as_object_mut().expect("an object").remove(name);
    body
}

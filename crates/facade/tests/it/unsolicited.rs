//! Responses that nobody asked for, on connections that are used again.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use easemob_token::Client;
use easemob_token::hyper::HyperTransport;

use crate::calls::in_time;

/// One request as it arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Asked {
    is_app_token: bool,
    /// Whether it was the first one on its connection.
    is_first: bool,
}

/// A service that names no user, and sends a stranger's token after each answer.
struct Service {
    url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    sends_strangers: bool,
}

impl Service {
    fn start(sends_strangers: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::<Mutex<Vec<Asked>>>::default();
        let service = Self { url, asked: Arc::clone(&asked), sends_strangers };
        thread::spawn(move || {
            for stream in listener.incoming() {
                let asked = Arc::clone(&asked);
                thread::spawn(move || serve(stream.unwrap(), &asked, sends_strangers));
            }
        });
        service
    }

    fn client(&self) -> Client {
        Client::builder()
            .base_url(&*self.url)
            .app_key("org#app")
            .client_credentials("id", "secret")
            .transport(HyperTransport::new())
            .build()
            .unwrap()
    }

    fn take(&self) -> Vec<Asked> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }
}

/// Answers one connection's requests to its end.
fn serve(stream: TcpStream, asked: &Mutex<Vec<Asked>>, sends_strangers: bool) {
    let mut writer = stream.try_clone().unwrap();
    let mut reader = BufReader::new(stream);
    let mut is_first = true;
    while let Some(body) = read_request(&mut reader) {
        let is_app_token = body.contains("client_credentials");
        asked.lock().unwrap().push(Asked { is_app_token, is_first });
        is_first = false;
        if writer.write_all(response("own").as_bytes()).is_err() {
            return;
        }
        if sends_strangers && writer.write_all(response("strangers").as_bytes()).is_err() {
            return;
        }
    }
}

/// The body of the next request; `None` when there is none.
fn read_request(reader: &mut impl BufRead) -> Option<String> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line == "\r\n" {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(String::from_utf8(body).unwrap())
}

fn response(token: &str) -> String {
    let body = format!(r#"{{"access_token":"{token}","expires_in":3600}}"#);
    let length = body.len();
    format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{body}")
}

const APP: Asked = Asked { is_app_token: true, is_first: true };
const USER: Asked = Asked { is_app_token: false, is_first: true };
const USER_ON_A_REUSED_CONNECTION: Asked = Asked { is_app_token: false, is_first: false };

#[tokio::test]
async fn a_user_token_that_names_no_user_is_taken_from_a_fresh_connection() {
    let service = Service::start(false);
    let client = service.client();
    client.user_token("a").await.unwrap();
    client.user_token("b").await.unwrap();
    client.user_token("c").await.unwrap();
    client.user_token_by_password("d", "1").await.unwrap();
    let asked = service.take();
    // Once it is asked again; from then on each has a connection of its own.
    let again = asked.iter().filter(|it| **it == USER_ON_A_REUSED_CONNECTION).count();
    assert_eq!(again, 1, "{asked:?}");
    assert_eq!(asked[0], APP);
    let place = asked.iter().position(|it| *it == USER_ON_A_REUSED_CONNECTION).unwrap();
    assert!(asked[place + 1..].iter().all(|it| *it == USER), "{asked:?}");
    assert_eq!(asked.len(), 6);
}

#[tokio::test]
async fn an_app_token_is_taken_from_a_fresh_connection() {
    let service = Service::start(false);
    let client = service.client();
    let mut authorization = client.authorize().await.unwrap();
    client.user_token("a").await.unwrap();
    in_time(authorization.renew()).await.unwrap();
    let asked = service.take();
    let app_tokens: Vec<_> = asked.into_iter().filter(|it| it.is_app_token).collect();
    assert_eq!(app_tokens, [APP, APP]);
}

#[tokio::test]
async fn a_strangers_token_right_after_an_answer_is_nobodys() {
    let service = Service::start(true);
    assert!(service.sends_strangers);
    for _ in 0..20 {
        let client = service.client();
        let app = in_time(client.app_token()).await.unwrap();
        assert_eq!(app.access_token().expose(), "own");
        for user in ["a", "b", "c"] {
            let token = in_time(client.user_token(user).into_future()).await.unwrap();
            assert_eq!(token.access_token().expose(), "own");
        }
        client.invalidate_app_token(&app);
        let mut authorization = client.authorize().await.unwrap();
        // The same text again is no other token.
        assert!(!in_time(authorization.renew()).await.unwrap());
    }
}

//! Starting, listening and stopping.

use std::error::Error as _;
use std::time::Duration;

use easemob_token_emulator::{Emulator, Fault, StartErrorKind};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio::time::timeout;

use crate::client::{JSON, PATH, client_credentials, post, request};

#[tokio::test]
async fn by_default_it_listens_on_a_free_loopback_port() {
    let (one, other) = (Emulator::start().await.unwrap(), Emulator::start().await.unwrap());
    assert_ne!(one.base_url(), other.base_url());
    assert!(one.base_url().starts_with("http://127.0.0.1:"), "{}", one.base_url());
    assert_eq!(one.app_key(), "easemob-demo#testapp");
}

#[tokio::test]
async fn a_taken_port_is_an_error_that_names_the_address() {
    let first = Emulator::start().await.unwrap();
    let taken = first.address().to_string();
    let error = Emulator::builder().listen(&taken).start().await.unwrap_err();
    assert_eq!((error.kind(), error.listen()), (StartErrorKind::Listen, &*taken));
    assert_eq!(error.to_string(), format!("cannot listen on {taken}"));
    assert!(error.source().and_then(|source| source.downcast_ref::<std::io::Error>()).is_some());
}

#[tokio::test]
async fn remote_clients_are_allowed_only_if_set() {
    for address in ["0.0.0.0:0", "[::]:0"] {
        let error = Emulator::builder().listen(address).start().await.unwrap_err();
        assert_eq!(error.kind(), StartErrorKind::NotLoopback);
        assert!(error.to_string().contains(address), "{error}");
    }
    let emulator = Emulator::builder().listen("0.0.0.0:0").allow_remote().start().await.unwrap();
    assert!(emulator.address().ip().is_unspecified());
}

#[tokio::test]
async fn settings_are_checked_before_listening() {
    let builder = Emulator::builder;
    for (builder, setting) in [
        (builder().app_key("..", "a"), "organization"),
        (builder().app_key("a", "b/c"), "application name"),
        (builder().app_key("a", ""), "application name"),
        (builder().further_app("%2f", "a", "i", "s"), "organization"),
        (builder().client("", "s"), "client ID"),
        (builder().client("i", ""), "client secret"),
        (builder().user("no good", "p"), "user ID"),
        (builder().user("u", ""), "password"),
        (builder().user("u", &"p".repeat(65)), "password"),
        (builder().application_id("aa471ee0-XXXX"), "application ID"),
        (builder().request_limit(0), "request limit"),
    ] {
        let error = builder.start().await.unwrap_err();
        assert_eq!(error.kind(), StartErrorKind::InvalidSetting);
        let source = error.source().unwrap().to_string();
        assert!(source.starts_with(&format!("the {setting} ")), "{source}");
    }
}

#[tokio::test]
async fn a_connection_serves_more_than_one_request() {
    let emulator = Emulator::start().await.unwrap();
    let mut stream = TcpStream::connect(emulator.address()).await.unwrap();
    let body = client_credentials().to_string();
    let request = format!(
        "POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut seen = Vec::new();
    for responses in 1..=2 {
        stream.write_all(request.as_bytes()).await.unwrap();
        while seen.windows(14).filter(|window| window == b"\"expires_in\":5").count() < responses {
            assert!(stream.read_buf(&mut seen).await.unwrap() > 0);
        }
    }
    assert_eq!((emulator.connections_accepted(), emulator.request_count()), (1, 2));
}

/// An emulator with an idle, a hanging, and two incomplete connections.
async fn busy() -> (Emulator, Vec<TcpStream>) {
    let emulator = Emulator::start().await.unwrap();
    emulator.inject(Fault::hang()).unwrap();
    let bytes = request("POST", PATH, &[JSON], client_credentials().to_string().as_bytes());
    let mut streams = Vec::new();
    for part in [bytes.len(), 0, 20, bytes.len() - 1] {
        let mut stream = TcpStream::connect(emulator.address()).await.unwrap();
        stream.write_all(&bytes[..part]).await.unwrap();
        streams.push(stream);
    }
    emulator.wait_for_requests(1).await;
    while emulator.connections_accepted() < 4 {
        tokio::task::yield_now().await;
    }
    (emulator, streams)
}

async fn assert_cut(streams: Vec<TcpStream>) {
    for mut stream in streams {
        let read = timeout(Duration::from_secs(5), stream.read(&mut [0])).await.unwrap();
        // An end or a reset, but no response.
        assert_eq!(read.unwrap_or(0), 0);
    }
}

#[tokio::test]
async fn shutdown_cuts_every_connection_and_leaves_no_task() {
    let tasks = || Handle::current().metrics().num_alive_tasks();
    let before = tasks();
    let (emulator, streams) = busy().await;
    assert_eq!(tasks(), before + 5, "one accepts, four serve");
    timeout(Duration::from_secs(5), emulator.shutdown()).await.unwrap();
    assert_eq!(tasks(), before);
    assert_eq!(emulator.connections_open(), 0);
    assert_cut(streams).await;
    assert!(TcpStream::connect(emulator.address()).await.is_err(), "it still listens");
    assert_eq!(emulator.request_count(), 1, "the record stays");
    // Twice more, at the same time.
    tokio::join!(emulator.shutdown(), emulator.shutdown());
}

#[tokio::test]
async fn dropping_does_the_same_a_moment_later() {
    let before = Handle::current().metrics().num_alive_tasks();
    let (emulator, streams) = busy().await;
    let address = emulator.address();
    drop(emulator);
    assert_cut(streams).await;
    while Handle::current().metrics().num_alive_tasks() > before {
        tokio::task::yield_now().await;
    }
    assert!(TcpStream::connect(address).await.is_err(), "it still listens");
}

#[tokio::test]
async fn it_can_be_dropped_after_its_runtime() {
    let emulator = std::thread::spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let emulator = Emulator::start().await.unwrap();
            post(&emulator, &client_credentials()).await;
            emulator
        })
    })
    .join()
    .unwrap();
    assert_eq!(emulator.requests()[0].status(), Some(200));
    emulator.shutdown().await;
}

#[tokio::test]
async fn idle_connections_make_room_for_one_that_waits() {
    let emulator = Emulator::builder().max_connections(2).start().await.unwrap();
    let body = client_credentials().to_string();
    let kept = request("POST", PATH, &[JSON], body.as_bytes());
    let kept = String::from_utf8(kept).unwrap().replace("Connection: close\r\n", "");
    let mut idle = Vec::new();
    for _ in 0..2 {
        let mut stream = TcpStream::connect(emulator.address()).await.unwrap();
        stream.write_all(kept.as_bytes()).await.unwrap();
        assert!(stream.read(&mut [0; 2048]).await.unwrap() > 0);
        idle.push(stream);
    }
    for count in 0..10 {
        let reply = timeout(Duration::from_secs(5), post(&emulator, &client_credentials())).await;
        assert_eq!(reply.expect("is served").status, 200, "{count}");
    }
    assert!(emulator.connections_open() <= 2);
    let error = Emulator::builder().max_connections(0).start().await.unwrap_err();
    assert_eq!(error.kind(), StartErrorKind::InvalidSetting);
}

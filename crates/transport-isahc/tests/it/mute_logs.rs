//! Rule 6: what isahc would tell subscribers and loggers, and that it does not.
//!
//! Each case runs in a process of its own: subscribers and loggers are for the process. In this
//! build `tracing/log` is on, which makes it as hard as it gets.

use std::fmt::{self, Write};
use std::sync::{Mutex, MutexGuard};

use easemob_token_transport::{Exchange, Proxy};
use easemob_token_transport_isahc::IsahcTransport;
use easemob_token_transport_isahc::isahc::{HttpClient, Request};
use futures_lite::future::block_on;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::proxy::{again, is_inner, tunnel};
use crate::server::{Server, exchange, reply, send, transport};
use crate::tls::Authority;

const CLIENT_SECRET: &str = "MARK-client-secret";
const PASSWORD: &str = "MARK-password";
const APP_TOKEN: &str = "MARK-app-token";
const USER_TOKEN: &str = "MARK-user-token";
const QUERY: &str = "MARK-query";
const PROXY_PASSWORD: &str = "MARK-proxy-password";
/// The proxy's password as it is sent: `me:MARK-proxy-password`.
const PROXY_AUTHORIZATION: &str = "bWU6TUFSSy1wcm94eS1wYXNzd29yZA==";

/// Everything that anybody was told.
static HEARD: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn heard() -> MutexGuard<'static, Vec<String>> {
    HEARD.lock().unwrap()
}

/// The lines that hold it.
fn heard_of(secret: &str) -> Vec<String> {
    let heard = heard();
    heard.iter().filter(|line| line.contains(secret)).cloned().collect()
}

struct Recorder(LevelFilter);

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        write!(self.0, " {}={value:?}", field.name()).unwrap();
    }
}

impl Recorder {
    fn line(metadata: &Metadata<'_>) -> Line {
        Line(format!("{} {}", metadata.target(), metadata.name()))
    }
}

impl Subscriber for Recorder {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= self.0
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.0)
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut line = Self::line(span.metadata());
        span.record(&mut line);
        heard().push(line.0);
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        let mut line = Line(String::new());
        values.record(&mut line);
        heard().push(line.0);
    }

    fn event(&self, event: &Event<'_>) {
        let mut line = Self::line(event.metadata());
        event.record(&mut line);
        heard().push(line.0);
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// Hears what the targets that begin so say.
struct Logger(&'static str);

impl log::Log for Logger {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        metadata.target().starts_with(self.0)
    }

    fn log(&self, record: &log::Record<'_>) {
        if self.enabled(record.metadata()) {
            heard().push(format!("{} {}", record.target(), record.args()));
        }
    }

    fn flush(&self) {}
}

fn listen(logger: Logger) {
    log::set_boxed_logger(Box::new(logger)).unwrap();
    log::set_max_level(log::LevelFilter::Trace);
}

fn server() -> Server {
    Server::answering(reply("200 OK", &format!(r#"{{"access_token":"{USER_TOKEN}"}}"#)))
}

fn secret_request(uri: &str) -> Request<String> {
    Request::post(format!("{uri}?q={QUERY}"))
        .header("authorization", format!("Bearer {APP_TOKEN}"))
        .body(format!("{CLIENT_SECRET} {PASSWORD}"))
        .unwrap()
}

/// All that this adapter can be made to say: success, failure, giving up, and a proxy.
fn exercise() {
    let transport = transport();
    let server = server();
    let exchange = Exchange::new(secret_request(&server.uri()));
    assert_eq!(send(&transport, exchange).unwrap().status(), 200);

    let cut = Server::answering(format!("HTTP/1.1 200 OK\r\nX-Secret: {USER_TOKEN}\r\n"));
    send(&transport, Exchange::new(secret_request(&cut.uri()))).unwrap_err();

    let silent = Server::start(|connection, _| {
        connection.read_request();
        connection.wait_for_close();
    });
    let exchange = Exchange::new(secret_request(&silent.uri()))
        .with_timeout(std::time::Duration::from_millis(200));
    send(&transport, exchange).unwrap_err();

    let authority = Authority::new();
    let (proxy, requests) = tunnel(authority.server("a1.easemob.invalid"));
    let proxy = format!("http://me:{PROXY_PASSWORD}@{}", proxy.addr);
    let transport = IsahcTransport::builder()
        .proxy(Proxy::Url(proxy.parse().unwrap()))
        .roots_pem(authority.pem)
        .build()
        .unwrap();
    let exchange = Exchange::new(secret_request("https://a1.easemob.invalid/"));
    send(&transport, exchange).unwrap();
    assert!(requests.next().contains(PROXY_AUTHORIZATION));
}

/// A bare client with the same request, to prove that the search would find something.
fn bare_client_is_heard() {
    let client = HttpClient::new().unwrap();
    let (parts, body) = secret_request(&server().uri()).into_parts();
    block_on(client.send_async(Request::from_parts(parts, body))).unwrap();
    drop(client);
    for secret in [CLIENT_SECRET, PASSWORD, APP_TOKEN, USER_TOKEN, QUERY] {
        assert!(!heard_of(secret).is_empty(), "{secret} is not heard from a bare client");
    }
}

fn nothing_is_heard() {
    for secret in ["MARK", PROXY_AUTHORIZATION] {
        assert_eq!(heard_of(secret), Vec::<String>::new());
    }
}

#[test]
fn a_subscriber_at_trace_hears_nothing() {
    if !is_inner() {
        return again("mute_logs::a_subscriber_at_trace_hears_nothing", &[]);
    }
    tracing::subscriber::set_global_default(Recorder(LevelFilter::TRACE)).unwrap();
    exercise();
    nothing_is_heard();
    bare_client_is_heard();
    heard().clear();
    exercise();
    nothing_is_heard();
    // And it still hears others, on this thread and on new ones.
    tracing::trace!("said by another");
    std::thread::spawn(|| tracing::trace!("said elsewhere")).join().unwrap();
    assert_eq!(heard_of("said ").len(), 2);
}

#[test]
fn a_logger_at_trace_hears_nothing() {
    if !is_inner() {
        return again("mute_logs::a_logger_at_trace_hears_nothing", &[]);
    }
    listen(Logger(""));
    bare_client_is_heard();
    heard().clear();
    exercise();
    nothing_is_heard();
    assert_eq!(LevelFilter::current(), LevelFilter::OFF);
}

#[test]
fn a_logger_that_leaves_isahc_out_keeps_its_other_records() {
    if !is_inner() {
        return again("mute_logs::a_logger_that_leaves_isahc_out_keeps_its_other_records", &[]);
    }
    listen(Logger("it"));
    exercise();
    tracing::trace!("said by another");
    assert_eq!(heard_of("said by another").len(), 1);
    nothing_is_heard();
}

/// Exchanges of one transport, before anybody listens and after.
fn exercise_around(listening: impl FnOnce()) {
    let (transport, server) = (transport(), server());
    let call = || {
        let exchange = Exchange::new(secret_request(&server.uri()));
        assert_eq!(send(&transport, exchange).unwrap().status(), 200);
    };
    call();
    call();
    listening();
    for _ in 0..3 {
        call();
    }
    // What was kept while nobody listened speaks for the last time when it ends.
    drop(transport);
    std::thread::sleep(std::time::Duration::from_millis(200));
}

#[test]
fn a_client_that_was_kept_is_not_heard_by_a_subscriber_that_comes_later() {
    if !is_inner() {
        return again(
            "mute_logs::a_client_that_was_kept_is_not_heard_by_a_subscriber_that_comes_later",
            &[],
        );
    }
    exercise_around(|| {
        tracing::subscriber::set_global_default(Recorder(LevelFilter::TRACE)).unwrap();
    });
    nothing_is_heard();
    // Of an agent that is not mute, the subscriber is told each socket.
    assert_eq!(heard_of("socket event"), Vec::<String>::new());
    bare_client_is_heard();
    assert!(!heard_of("socket event").is_empty());
}

#[test]
fn a_client_that_was_kept_is_not_heard_by_a_logger_that_comes_later() {
    if !is_inner() {
        return again(
            "mute_logs::a_client_that_was_kept_is_not_heard_by_a_logger_that_comes_later",
            &[],
        );
    }
    exercise_around(|| listen(Logger("")));
    nothing_is_heard();
    // Nor by a subscriber after the logger, which alone makes no agent mute.
    exercise_around(|| {
        tracing::subscriber::set_global_default(Recorder(LevelFilter::TRACE)).unwrap();
    });
    nothing_is_heard();
    assert_eq!(heard_of("socket event"), Vec::<String>::new());
    bare_client_is_heard();
}

#[test]
fn the_processs_level_is_not_raised() {
    if !is_inner() {
        return again("mute_logs::the_processs_level_is_not_raised", &[]);
    }
    for _ in 0..2 {
        exercise();
        assert_eq!(LevelFilter::current(), LevelFilter::OFF);
    }
    tracing::subscriber::set_global_default(Recorder(LevelFilter::INFO)).unwrap();
    exercise();
    assert_eq!(LevelFilter::current(), LevelFilter::INFO);
    nothing_is_heard();
}

#[test]
fn no_error_and_no_debug_shows_a_secret() {
    let proxy = format!("http://me:{PROXY_PASSWORD}@127.0.0.1:1");
    let transport =
        IsahcTransport::builder().proxy(Proxy::Url(proxy.parse().unwrap())).build().unwrap();
    let mut text = format!("{transport:?}");
    for reply in [
        format!("HTTP/1.1 200 OK\r\nContent-Length: {USER_TOKEN}\r\n\r\n"),
        format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: {USER_TOKEN}\r\n\r\n{{}}"),
        format!("{USER_TOKEN} 200\r\n\r\n"),
        format!("HTTP/1.1 200 OK\r\n{USER_TOKEN}\r\n\r\n"),
        format!("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{USER_TOKEN}"),
    ] {
        let server = Server::answering(reply);
        let exchange = Exchange::new(secret_request(&server.uri()));
        add(&mut text, &send(&transport, exchange).unwrap_err());
    }
    let unreachable = Exchange::new(secret_request("https://a1.easemob.invalid/"));
    add(&mut text, &send(&transport, unreachable).unwrap_err());
    assert!(!text.contains("MARK"), "{text}");
    let refused = exchange(&format!("http://me:{PASSWORD}@127.0.0.1/"));
    assert!(!format!("{:?}", send(&transport, refused).unwrap_err()).contains("MARK"));
}

fn add(text: &mut String, error: &(dyn std::error::Error + 'static)) {
    let mut next = Some(error);
    while let Some(error) = next {
        write!(text, "{error} {error:?}; ").unwrap();
        next = error.source();
    }
}

//! Secrets that isahc would log, and that it does not.
//!
//! Each test runs in a process of its own, since subscribers and loggers belong to the process. In this
//! build `tracing/log` is on, which is the hardest case.

use std::fmt::{self, Write};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use easemob_token_transport::{Exchange, Proxy};
use easemob_token_transport_isahc::IsahcTransport;
use easemob_token_transport_isahc::isahc::{HttpClient, Request};
use easemob_token_transport_testkit::{
    Authority, LOOPBACK, Script, ScriptedServer, reply, subprocess,
};
use futures_lite::future::block_on;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::send;

/// What the secrets begin with.
const MARK: &str = "MARK-";
const SENT: [&str; 4] = ["MARK-client-secret", "MARK-password", "MARK-app-token", "MARK-query"];
const RECEIVED: &str = "MARK-user-token";
/// `me:MARK-proxy-password`, as it is sent.
const PROXY_AUTHORIZATION: &str = "bWU6TUFSSy1wcm94eS1wYXNzd29yZA==";

/// All records of subscribers and loggers.
static LOGGED: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn logged() -> MutexGuard<'static, Vec<String>> {
    LOGGED.lock().unwrap()
}

/// The records that hold this text.
fn logged_with(secret: &str) -> Vec<String> {
    let logged = logged();
    logged.iter().filter(|line| line.contains(secret)).cloned().collect()
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
        logged().push(line.0);
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        let mut line = Line(String::new());
        values.record(&mut line);
        logged().push(line.0);
    }

    fn event(&self, event: &Event<'_>) {
        let mut line = Self::line(event.metadata());
        event.record(&mut line);
        logged().push(line.0);
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// A logger that receives the records of targets with this prefix.
struct Logger(&'static str);

impl log::Log for Logger {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        metadata.target().starts_with(self.0)
    }

    fn log(&self, record: &log::Record<'_>) {
        if self.enabled(record.metadata()) {
            logged().push(format!("{} {}", record.target(), record.args()));
        }
    }

    fn flush(&self) {}
}

fn listen(logger: Logger) {
    log::set_boxed_logger(Box::new(logger)).unwrap();
    log::set_max_level(log::LevelFilter::Trace);
}

fn server() -> ScriptedServer {
    ScriptedServer::start(Script::new().request().write(reply::ok(RECEIVED.as_bytes())))
}

fn secret_request(url: &str) -> Request<String> {
    let [client_secret, password, app_token, query] = SENT;
    Request::post(format!("{url}?q={query}"))
        .header("authorization", format!("Bearer {app_token}"))
        .body(format!("{client_secret} {password}"))
        .unwrap()
}

fn secret_exchange(server: &ScriptedServer) -> Exchange {
    Exchange::new(secret_request(&server.url("http", LOOPBACK)))
}

/// Makes all that isahc could log happen: a success, a failure, a time limit, and a proxy.
fn exercise() {
    let transport = IsahcTransport::new();
    send(&transport, secret_exchange(&server())).unwrap();

    let asked = || Script::new().request();
    let cut = format!("HTTP/1.1 200 OK\r\nX-Secret: {RECEIVED}\r\n");
    let cut = ScriptedServer::start(asked().write(cut));
    send(&transport, secret_exchange(&cut)).unwrap_err();
    let silent = ScriptedServer::start(asked().wait_for_close());
    let exchange = secret_exchange(&silent).with_timeout(Duration::from_millis(200));
    send(&transport, exchange).unwrap_err();

    let authority = Authority::new();
    let tunnel = asked().write("HTTP/1.1 200 OK\r\n\r\n").tls(authority.issue("a1.invalid"));
    let proxy = ScriptedServer::start(tunnel.serve());
    let url = format!("http://me:MARK-proxy-password@{}", proxy.address());
    let builder = IsahcTransport::builder().proxy(Proxy::Url(url.parse().unwrap()));
    let transport = builder.roots_pem(authority.pem()).build().unwrap();
    send(&transport, Exchange::new(secret_request("https://a1.invalid/"))).unwrap();
    assert!(proxy.requests()[0].head().contains(PROXY_AUTHORIZATION));
}

/// Sends the same request with a bare client, to prove that the search would find something.
fn a_bare_client_logs_the_secrets() {
    let (client, server) = (HttpClient::new().unwrap(), server());
    block_on(client.send_async(secret_request(&server.url("http", LOOPBACK)))).unwrap();
    drop(client);
    for secret in SENT.into_iter().chain([RECEIVED]) {
        assert!(!logged_with(secret).is_empty(), "{secret} is not logged by a bare client");
    }
}

fn no_secret_is_logged() {
    for secret in [MARK, PROXY_AUTHORIZATION] {
        assert_eq!(logged_with(secret), Vec::<String>::new());
    }
}

/// Whether the test goes on, in a process of its own.
fn is_child(test: &str) -> bool {
    if !subprocess::is_child() {
        subprocess::run(&mut subprocess::command(&format!("mute_logs::{test}")));
    }
    subprocess::is_child()
}

fn subscribe(level: LevelFilter) {
    tracing::subscriber::set_global_default(Recorder(level)).unwrap();
}

#[test]
fn a_subscriber_at_trace_receives_no_secret() {
    if !is_child("a_subscriber_at_trace_receives_no_secret") {
        return;
    }
    subscribe(LevelFilter::TRACE);
    exercise();
    no_secret_is_logged();
    a_bare_client_logs_the_secrets();
    logged().clear();
    exercise();
    no_secret_is_logged();
    // It still receives other records, from this thread and from new ones.
    tracing::trace!("logged by another");
    std::thread::spawn(|| tracing::trace!("logged on a new thread")).join().unwrap();
    assert_eq!(logged_with("logged ").len(), 2);
}

#[test]
fn a_logger_at_trace_receives_no_secret() {
    if !is_child("a_logger_at_trace_receives_no_secret") {
        return;
    }
    listen(Logger(""));
    a_bare_client_logs_the_secrets();
    logged().clear();
    exercise();
    no_secret_is_logged();
    assert_eq!(LevelFilter::current(), LevelFilter::OFF);
}

#[test]
fn a_logger_that_leaves_isahc_out_keeps_its_other_records() {
    if !is_child("a_logger_that_leaves_isahc_out_keeps_its_other_records") {
        return;
    }
    listen(Logger("it"));
    exercise();
    tracing::trace!("logged by another");
    assert_eq!(logged_with("logged by another").len(), 1);
    no_secret_is_logged();
}

/// Sends exchanges with one transport, before and after a listener is set.
fn exercise_around(listening: impl FnOnce()) {
    let (transport, server) = (IsahcTransport::new(), server());
    let call = || send(&transport, secret_exchange(&server)).unwrap();
    call();
    call();
    listening();
    for _ in 0..3 {
        call();
    }
    // A client that was idle without a listener could log for the last time when it ends.
    drop(transport);
    std::thread::sleep(Duration::from_millis(200));
}

#[test]
fn an_idle_client_does_not_log_to_a_subscriber_that_comes_later() {
    if !is_child("an_idle_client_does_not_log_to_a_subscriber_that_comes_later") {
        return;
    }
    exercise_around(|| {
        subscribe(LevelFilter::TRACE);
    });
    no_secret_is_logged();
    // An agent that is not mute would log each socket.
    assert_eq!(logged_with("socket event"), Vec::<String>::new());
    a_bare_client_logs_the_secrets();
    assert!(!logged_with("socket event").is_empty());
}

#[test]
fn an_idle_client_does_not_log_to_a_logger_that_comes_later() {
    if !is_child("an_idle_client_does_not_log_to_a_logger_that_comes_later") {
        return;
    }
    exercise_around(|| listen(Logger("")));
    no_secret_is_logged();
    // Nor does a subscriber after the logger, which alone makes no agent mute.
    exercise_around(|| {
        subscribe(LevelFilter::TRACE);
    });
    no_secret_is_logged();
    assert_eq!(logged_with("socket event"), Vec::<String>::new());
    a_bare_client_logs_the_secrets();
}

#[test]
fn the_processs_level_is_not_raised() {
    if !is_child("the_processs_level_is_not_raised") {
        return;
    }
    for _ in 0..2 {
        exercise();
        assert_eq!(LevelFilter::current(), LevelFilter::OFF);
    }
    subscribe(LevelFilter::INFO);
    exercise();
    assert_eq!(LevelFilter::current(), LevelFilter::INFO);
    no_secret_is_logged();
}

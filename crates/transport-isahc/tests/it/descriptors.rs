//! A process that runs out of file descriptors: errors, no panic, and good again afterwards.
#![cfg(unix)]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use std::{env, panic, thread};

use easemob_token_transport::TransportErrorKind::{Connect, Timeout};
use easemob_token_transport::{Delivery, Transport};
use easemob_token_transport_isahc::IsahcTransport;
use easemob_token_transport_testkit::{LOOPBACK, Script, ScriptedServer, subprocess};

use crate::{post_to, send};

const URL: &str = "DESCRIPTORS_URL";
const CALLS: usize = 300;

/// Runs the test in a process with 64 descriptors, and this script's server outside of it.
fn run_again(test: &str, script: Script) {
    let server = ScriptedServer::start(script);
    let mut command = subprocess::command_with_descriptors(test, 64);
    subprocess::run(command.env(URL, server.url("http", LOOPBACK)));
}

/// How often something panics from now on, on any thread.
fn count_panics() -> &'static AtomicUsize {
    static PANICS: AtomicUsize = AtomicUsize::new(0);
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        PANICS.fetch_add(1, Ordering::SeqCst);
        before(info);
    }));
    &PANICS
}

/// Starts all the calls at once, and gives the causes of those that got no connection.
fn storm(transport: &dyn Transport, url: &str, limit: Duration) -> (usize, Vec<String>) {
    let outcomes = thread::scope(|scope| {
        let call = || send(transport, post_to(url).with_timeout(limit));
        let calls: Vec<_> = (0..CALLS).map(|_| scope.spawn(call)).collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect::<Vec<_>>()
    });
    let (mut responses, mut causes) = (0, Vec::new());
    for outcome in outcomes {
        match outcome {
            Ok(response) => {
                assert_eq!(response.status(), 200);
                responses += 1;
            }
            Err(error) if error.kind() == Connect => {
                assert_eq!(error.delivery(), Delivery::No);
                causes.push(std::error::Error::source(&error).unwrap().to_string());
            }
            Err(error) => assert_eq!(error.kind(), Timeout),
        }
    }
    (responses, causes)
}

#[test]
fn without_descriptors_calls_fail_without_a_panic_and_succeed_again_afterwards() {
    let name = "descriptors::without_descriptors_calls_fail_without_a_panic_and_succeed_again_\
                afterwards";
    if !subprocess::is_child() {
        // Slow enough that the calls meet.
        let slow = Script::new().request().drip("HTTP/1.1 2", Duration::from_millis(10));
        return run_again(name, slow.write("00 OK\r\nContent-Length: 0\r\n\r\n"));
    }
    let url = env::var(URL).unwrap();
    let panics = count_panics();
    // More than there are descriptors for.
    let transport = IsahcTransport::builder().max_concurrent_exchanges(CALLS).build().unwrap();
    let (responses, causes) = storm(&transport, &url, Duration::from_secs(5));
    assert!(responses > 0);
    assert!(causes.iter().any(|cause| cause.starts_with("no free file descriptor")), "{causes:?}");

    let started = Instant::now();
    while let Err(error) = send(&transport, post_to(&url)) {
        assert_eq!(error.kind(), Connect);
        assert!(started.elapsed() < Duration::from_secs(5), "{error:?}");
    }
    assert_eq!(panics.load(Ordering::SeqCst), 0);
}

#[test]
fn unless_set_the_bound_leaves_descriptors_for_everybody() {
    let name = "descriptors::unless_set_the_bound_leaves_descriptors_for_everybody";
    if !subprocess::is_child() {
        return run_again(name, Script::new().serve());
    }
    let url = env::var(URL).unwrap();
    let panics = count_panics();
    let transport = IsahcTransport::new();
    assert!(format!("{transport:?}").contains("max_concurrent_exchanges: 2"), "{transport:?}");
    let (responses, _) = storm(&transport, &url, Duration::from_secs(60));
    assert_eq!(responses, CALLS);
    assert_eq!(panics.load(Ordering::SeqCst), 0);
}

//! A process that runs out of file descriptors: errors, no panic, and good again afterwards.
#![cfg(unix)]

use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use std::{env, panic, thread};

use easemob_token_transport::TransportErrorKind::{Connect, Timeout};
use easemob_token_transport::{Delivery, Transport};
use easemob_token_transport_isahc::IsahcTransport;

use crate::server::{Server, exchange, reply, send};

const URI: &str = "EASEMOB_TEST_URI";
const CALLS: usize = 300;

/// Runs the test in a process with 64 descriptors, with this server outside of it.
fn again(test: &str, server: &Server) {
    let output = Command::new("sh")
        .args(["-c", "ulimit -n 64; exec \"$0\" \"$@\""])
        .arg(env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture", "--test-threads=1"])
        .env(URI, server.uri())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"), "{output:?}");
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
fn storm(transport: &dyn Transport, uri: &str, limit: Duration) -> (usize, Vec<String>) {
    let outcomes = thread::scope(|scope| {
        let call = || send(transport, exchange(uri).with_timeout(limit));
        let calls: Vec<_> = (0..CALLS).map(|_| scope.spawn(call)).collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect::<Vec<_>>()
    });
    let (mut answers, mut causes) = (0, Vec::new());
    for outcome in outcomes {
        match outcome {
            Ok(response) => {
                assert_eq!(response.body(), "{}");
                answers += 1;
            }
            Err(error) if error.kind() == Connect => {
                assert_eq!(error.delivery(), Delivery::No);
                causes.push(std::error::Error::source(&error).unwrap().to_string());
            }
            Err(error) => assert_eq!(error.kind(), Timeout),
        }
    }
    (answers, causes)
}

#[test]
fn without_descriptors_calls_fail_without_a_panic_and_succeed_again_afterwards() {
    let name = "descriptors::without_descriptors_calls_fail_without_a_panic_and_succeed_again_\
                afterwards";
    let Ok(uri) = env::var(URI) else {
        let server = Server::start(|connection, _| {
            connection.read_request();
            // Long enough that the calls meet.
            thread::sleep(Duration::from_millis(100));
            connection.send(reply("200 OK", "{}"));
        });
        return again(name, &server);
    };
    let panics = count_panics();
    // More than there are descriptors for.
    let transport = IsahcTransport::builder().max_concurrent_exchanges(CALLS).build().unwrap();
    let (answers, causes) = storm(&transport, &uri, Duration::from_secs(5));
    assert!(answers > 0);
    assert!(causes.iter().any(|cause| cause.starts_with("no free file descriptor")), "{causes:?}");

    let started = Instant::now();
    while let Err(error) = send(&transport, exchange(&uri)) {
        assert_eq!(error.kind(), Connect);
        assert!(started.elapsed() < Duration::from_secs(5), "{error:?}");
    }
    assert_eq!(panics.load(Ordering::SeqCst), 0);
}

#[test]
fn unless_set_the_bound_leaves_descriptors_for_everybody() {
    let name = "descriptors::unless_set_the_bound_leaves_descriptors_for_everybody";
    let Ok(uri) = env::var(URI) else {
        return again(name, &Server::answering(reply("200 OK", "{}")));
    };
    let panics = count_panics();
    let transport = IsahcTransport::new().unwrap();
    assert!(format!("{transport:?}").contains("max_concurrent_exchanges: 2"), "{transport:?}");
    let (answers, _) = storm(&transport, &uri, Duration::from_secs(60));
    assert_eq!(answers, CALLS);
    assert_eq!(panics.load(Ordering::SeqCst), 0);
}

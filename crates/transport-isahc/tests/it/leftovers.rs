//! Threads and descriptors of idle clients and pauses, and that they go.

use std::time::{Duration, Instant};

use easemob_token_transport_isahc::IsahcTransport;
use easemob_token_transport_testkit::{Authority, LOOPBACK, Script, ScriptedServer};

use crate::{AMPLE, post_to, send};

/// libcurl sends `close_notify` at once, and closes when it receives one or the client ends.
#[test]
fn a_connection_over_tls_does_not_stay_open_for_long_after_a_response() {
    let authority = Authority::new();
    let script = Script::new().tls(authority.issue(LOOPBACK)).request().echo().wait_for_close();
    let server = ScriptedServer::start(script);
    let transport = IsahcTransport::builder().roots_pem(authority.pem()).build().unwrap();
    send(&transport, post_to(&server.url("https", LOOPBACK))).unwrap();
    let answered = Instant::now();
    assert!(server.wait_until(AMPLE, |own| own.iter().all(|own| own.closed().is_some())));
    assert!(answered.elapsed() < Duration::from_secs(2), "{:?}", answered.elapsed());
}

#[cfg(target_os = "linux")]
mod counted {
    use std::pin::Pin;
    use std::task::{Context, Waker};

    use easemob_token_transport::Runtime;
    use easemob_token_transport_isahc::ThreadRuntime;
    use easemob_token_transport_testkit::subprocess;

    use super::*;
    use crate::post;

    /// How many entries a folder of this process has: its threads, or its descriptors.
    fn count(what: &str) -> usize {
        std::fs::read_dir(format!("/proc/self/{what}")).unwrap().count()
    }

    #[test]
    fn idle_clients_end_with_the_transport() {
        if !subprocess::is_child() {
            let name = "idle_clients_end_with_the_transport";
            let test = format!("leftovers::counted::{name}");
            return subprocess::run(&mut subprocess::command(&test));
        }
        // Ends its connection's thread after one response, so that it is not counted.
        let server = ScriptedServer::start(Script::new().request().echo());
        let transport = IsahcTransport::new();
        let before = (count("task"), count("fd"));
        send(&transport, post(&server)).unwrap();
        assert!(server.wait_until_closed(AMPLE));
        assert!(count("task") >= before.0 + 2, "no client is idle");
        let dropped = Instant::now();
        drop(transport);
        while (count("task"), count("fd")) != before {
            // Well before idle clients end by themselves.
            assert!(dropped.elapsed() < Duration::from_millis(500), "{before:?}");
            std::thread::yield_now();
        }
    }

    #[test]
    fn a_thousand_abandoned_pauses_take_one_thread() {
        if !subprocess::is_child() {
            let test = "leftovers::counted::a_thousand_abandoned_pauses_take_one_thread";
            return subprocess::run(&mut subprocess::command(test));
        }
        let before = count("task");
        let mut pauses: Vec<Pin<Box<dyn Future<Output = ()> + Send>>> = Vec::new();
        for _ in 0..1_000 {
            let mut pause = ThreadRuntime.sleep(Duration::from_secs(60));
            assert!(pause.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
            pauses.push(pause);
        }
        pauses.truncate(500);
        assert!(count("task") <= before + 1, "{before} {}", count("task"));
    }
}

//! Renewal seen by a blocking client, with the client's clock moved: what needs no waiting is had
//! at once, and what is left when the client is gone.

#[cfg(target_os = "linux")]
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use easemob_token_emulator::{DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, Emulator};
use easemob_token_transport::Transport;

use super::*;
use crate::clock::Clock;

/// An emulator whose app tokens live for a thousand seconds, on a runtime of its own.
struct Service {
    runtime: tokio::runtime::Runtime,
    emulator: Emulator,
}

impl Service {
    fn start() -> Self {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let runtime = builder.worker_threads(1).enable_all().build().unwrap();
        let life = Duration::from_secs(1_000);
        let emulator = runtime.block_on(Emulator::builder().default_ttl(life).start()).unwrap();
        Self { runtime, emulator }
    }

    fn client(&self, transport: impl Transport) -> Client {
        crate::Client::builder()
            .base_url(self.emulator.base_url())
            .app_key(self.emulator.app_key())
            .client_credentials(DEMO_CLIENT_ID, DEMO_CLIENT_SECRET)
            .transport(transport)
            .clock(Clock::movable())
            .keep_user_tokens(10)
            .build_blocking()
            .unwrap()
    }
}

/// Beyond 85 % of a life of a thousand seconds, and before its end.
const DUE: Duration = Duration::from_secs(860);

fn a_token_that_is_due_is_had_at_once_also_inside_a_task(transport: impl Transport) {
    let service = Service::start();
    let client = service.client(transport);
    let first = client.app_token().unwrap();
    let user = client.user_token("c").send().unwrap();
    client.inner.clock().advance(DUE);
    let hold = service.emulator.hold();
    service.runtime.block_on(async {
        for _ in 0..100 {
            assert_eq!(client.app_token().unwrap().generation(), first.generation());
            client.authorize().unwrap();
            let same = client.user_token("C").send().unwrap();
            assert_eq!(same.access_token().expose(), user.access_token().expose());
        }
        // They are renewed all the same, each once.
        service.emulator.wait_for_requests(4).await;
    });
    hold.release();
    let start = Instant::now();
    while client.app_token().unwrap().generation() == first.generation() {
        assert!(start.elapsed() < Duration::from_secs(10), "it was not renewed");
        thread::yield_now();
    }
    assert_eq!(service.emulator.request_count(), 4);
}

/// Runs the test of this name as a process; whether this is that process already.
#[cfg(target_os = "linux")]
fn is_a_process_of_its_own(test: &str) -> bool {
    const CHILD: &str = "BLOCKING_CHILD";
    if std::env::var_os(CHILD).is_some() {
        return true;
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &format!("blocking::client::tests::{test}"), "--nocapture"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("1 passed"), "no test has this name: {test}");
    false
}

#[cfg(target_os = "linux")]
fn a_client_dropped_while_it_renews_leaves_no_thread(transport: impl Transport) {
    let threads = || std::fs::read_dir("/proc/self/task").unwrap().count();
    let service = Service::start();
    let before = threads();
    let client = service.client(transport);
    client.app_token().unwrap();
    client.inner.clock().advance(DUE);
    let hold = service.emulator.hold();
    client.app_token().unwrap();
    service.runtime.block_on(service.emulator.wait_for_requests(2));
    drop(client);
    assert!(threads() > before, "nothing is under way");
    hold.release();
    let start = Instant::now();
    while threads() > before {
        assert!(start.elapsed() < Duration::from_secs(10), "{} threads, {before}", threads());
        thread::yield_now();
    }
}

#[cfg(feature = "hyper")]
mod over_hyper {
    use crate::hyper::HyperTransport;

    #[test]
    fn a_token_that_is_due_is_had_at_once_also_inside_a_task() {
        super::a_token_that_is_due_is_had_at_once_also_inside_a_task(HyperTransport::new());
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_client_dropped_while_it_renews_leaves_no_thread() {
        let test = "over_hyper::a_client_dropped_while_it_renews_leaves_no_thread";
        if super::is_a_process_of_its_own(test) {
            super::a_client_dropped_while_it_renews_leaves_no_thread(HyperTransport::new());
        }
    }
}

#[cfg(feature = "isahc")]
mod over_isahc {
    use crate::isahc::IsahcTransport;

    #[test]
    fn a_token_that_is_due_is_had_at_once_also_inside_a_task() {
        let transport = IsahcTransport::new();
        super::a_token_that_is_due_is_had_at_once_also_inside_a_task(transport);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_client_dropped_while_it_renews_leaves_no_thread() {
        let test = "over_isahc::a_client_dropped_while_it_renews_leaves_no_thread";
        if super::is_a_process_of_its_own(test) {
            let transport = IsahcTransport::new();
            super::a_client_dropped_while_it_renews_leaves_no_thread(transport);
        }
    }
}

//! Processes that share one app token through a file store, while some are killed or stopped.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod rate;

use std::env;
use std::io::Write;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use easemob_token::Client;
use easemob_token::hyper::HyperTransport;
use easemob_token_emulator::{Emulator, Hold};
use easemob_token_store_file::FileStore;
use easemob_token_transport_testkit::subprocess;
use tempfile::TempDir;

const URL: &str = "FLEET_TEST_URL";
const DIRECTORY: &str = "FLEET_TEST_DIRECTORY";
const REQUEST_TIMEOUT: &str = "FLEET_TEST_REQUEST_TIMEOUT";

/// Not a test of its own: a process of the fleet, which prints its token.
#[tokio::test]
async fn worker() {
    let (Ok(url), Ok(directory)) = (env::var(URL), env::var(DIRECTORY)) else { return };
    let client = Client::builder(&*url, "easemob-demo#testapp")
        .client_credentials("id", "secret")
        .transport(HyperTransport::new())
        // The holder of a lease is taken for dead two seconds after this.
        .request_timeout(Duration::from_millis(env::var(REQUEST_TIMEOUT).unwrap().parse().unwrap()))
        .store_timeout(Duration::from_secs(2))
        .token_store(FileStore::open(directory).unwrap())
        .build()
        .unwrap();
    let token = client.app_token().await.unwrap();
    writeln!(std::io::stdout(), "token: {}", token.access_token().expose()).unwrap();
}

/// An emulator, and the directory of the store.
struct World {
    emulator: Emulator,
    directory: TempDir,
    request_timeout: u32,
}

impl World {
    /// `request_timeout` is in milliseconds.
    async fn new(request_timeout: u32) -> Self {
        let emulator =
            Emulator::builder().app_key("easemob-demo", "testapp").client("id", "secret");
        let emulator = emulator.start().await.unwrap();
        Self { emulator, directory: TempDir::new().unwrap(), request_timeout }
    }

    fn start(&self) -> Process {
        let mut command = subprocess::command("worker");
        // The store makes its folder, so that nobody else may enter it.
        let folder = self.directory.path().join("tokens");
        command.env(URL, self.emulator.base_url()).env(DIRECTORY, folder);
        command.env(REQUEST_TIMEOUT, self.request_timeout.to_string());
        Process(Some(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()))
    }

    /// Starts a process whose request the emulator does not answer before the result is dropped.
    async fn start_holder(&self) -> (Process, Hold) {
        let hold = self.emulator.hold();
        let holder = self.start();
        let arrived = self.emulator.wait_for_requests(1);
        tokio::time::timeout(Duration::from_secs(20), arrived).await.unwrap();
        (holder, hold)
    }

    /// Waits until these processes have a token. Returns the one that all of them have.
    async fn token_of(processes: Vec<Process>) -> String {
        let ends = processes.into_iter().map(|it| tokio::task::spawn_blocking(|| it.token()));
        let mut tokens = Vec::new();
        for end in ends.collect::<Vec<_>>() {
            tokens.push(end.await.unwrap());
        }
        assert!(tokens.iter().all(|it| *it == tokens[0]), "{tokens:?}");
        tokens.remove(0)
    }
}

/// A process of the fleet, killed when it is dropped.
struct Process(Option<Child>);

impl Process {
    fn token(mut self) -> String {
        let output = self.0.take().unwrap().wait_with_output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{text}{errors}");
        let token = text.lines().find_map(|line| line.split_once("token: ")).unwrap();
        token.1.to_owned()
    }

    fn signal(&self, name: &str) {
        subprocess::signal(self.0.as_ref().unwrap().id(), name);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// The names and modes of the store's files are the file store's own matter; a token in them is ours.
fn assert_unreadable(directory: &Path, token: &str) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        assert!(!String::from_utf8_lossy(&bytes).contains(token));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_cold_processes_cost_one_request() {
    let world = World::new(10_000).await;
    let token = World::token_of((0..50).map(|_| world.start()).collect()).await;
    assert_eq!(world.emulator.request_count(), 1);
    assert_unreadable(&world.directory.path().join("tokens"), &token);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_holder_that_is_killed_in_its_request_costs_a_second_one_and_nobody_fails() {
    let world = World::new(500).await;
    let (holder, hold) = world.start_holder().await;
    holder.signal("-KILL");
    drop(hold);
    let start = Instant::now();
    World::token_of((0..5).map(|_| world.start()).collect()).await;
    assert_eq!(world.emulator.request_count(), 2);
    assert!(start.elapsed() < Duration::from_secs(15), "{:?}", start.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_holder_that_is_stopped_in_its_request_does_not_replace_the_newer_token() {
    let world = World::new(500).await;
    let (holder, hold) = world.start_holder().await;
    holder.signal("-STOP");
    drop(hold);
    let token = World::token_of((0..5).map(|_| world.start()).collect()).await;
    holder.signal("-CONT");
    // Its own request has brought a token or failed meanwhile: it takes the newer one.
    assert_eq!(tokio::task::spawn_blocking(|| holder.token()).await.unwrap(), token);
    assert_eq!(World::token_of(vec![world.start()]).await, token);
    assert_eq!(world.emulator.request_count(), 2);
}

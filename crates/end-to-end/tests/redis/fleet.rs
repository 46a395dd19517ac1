//! Clients and processes that share one app token through Redis.

use std::env;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use easemob_token::Client;
use easemob_token::hyper::HyperTransport;
use easemob_token_emulator::Emulator;
use easemob_token_store_redis::RedisStore;
use easemob_token_transport_testkit::subprocess;

use crate::server::{RIGHTS, Redis};

const SERVICE: &str = "FLEET_TEST_SERVICE";
const STORE: &str = "FLEET_TEST_STORE";
/// In milliseconds.
const REQUEST_TIMEOUT: &str = "FLEET_TEST_REQUEST_TIMEOUT";
/// How long Redis is away, in seconds; a short time if it is not set.
const OUTAGE: &str = "REDIS_OUTAGE_SECONDS";

fn client(service: &str, store: &str, limit: Duration) -> Client {
    // The holder of a lease is taken for dead two seconds after this.
    let request_timeout = env::var(REQUEST_TIMEOUT).map_or(10_000, |it| it.parse().unwrap());
    Client::builder(service, "easemob-demo#testapp")
        .client_credentials("id", "secret")
        .transport(HyperTransport::new())
        .token_store(RedisStore::new(store).unwrap())
        .store_timeout(limit)
        .request_timeout(Duration::from_millis(request_timeout))
        .build()
        .unwrap()
}

async fn emulator() -> Emulator {
    let emulator = Emulator::builder().app_key("easemob-demo", "testapp").client("id", "secret");
    emulator.start().await.unwrap()
}

async fn token(client: &Client) -> String {
    client.app_token().await.unwrap().access_token().expose().to_owned()
}

/// Not a test of its own: a process of the fleet, which prints its token.
#[expect(clippy::print_stdout, reason = "the test that started it reads that")]
#[tokio::test]
async fn worker() {
    let (Ok(service), Ok(store)) = (env::var(SERVICE), env::var(STORE)) else { return };
    println!("token: {}", token(&client(&service, &store, Duration::from_secs(5))).await);
}

fn process(service: &str, store: &str) -> Command {
    let mut command = subprocess::command("fleet::worker");
    command.env(SERVICE, service).env(STORE, store);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// The token that a process of the fleet printed.
fn printed(process: Child) -> String {
    let output = process.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    text.lines().find_map(|line| line.split_once("token: ")).unwrap().1.to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_holder_that_is_killed_or_stopped_costs_a_second_request_and_nobody_fails() {
    for signal in ["-KILL", "-STOP"] {
        let (redis, emulator) = (Redis::start(), emulator().await);
        let (service, hold) = (emulator.base_url(), emulator.hold());
        let mut command = process(&service, &redis.url());
        let mut holder = command.env(REQUEST_TIMEOUT, "500").spawn().unwrap();
        tokio::time::timeout(Duration::from_secs(20), emulator.wait_for_requests(1)).await.unwrap();
        subprocess::signal(holder.id(), signal);
        drop(hold);
        let start = Instant::now();
        let first = token(&client(&service, &redis.url(), Duration::from_secs(5))).await;
        assert!(start.elapsed() < Duration::from_secs(15), "{:?}", start.elapsed());
        assert_eq!(token(&client(&service, &redis.url(), Duration::from_secs(5))).await, first);
        if signal == "-STOP" {
            subprocess::signal(holder.id(), "-CONT");
            // What its request brought or not, it takes the newer token.
            assert_eq!(printed(holder), first);
        } else {
            holder.wait().unwrap();
        }
        assert_eq!(emulator.request_count(), 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_cold_processes_cost_one_request_and_redis_sees_no_token() {
    let (redis, emulator) = (Redis::start(), emulator().await);
    let store = redis.user("fleet", &RIGHTS);
    let mut monitor = redis.monitor();
    let service = emulator.base_url();
    let processes: Vec<_> = (0..50).map(|_| process(&service, &store).spawn().unwrap()).collect();
    let tokens: Vec<String> = processes.into_iter().map(printed).collect();
    assert!(tokens.iter().all(|it| *it == tokens[0]));
    assert_eq!(emulator.request_count(), 1);
    let seen = monitor.all();
    assert!(seen.contains("EVALSHA") && !seen.contains(&tokens[0]) && !seen.contains("YWMt"));
    // A record that is lost costs one request, and one that is garbage as well.
    redis.admin::<()>(&["FLUSHALL"]);
    let again = client(&emulator.base_url(), &store, Duration::from_secs(5));
    token(&again).await;
    assert_eq!(emulator.request_count(), 2);
    let keys: Vec<String> = redis.admin(&["KEYS", "*"]);
    assert_eq!(keys.len(), 1);
    redis.admin::<()>(&["SET", &keys[0], "garbage"]);
    token(&client(&emulator.base_url(), &store, Duration::from_secs(5))).await;
    assert_eq!(emulator.request_count(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_work_alone_while_redis_is_away_and_share_again_afterwards() {
    let (redis, emulator) = (Redis::start(), emulator().await);
    let service = emulator.base_url();
    let limit = Duration::from_millis(250);
    let old = client(&service, &redis.url(), limit);
    let shared = token(&old).await;
    redis.signal("-STOP");
    let outage = env::var(OUTAGE).ok().and_then(|it| it.parse().ok()).unwrap_or(1);
    let end = Instant::now() + Duration::from_secs(outage);
    let mut alone = 0;
    while alone < 2 || Instant::now() < end {
        let start = Instant::now();
        if alone < 2 {
            token(&client(&service, &redis.url(), limit)).await;
            alone += 1;
        }
        assert_eq!(token(&old).await, shared);
        assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(emulator.request_count(), 3);
    redis.signal("-CONT");
    assert_eq!(token(&client(&service, &redis.url(), Duration::from_secs(5))).await, shared);
    assert_eq!(emulator.request_count(), 3);
}

//! Clients and processes that share one app token through Redis.

use std::env;
use std::process::Stdio;
use std::time::{Duration, Instant};

use easemob_token::Client;
use easemob_token::hyper::HyperTransport;
use easemob_token_emulator::Emulator;
use easemob_token_store_redis::RedisStore;
use easemob_token_transport_testkit::subprocess;

use crate::server::{RIGHTS, Redis};

const SERVICE: &str = "FLEET_TEST_SERVICE";
const STORE: &str = "FLEET_TEST_STORE";
/// How long Redis is away, in seconds; a short time if it is not set.
const OUTAGE: &str = "REDIS_OUTAGE_SECONDS";

fn client(service: &str, store: &str, limit: Duration) -> Client {
    Client::builder(service, "easemob-demo#testapp")
        .client_credentials("id", "secret")
        .transport(HyperTransport::new())
        .token_store(RedisStore::new(store).unwrap())
        .store_timeout(limit)
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

#[tokio::test(flavor = "multi_thread")]
async fn fifty_cold_processes_cost_one_request_and_redis_sees_no_token() {
    let (redis, emulator) = (Redis::start(), emulator().await);
    let store = redis.user("fleet", &RIGHTS);
    let mut monitor = redis.monitor();
    let processes: Vec<_> = (0..50)
        .map(|_| {
            let mut command = subprocess::command("fleet::worker");
            command.env(SERVICE, emulator.base_url()).env(STORE, &store);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    let mut tokens = Vec::new();
    for process in processes {
        let output = process.wait_with_output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
        let line = text.lines().find_map(|line| line.split_once("token: ")).unwrap();
        tokens.push(line.1.to_owned());
    }
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

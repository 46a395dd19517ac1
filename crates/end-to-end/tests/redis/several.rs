//! A failover by Sentinel, and a cluster of three nodes.

use std::net::TcpListener;
use std::time::Duration;

use easemob_token_end_to_end::eventually;
use easemob_token_store::{StoreErrorKind, Swap, TokenStore};
use easemob_token_store_redis::RedisStore;

use crate::server::{KEEP, KEY, Redis};

#[tokio::test(flavor = "multi_thread")]
async fn a_store_follows_the_master_that_sentinel_names() {
    let master = Redis::start();
    let replica = Redis::with(|port| format!("port {port}\nreplicaof 127.0.0.1 {}", master.port()));
    let sentinel = Redis::run(
        |port| {
            format!(
                "port {port}\nsentinel monitor tokens 127.0.0.1 {} 1\n\
                 sentinel down-after-milliseconds tokens 1000",
                master.port()
            )
        },
        &["--sentinel"],
    );
    let url = sentinel.url().replace("redis:", "redis+sentinel:");
    let store = RedisStore::new(&format!("{}/tokens/0", url.trim_end_matches('/'))).unwrap();
    assert_eq!(store.swap(KEY, None, b"first", KEEP).await.unwrap(), Swap::Done);
    eventually("the replica has the record", || {
        let found: Option<String> = replica.admin(&["GET", KEY]);
        found.filter(|it| it == "first")
    });
    eventually("the failover begins", || {
        sentinel.try_admin::<()>(&["SENTINEL", "FAILOVER", "tokens"]).ok()
    });
    eventually("the replica is the master", || {
        // It closes its connections while its role changes.
        let role: Vec<redis::Value> = replica.try_admin(&["ROLE"]).ok()?;
        (role[0] == redis::Value::BulkString(b"master".to_vec())).then_some(())
    });
    let start = std::time::Instant::now();
    loop {
        // The old master may still answer, and is lost: the client then reads again.
        let read = store.read(KEY).await.ok().flatten();
        let swap = store.swap(KEY, read.as_ref(), b"second", KEEP).await;
        let found: Option<String> = replica.try_admin(&["GET", KEY]).unwrap_or_default();
        if swap.is_ok_and(|it| it == Swap::Done) && found.as_deref() == Some("second") {
            break;
        }
        assert!(start.elapsed() < Duration::from_secs(10));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let unknown = RedisStore::sentinel([sentinel.url().as_str()], "unknown").build().unwrap();
    assert_eq!(unknown.read(KEY).await.unwrap_err().kind(), StoreErrorKind::Unreachable);
}

#[tokio::test]
async fn a_cluster_keeps_the_record_on_one_of_its_nodes() {
    let bus = || TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let nodes: Vec<(Redis, u16)> = (0..3)
        .map(|_| {
            let bus = bus();
            let lines =
                |port| format!("port {port}\ncluster-enabled yes\ncluster-port {bus}\nsave \"\"");
            (Redis::with(lines), bus)
        })
        .collect();
    let slots = [("0", "5460"), ("5461", "10922"), ("10923", "16383")];
    for ((node, _), (first, last)) in nodes.iter().zip(slots) {
        node.admin::<()>(&["CLUSTER", "ADDSLOTSRANGE", first, last]);
        for (other, bus) in &nodes {
            let (port, bus) = (other.port().to_string(), bus.to_string());
            node.admin::<()>(&["CLUSTER", "MEET", "127.0.0.1", &port, &bus]);
        }
    }
    for (node, _) in &nodes {
        eventually("the cluster works", || {
            let info: String = node.admin(&["CLUSTER", "INFO"]);
            (info.contains("cluster_state:ok") && info.contains("known_nodes:3")).then_some(())
        });
    }
    let urls: Vec<String> = nodes.iter().map(|(node, _)| node.url()).collect();
    let store = RedisStore::cluster(urls.iter().map(String::as_str)).build().unwrap();
    for number in 0..8 {
        let key = format!("{KEY}{number}");
        assert_eq!(store.swap(&key, None, b"first", KEEP).await.unwrap(), Swap::Done, "{key}");
        let first = store.read(&key).await.unwrap().unwrap();
        assert_eq!((&first.record()[..], first.left() <= Some(KEEP)), (&b"first"[..], true));
        assert_eq!(store.swap(&key, None, b"second", KEEP).await.unwrap(), Swap::Changed);
        assert_eq!(store.swap(&key, Some(&first), b"second", KEEP).await.unwrap(), Swap::Done);
    }
    let all = urls.iter().map(|url| url.trim_start_matches("redis://").trim_end_matches('/'));
    let by_url = format!("redis+cluster://{}", all.collect::<Vec<_>>().join(","));
    let read = RedisStore::new(&by_url).unwrap().read(&format!("{KEY}0")).await.unwrap();
    assert_eq!(&read.unwrap().record()[..], b"second");
    let refusals = urls.iter().map(|url| RedisStore::new(url).unwrap());
    let mut kinds = Vec::new();
    for alone in refusals {
        kinds.push(alone.read(KEY).await.map(|_| ()).map_err(|it| it.kind()));
    }
    kinds.sort_by_key(Result::is_ok);
    let refused = Err(StoreErrorKind::Refused);
    assert_eq!(kinds, [refused, refused, Ok(())]);
}

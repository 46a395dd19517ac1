//! The suite of the port, with a user that has exactly the documented rights.

use std::sync::Arc;
use std::time::Duration;

use easemob_token_store::conformance::{Subject, broken_rules};
use easemob_token_store::{StoreErrorKind, TokenStore, async_trait};
use easemob_token_store_redis::RedisStore;
use easemob_token_transport_testkit::ClosedPort;

use crate::server::{PASSWORD, RIGHTS, Redis};

struct RealRedis {
    redis: Redis,
    url: String,
    closed: ClosedPort,
}

#[async_trait]
impl Subject for RealRedis {
    fn open(&self) -> Arc<dyn TokenStore> {
        Arc::new(RedisStore::new(&self.url).unwrap())
    }

    async fn pass(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    async fn plant(&self, key: &str, bytes: &[u8]) -> bool {
        redis::cmd("SET").arg(key).arg(bytes).query(&mut self.redis.connection()).unwrap()
    }

    fn failing(&self) -> Vec<(Arc<dyn TokenStore>, StoreErrorKind)> {
        let wrong_password = self.url.replace(PASSWORD, "MARKED-password");
        let wrong_user = self.url.replace("suite:", "nobody:");
        let nothing = self.redis.user("nothing", &[]);
        let elsewhere = self.redis.user("elsewhere", &[&["~other:*"], &RIGHTS[1..]].concat());
        let mut failing: Vec<(Arc<dyn TokenStore>, _)> = vec![(
            Arc::new(
                RedisStore::new(&format!("redis://u:{PASSWORD}@{}", self.closed.address()))
                    .unwrap(),
            ),
            StoreErrorKind::Unreachable,
        )];
        for url in [wrong_password, wrong_user, nothing, elsewhere] {
            failing.push((Arc::new(RedisStore::new(&url).unwrap()), StoreErrorKind::Refused));
        }
        failing
    }

    fn secrets(&self) -> Vec<String> {
        vec![PASSWORD.to_owned(), "MARKED-password".to_owned(), "nobody".to_owned()]
    }
}

#[tokio::test]
async fn the_store_keeps_every_rule_of_the_port() {
    let redis = Redis::start();
    let url = redis.user("suite", &RIGHTS);
    let broken = broken_rules(&RealRedis { redis, url, closed: ClosedPort::new() }).await;
    assert!(broken.is_empty(), "{broken:#?}");
}

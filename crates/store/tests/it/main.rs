//! Tests of the conformance suite: a good store passes, and each broken one breaks one rule.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod broken_store;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use easemob_token_store::conformance::{RULES, Subject, broken_rules};
use easemob_token_store::{MAX_RECORD_BYTES, MemoryStore, StoreErrorKind, TokenStore, async_trait};
use futures_lite::future::block_on;

use crate::broken_store::{BrokenStore, Fault, PASSWORD, Planted};

struct Trial(MemoryStore, Planted, Option<Fault>);

#[async_trait]
impl Subject for Trial {
    fn open(&self) -> Arc<dyn TokenStore> {
        Arc::new(BrokenStore::new(&self.0, &self.1, self.2))
    }

    async fn pass(&self, time: Duration) {
        self.0.advance(time);
    }

    async fn plant(&self, key: &str, bytes: &[u8]) -> bool {
        self.0.plant(key, bytes.to_vec());
        if bytes.len() > MAX_RECORD_BYTES {
            self.1.lock().unwrap().insert(key.to_owned());
        }
        true
    }

    fn failing(&self) -> Vec<(Arc<dyn TokenStore>, StoreErrorKind)> {
        vec![(Arc::new(BrokenStore::away(self.2)), StoreErrorKind::Unreachable)]
    }

    fn secrets(&self) -> Vec<String> {
        vec![PASSWORD.to_owned()]
    }
}

fn broken(fault: Option<Fault>) -> Vec<&'static str> {
    let broken = block_on(broken_rules(&Trial(MemoryStore::new(), Planted::default(), fault)));
    broken.iter().map(|it| it.rule).collect()
}

#[test]
fn a_good_store_breaks_no_rule() {
    assert_eq!(broken(None), [""; 0]);
}

#[test]
fn each_rule_alone_catches_a_store_that_breaks_it() {
    let wrong: Vec<_> = Fault::ALL
        .iter()
        .map(|(fault, rule)| (fault, rule, broken(Some(*fault))))
        .filter(|(_, rule, broken)| broken[..] != [**rule])
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    let caught: BTreeSet<_> = Fault::ALL.iter().map(|(_, rule)| *rule).collect();
    assert_eq!(caught, BTreeSet::from(RULES));
}

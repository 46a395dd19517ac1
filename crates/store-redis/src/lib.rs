//! The Redis store of `easemob-token`: the processes of a fleet share a record through Redis.
//!
//! ```no_run
//! use std::sync::Arc;
//! use easemob_token_store::{StoreError, TokenStore};
//! use easemob_token_store_redis::RedisStore;
//!
//! # fn main() -> Result<(), StoreError> {
//! let store: Arc<dyn TokenStore> = Arc::new(RedisStore::new("redis://127.0.0.1:6379")?);
//! # Ok(())
//! # }
//! ```
//!
//! - **Nothing is connected** before the first operation, so a Redis that is down at the start is no
//!   error. A broken connection is replaced by the next operation.
//! - **Every executor works.** The connection lives on a thread of the store, which begins with the
//!   first operation. So it survives the end of a runtime, and a caller that gives up does not stop
//!   a connection that is being made.
//! - **TLS** with `rediss://`, trusting the system's roots or those of
//!   [`RedisStoreBuilder::roots_pem`]. If the process has no default provider for rustls, ring becomes it.
//! - **After a fork** the child makes a store of its own if the parent has used this one already.
//! - **A URL is a secret**: it is in no error and in no `Debug`.
//!
//! The user of Redis needs these rights and no others: `~easemob-token:v1:* +get +pttl +set +eval +evalsha`.
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `sentinel` | `RedisStore::sentinel`, URLs with `redis+sentinel://` |
//! | `cluster` | `RedisStore::cluster`, URLs with `redis+cluster://` |

// docs.rs then shows which feature an item needs.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod builder;
mod connection;
mod failure;
mod fork;
mod operation;
mod servers;
mod target;
mod worker;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use easemob_token_store::{
    MAX_RECORD_BYTES, StoreError, StoreErrorKind, Stored, Swap, TokenStore, async_trait,
};

pub use self::builder::RedisStoreBuilder;
use self::worker::Worker;

/// A store in Redis, with which the processes of a fleet share one record.
///
/// A clone shares the connection.
#[derive(Clone)]
pub struct RedisStore {
    worker: Arc<Worker>,
}

impl RedisStore {
    /// A store behind a URL such as `redis://user:password@host:6379/0`, or `rediss://…` for TLS.
    ///
    /// `unix:///path/of/socket` works too, with the feature `sentinel`
    /// `redis+sentinel://user:password@sentinel:26379,other:26379/master/0`, and with the feature
    /// `cluster` `redis+cluster://user:password@node:6379,other:6379`. Connects to nothing yet, and
    /// needs no runtime.
    ///
    /// # Errors
    ///
    /// [`StoreErrorKind::Refused`] with the remedy if the URL is not valid. It is not repeated.
    pub fn new(url: &str) -> Result<Self, StoreError> {
        Self::builder(url).build()
    }

    /// A builder for a store behind a URL, as in [`new`](Self::new).
    pub fn builder(url: &str) -> RedisStoreBuilder {
        RedisStoreBuilder::single(url)
    }

    /// A builder for a store whose master these Sentinels know under the name `master`.
    ///
    /// Login, database and TLS of the master itself are set with [`RedisStoreBuilder::node`].
    #[cfg(feature = "sentinel")]
    pub fn sentinel<'a>(
        sentinels: impl IntoIterator<Item = &'a str>,
        master: &str,
    ) -> RedisStoreBuilder {
        RedisStoreBuilder::sentinel(sentinels.into_iter(), master)
    }

    /// A builder for a store in a Redis Cluster, with the URLs of some of its nodes.
    #[cfg(feature = "cluster")]
    pub fn cluster<'a>(nodes: impl IntoIterator<Item = &'a str>) -> RedisStoreBuilder {
        RedisStoreBuilder::cluster(nodes.into_iter())
    }
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore").finish_non_exhaustive()
    }
}

#[async_trait]
impl TokenStore for RedisStore {
    async fn read(&self, key: &str) -> Result<Option<Stored>, StoreError> {
        let key = key.to_owned();
        self.worker.run(|shared| async move { shared.read(&key).await }).await
    }

    async fn swap(
        &self,
        key: &str,
        expected: Option<&Stored>,
        record: &[u8],
        keep: Duration,
    ) -> Result<Swap, StoreError> {
        if record.len() > MAX_RECORD_BYTES {
            let cause = "the record is larger than 64 KiB";
            return Err(StoreError::new(StoreErrorKind::Refused, cause));
        }
        let swap = operation::Swapping {
            key: key.to_owned(),
            expected: expected.map(|it| it.record().clone()),
            record: record.to_vec(),
            keep: operation::milliseconds(keep),
        };
        self.worker.run(|shared| async move { shared.swap(swap).await }).await
    }
}

/// The README, so that its example is compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

//! A store in this process's memory, for tests.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;

use crate::{MAX_RECORD_BYTES, StoreError, StoreErrorKind, Stored, Swap, TokenStore};

/// A store for tests: its clones share their records, as processes share a real store.
///
/// It never fails and never waits. Its clock is the monotonic one of this process, and
/// [`advance`](Self::advance) moves it, so that a test sees the end of a record without waiting for it.
///
/// ```
/// # use std::time::Duration;
/// # use easemob_token_store::{MemoryStore, StoreError, TokenStore, bytes::Bytes};
/// # async fn example() -> Result<(), StoreError> {
/// let store = MemoryStore::new();
/// let other = store.clone();
/// let done = store.swap("key", None, b"record", Duration::from_secs(60)).await?;
/// assert_eq!(other.read("key").await?.map(|it| it.record().clone()), Some(Bytes::from("record")));
/// other.advance(Duration::from_secs(60));
/// assert_eq!(store.read("key").await?, None);
/// # let _ = done;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct MemoryStore {
    inner: Arc<Mutex<Inner>>,
}

struct Inner {
    began: Instant,
    advanced: Duration,
    records: HashMap<String, Record>,
}

struct Record {
    bytes: Bytes,
    end: Duration,
}

impl MemoryStore {
    /// Creates an empty store.
    #[must_use]
    pub fn new() -> Self {
        let inner =
            Inner { began: Instant::now(), advanced: Duration::ZERO, records: HashMap::new() };
        Self { inner: Arc::new(Mutex::new(inner)) }
    }

    /// Moves the store's clock ahead, for all clones.
    pub fn advance(&self, by: Duration) {
        let mut inner = self.lock();
        inner.advanced = inner.advanced.saturating_add(by);
    }

    /// Removes every record, as an eviction or `FLUSHALL` does.
    pub fn clear(&self) {
        self.lock().records.clear();
    }

    /// Puts any bytes under a key, as a foreign program could do.
    pub fn plant(&self, key: &str, bytes: impl Into<Bytes>) {
        self.lock().insert(key, bytes.into(), Duration::MAX);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn now(&self) -> Duration {
        self.began.elapsed().saturating_add(self.advanced)
    }

    /// The record under this key, without one that is over or too large.
    fn current(&self, key: &str) -> Option<Stored> {
        let record = self.records.get(key)?;
        let left = record.end.checked_sub(self.now()).filter(|it| !it.is_zero())?;
        (record.bytes.len() <= MAX_RECORD_BYTES)
            .then(|| Stored::new(record.bytes.clone(), Some(left)))
    }

    fn insert(&mut self, key: &str, bytes: Bytes, keep: Duration) {
        let end = self.now().saturating_add(keep);
        self.records.insert(key.to_owned(), Record { bytes, end });
    }
}

#[async_trait]
impl TokenStore for MemoryStore {
    async fn read(&self, key: &str) -> Result<Option<Stored>, StoreError> {
        Ok(self.lock().current(key))
    }

    async fn swap(
        &self,
        key: &str,
        expected: Option<&Stored>,
        record: &[u8],
        keep: Duration,
    ) -> Result<Swap, StoreError> {
        if record.len() > MAX_RECORD_BYTES {
            return Err(StoreError::new(StoreErrorKind::Refused, "the record is too large"));
        }
        let mut inner = self.lock();
        if inner.current(key).as_ref().map(Stored::record) != expected.map(Stored::record) {
            return Ok(Swap::Changed);
        }
        inner.insert(key, Bytes::copy_from_slice(record), keep);
        Ok(Swap::Done)
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").field("records", &self.lock().records.len()).finish()
    }
}

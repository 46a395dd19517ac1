//! A store in simulated time that several clients share: it fails, hangs and forgets as scripted.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use easemob_token_core::Uptime;
use easemob_token_store::{
    StoreError, StoreErrorKind, Stored, Swap, TokenStore, async_trait, bytes::Bytes,
};
use easemob_token_transport::Runtime;

use super::runtime::Simulation;

/// How the store misbehaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Trouble {
    #[default]
    None,
    /// Every operation fails in this way.
    Fails(StoreErrorKind),
    /// Every swap fails in this way, as on a replica or a full disk.
    RefusesSwaps,
    /// No operation ends.
    Hangs,
    /// Swaps are done, but their answers never come.
    LosesAnswers,
    /// Every operation panics.
    Panics,
}

#[derive(Default)]
pub(super) struct StoreSettings {
    pub(super) trouble: Trouble,
    pub(super) latency: Duration,
    /// Does not say what is left of a record's time.
    pub(super) is_mute: bool,
}

/// The store; its clones share their records.
#[derive(Clone)]
pub(super) struct SharedStore {
    simulation: Simulation,
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    settings: Mutex<StoreSettings>,
    records: Mutex<HashMap<String, (Bytes, Uptime)>>,
    operations: AtomicUsize,
}

impl SharedStore {
    pub(super) fn new(simulation: &Simulation) -> Self {
        Self { simulation: simulation.clone(), inner: Arc::default() }
    }

    pub(super) fn set(&self, change: impl FnOnce(&mut StoreSettings)) {
        change(&mut self.inner.settings.lock().unwrap());
    }

    pub(super) fn trouble(&self, trouble: Trouble) {
        self.set(|settings| settings.trouble = trouble);
    }

    /// The number of operations so far.
    pub(super) fn operations(&self) -> usize {
        self.inner.operations.load(Ordering::SeqCst)
    }

    /// The names of the records.
    pub(super) fn names(&self) -> Vec<String> {
        self.inner.records.lock().unwrap().keys().cloned().collect()
    }

    /// The bytes of the only record.
    pub(super) fn record(&self) -> Option<Bytes> {
        let records = self.inner.records.lock().unwrap();
        assert!(records.len() <= 1, "one client secret has one record");
        records.values().next().map(|(record, _)| record.clone())
    }

    /// Puts these bytes in the place of each record; `None` removes them.
    pub(super) fn put(&self, record: Option<&[u8]>) {
        let mut records = self.inner.records.lock().unwrap();
        match record {
            Some(bytes) => {
                let end = self.simulation.clock().uptime().after(Duration::from_secs(1_000_000));
                records.values_mut().for_each(|it| *it = (Bytes::copy_from_slice(bytes), end));
            }
            None => records.clear(),
        }
    }

    fn current(&self, key: &str) -> Option<Stored> {
        let now = self.simulation.clock().uptime();
        let records = self.inner.records.lock().unwrap();
        let (record, end) = records.get(key).filter(|(_, end)| *end > now)?;
        let tells = !self.inner.settings.lock().unwrap().is_mute;
        Some(Stored::new(record.clone(), tells.then(|| end.since(now))))
    }

    async fn begin(&self) -> Result<Trouble, StoreError> {
        self.inner.operations.fetch_add(1, Ordering::SeqCst);
        let (trouble, latency) = {
            let settings = self.inner.settings.lock().unwrap();
            (settings.trouble, settings.latency)
        };
        if !latency.is_zero() {
            self.simulation.sleep(latency).await;
        }
        match trouble {
            Trouble::Fails(kind) => Err(StoreError::new(kind, "scripted")),
            Trouble::Hangs => std::future::pending().await,
            Trouble::Panics => panic!("the store panics, as scripted"),
            other => Ok(other),
        }
    }
}

#[async_trait]
impl TokenStore for SharedStore {
    async fn read(&self, key: &str) -> Result<Option<Stored>, StoreError> {
        self.begin().await?;
        Ok(self.current(key))
    }

    async fn swap(
        &self,
        key: &str,
        expected: Option<&Stored>,
        record: &[u8],
        keep: Duration,
    ) -> Result<Swap, StoreError> {
        let trouble = self.begin().await?;
        if trouble == Trouble::RefusesSwaps {
            return Err(StoreError::new(StoreErrorKind::Refused, "scripted"));
        }
        if self.current(key).as_ref().map(Stored::record) != expected.map(Stored::record) {
            return Ok(Swap::Changed);
        }
        let end = self.simulation.clock().uptime().after(keep);
        let stored = (Bytes::copy_from_slice(record), end);
        self.inner.records.lock().unwrap().insert(key.to_owned(), stored);
        if trouble == Trouble::LosesAnswers {
            std::future::pending::<()>().await;
        }
        Ok(Swap::Done)
    }
}

impl fmt::Debug for SharedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedStore")
    }
}

//! A store with one fault, over a good one.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use easemob_token_store::bytes::Bytes;
use easemob_token_store::{
    MAX_RECORD_BYTES, MemoryStore, StoreError, StoreErrorKind, Stored, Swap, TokenStore,
    async_trait,
};
use futures_lite::future::yield_now;

pub(crate) const PASSWORD: &str = "MARKED-password";
const LEFT: Duration = Duration::from_secs(60);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    AbsentIsEmpty,
    TextOnly,
    TrimsLineEnds,
    OwnCache,
    NoneOverwrites,
    NotInOneStep,
    ComparesLengths,
    IgnoresCase,
    Creates,
    ComparesLeft,
    NeverEnds,
    KeepsFirstEnd,
    LeftStays,
    ZeroIsForever,
    TimeOverflows,
    CutsKeysAtNul,
    FoldsCaseOfKeys,
    CutsLongKeys,
    CutsLongRecords,
    EmptyStays,
    KeepsLarge,
    CutsLarge,
    ReadsLargeForeign,
    LargeForeignStays,
    WritesHalf,
    WrongKind,
    NoError,
    ErrorShowsPassword,
    DebugShowsRecords,
}

use Fault::*;

impl Fault {
    /// Each fault with the rule that it breaks.
    pub(crate) const ALL: &[(Self, &str)] = &[
        (AbsentIsEmpty, "an absent record is none"),
        (TextOnly, "a record comes back byte for byte"),
        (TrimsLineEnds, "a record comes back byte for byte"),
        (OwnCache, "other handles see a record"),
        (NoneOverwrites, "of several swaps that expect the same, one is done"),
        (NotInOneStep, "of several swaps that expect the same, one is done"),
        (ComparesLengths, "a swap that expects another record changes nothing"),
        (IgnoresCase, "a swap that expects another record changes nothing"),
        (Creates, "a swap that expects a record does not create one"),
        (ComparesLeft, "only bytes are compared"),
        (NeverEnds, "a record is gone when its time is over"),
        (KeepsFirstEnd, "each swap sets the time anew"),
        (LeftStays, "the time that is left falls, or is unknown"),
        (ZeroIsForever, "times of nothing and of centuries do no harm"),
        (TimeOverflows, "times of nothing and of centuries do no harm"),
        (CutsKeysAtNul, "keys do not disturb each other"),
        (FoldsCaseOfKeys, "keys do not disturb each other"),
        (CutsLongKeys, "keys do not disturb each other"),
        (CutsLongRecords, "every size up to the limit is kept"),
        (EmptyStays, "an empty record can be replaced"),
        (KeepsLarge, "a record over the limit is not kept"),
        (CutsLarge, "a record over the limit is not kept"),
        (ReadsLargeForeign, "foreign bytes can be replaced"),
        (LargeForeignStays, "foreign bytes can be replaced"),
        (WritesHalf, "a dropped call leaves the old or the new record"),
        (WrongKind, "errors are typed and show no secret"),
        (NoError, "errors are typed and show no secret"),
        (ErrorShowsPassword, "errors are typed and show no secret"),
        (DebugShowsRecords, "errors are typed and show no secret"),
    ];
}

/// A handle on a store; with `None` as its records nobody answers.
pub(crate) struct BrokenStore {
    records: Option<MemoryStore>,
    planted: Planted,
    fault: Option<Fault>,
    /// What this handle remembers, with some faults.
    own: Mutex<HashMap<String, Bytes>>,
    reads: AtomicUsize,
}

/// The keys that have foreign bytes over the limit, until somebody replaces them.
pub(crate) type Planted = Arc<Mutex<HashSet<String>>>;

impl BrokenStore {
    pub(crate) fn new(records: &MemoryStore, planted: &Planted, fault: Option<Fault>) -> Self {
        let (records, planted) = (Some(records.clone()), planted.clone());
        Self { records, planted, fault, own: Mutex::default(), reads: AtomicUsize::new(0) }
    }

    pub(crate) fn away(fault: Option<Fault>) -> Self {
        Self { records: None, ..Self::new(&MemoryStore::new(), &Planted::default(), fault) }
    }

    fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    fn records(&self) -> Result<&MemoryStore, StoreError> {
        let cause = if self.has(ErrorShowsPassword) { PASSWORD } else { "nobody answers" };
        let wrong = self.has(WrongKind);
        let kind = if wrong { StoreErrorKind::Broken } else { StoreErrorKind::Unreachable };
        self.records.as_ref().ok_or_else(|| StoreError::new(kind, cause))
    }

    fn key(&self, key: &str) -> String {
        match self.fault {
            Some(CutsKeysAtNul) => key.split('\0').next().unwrap().to_owned(),
            Some(FoldsCaseOfKeys) => key.to_lowercase(),
            Some(CutsLongKeys) => key.chars().take(250).collect(),
            _ => key.to_owned(),
        }
    }

    /// The bytes and the time that this store writes.
    fn written(&self, record: &[u8], first: bool, keep: Duration) -> (Vec<u8>, Duration) {
        let short = Duration::from_millis(1)..Duration::from_secs(1);
        let keep = match self.fault {
            Some(NeverEnds) if first && short.contains(&keep) => Duration::from_secs(60),
            Some(ZeroIsForever) if keep < short.start => Duration::MAX,
            Some(TimeOverflows) if keep == Duration::MAX => Duration::ZERO,
            _ => keep,
        };
        let record = match self.fault {
            Some(TextOnly) => String::from_utf8_lossy(record).into_owned().into_bytes(),
            Some(TrimsLineEnds) => record.trim_ascii_end().to_vec(),
            Some(CutsLongRecords) if record.len() <= MAX_RECORD_BYTES => {
                record[..record.len().min(60_000)].to_vec()
            }
            Some(CutsLarge) => record[..record.len().min(MAX_RECORD_BYTES)].to_vec(),
            _ => record.to_vec(),
        };
        (record, keep)
    }

    /// The record that this store takes for the expected one.
    fn expected(&self, current: Option<&Stored>, expected: Option<&Stored>) -> Option<Stored> {
        let same = match (self.fault, current, expected) {
            (Some(NoneOverwrites), Some(_), None) | (Some(Creates), None, Some(_)) => true,
            (Some(ComparesLengths), Some(a), Some(b)) => a.record().len() == b.record().len(),
            (Some(IgnoresCase), Some(a), Some(b)) => a.record().eq_ignore_ascii_case(b.record()),
            _ => false,
        };
        if same { current.cloned() } else { expected.cloned() }
    }

    /// Replaces the record in several steps, without a look at what others do meanwhile.
    async fn overwrite(&self, key: &str, steps: &[&[u8]], keep: Duration) {
        let records = self.records().unwrap();
        for step in steps {
            let current = records.read(key).await.unwrap();
            let _ = records.swap(key, current.as_ref(), step, keep).await;
            yield_now().await;
        }
    }
}

#[async_trait]
impl TokenStore for BrokenStore {
    async fn read(&self, key: &str) -> Result<Option<Stored>, StoreError> {
        if self.has(NoError) && self.records.is_none() {
            return Ok(None);
        }
        let key = self.key(key);
        let is_first = self.reads.fetch_add(1, Ordering::Relaxed) == 0;
        let found = self.records()?.read(&key).await?;
        let own = self.own.lock().unwrap().get(&key).cloned().map(|it| Stored::new(it, None));
        Ok(match self.fault {
            Some(AbsentIsEmpty) if is_first => found.or(Some(Stored::new(Bytes::new(), None))),
            Some(OwnCache) if found.is_some() => own.or(found),
            Some(KeepsLarge) => own.or(found),
            Some(ReadsLargeForeign) if self.planted.lock().unwrap().contains(&key) => {
                Some(Stored::new(vec![b'x'; MAX_RECORD_BYTES + 1], None))
            }
            Some(LeftStays) => found.map(|it| Stored::new(it.record().clone(), Some(LEFT))),
            _ => found,
        })
    }

    async fn swap(
        &self,
        key: &str,
        expected: Option<&Stored>,
        record: &[u8],
        keep: Duration,
    ) -> Result<Swap, StoreError> {
        if self.has(NoError) && self.records.is_none() {
            return Ok(Swap::Changed);
        }
        let key = &*self.key(key);
        let records = self.records()?;
        let current = records.read(key).await?;
        let (bytes, mut keep) = self.written(record, expected.is_none(), keep);
        let known = self.own.lock().unwrap().contains_key(key);
        let expected = self.expected(current.as_ref(), expected);
        let fits = record.len() <= MAX_RECORD_BYTES;
        let is_expected =
            fits && current.as_ref().map(Stored::record) == expected.as_ref().map(Stored::record);
        match self.fault {
            Some(ComparesLeft) if expected.as_ref().is_some_and(|it| it.left().is_none()) => {
                return Ok(Swap::Changed);
            }
            Some(EmptyStays) if known => return Ok(Swap::Changed),
            Some(LargeForeignStays) if self.planted.lock().unwrap().contains(key) => {
                return Ok(Swap::Changed);
            }
            Some(KeepsFirstEnd) => keep = current.and_then(|it| it.left()).unwrap_or(keep),
            Some(NotInOneStep) if is_expected => {
                yield_now().await;
                self.overwrite(key, &[record], keep).await;
                return Ok(Swap::Done);
            }
            Some(WritesHalf) if is_expected => {
                self.overwrite(key, &[&record[..record.len() / 2], record], keep).await;
                return Ok(Swap::Done);
            }
            Some(KeepsLarge) if record.len() > MAX_RECORD_BYTES => {
                self.own.lock().unwrap().insert(key.to_owned(), bytes.into());
                return Ok(Swap::Done);
            }
            _ => {}
        }
        let swap = records.swap(key, expected.as_ref(), &bytes, keep).await?;
        if swap == Swap::Done {
            self.planted.lock().unwrap().remove(key);
            let remembers = match self.fault {
                Some(OwnCache | DebugShowsRecords) => true,
                Some(EmptyStays) => bytes.is_empty(),
                _ => false,
            };
            if remembers {
                self.own.lock().unwrap().insert(key.to_owned(), bytes.into());
            }
        }
        Ok(swap)
    }
}

impl fmt::Debug for BrokenStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let own = self.own.lock().unwrap();
        let shown = self.has(DebugShowsRecords).then(|| own.clone());
        f.debug_struct("BrokenStore").field("own", &shown).finish()
    }
}

//! The store port of `easemob-token`: one trait between the client and a place that processes share.
//!
//! A [`TokenStore`] keeps small records under names. It reads one, and replaces one if nobody else
//! did meanwhile. The client seals what it writes, so a store sees neither tokens nor secrets. This
//! crate opens no file and no connection: a store depends on this crate and on its own library only.
//!
//! The feature `conformance` adds a suite that tries every rule of the contract on a store.
//! [`MemoryStore`] is a store for tests.

// docs.rs then shows which feature an item needs.
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "conformance")]
pub mod conformance;
mod error;
mod memory;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use async_trait::async_trait;
pub use bytes;
use bytes::Bytes;

pub use self::error::{StoreError, StoreErrorKind};
pub use self::memory::MemoryStore;

/// A place in which all processes of a fleet keep one record under each name.
///
/// # Contract
///
/// - Both methods act on the record of this key only, and on the whole of it: nobody ever reads a part.
/// - [`swap`](Self::swap) compares and replaces in one step. Of several calls that expect the same
///   record, one is [`Swap::Done`].
/// - An error of the kind [`Timeout`](StoreErrorKind::Timeout) says that the record may have been
///   replaced; with the other kinds it was not.
/// - A call that is dropped does no harm: the record is the old or the new one.
/// - A record is gone when its time is over, or earlier if the store needs the space.
/// - A record of up to [`MAX_RECORD_BYTES`] is kept. A larger one that is found counts as none, also
///   for [`swap`](Self::swap), so that it can be replaced. An empty one may count as none.
/// - Nothing is printed or logged that a record contains, and no secret of the store's own.
///
/// The client limits the time of each call itself.
#[async_trait]
pub trait TokenStore: fmt::Debug + Send + Sync + 'static {
    /// Reads the record under this key; `None` if there is none.
    async fn read(&self, key: &str) -> Result<Option<Stored>, StoreError>;

    /// Replaces the `expected` record, all or nothing, and keeps the new one for the time `keep`.
    ///
    /// With `expected` as `None` it is written only if there is no record. Only the bytes are compared.
    async fn swap(
        &self,
        key: &str,
        expected: Option<&Stored>,
        record: &[u8],
        keep: Duration,
    ) -> Result<Swap, StoreError>;
}

#[async_trait]
impl<S: TokenStore + ?Sized> TokenStore for Arc<S> {
    async fn read(&self, key: &str) -> Result<Option<Stored>, StoreError> {
        (**self).read(key).await
    }

    async fn swap(
        &self,
        key: &str,
        expected: Option<&Stored>,
        record: &[u8],
        keep: Duration,
    ) -> Result<Swap, StoreError> {
        (**self).swap(key, expected, record, keep).await
    }
}

/// The most bytes of a record.
pub const MAX_RECORD_BYTES: usize = 64 * 1024;

/// A record as it was read.
#[derive(Clone, PartialEq, Eq)]
pub struct Stored {
    record: Bytes,
    left: Option<Duration>,
}

impl Stored {
    /// A record, and what is left of the time for which it is kept, by the store's own clock.
    ///
    /// Without a `left` the store cannot tell; the client then waits by its own clock.
    #[must_use]
    pub fn new(record: impl Into<Bytes>, left: Option<Duration>) -> Self {
        Self { record: record.into(), left }
    }

    /// The bytes that were written.
    #[must_use]
    pub fn record(&self) -> &Bytes {
        &self.record
    }

    /// What is left of the time for which the record is kept, if the store can tell.
    #[must_use]
    pub fn left(&self) -> Option<Duration> {
        self.left
    }
}

impl fmt::Debug for Stored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stored")
            .field("bytes", &self.record.len())
            .field("left", &self.left)
            .finish()
    }
}

/// The result of [`TokenStore::swap`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
// Complete: a comparison has two results.
pub enum Swap {
    /// The record was replaced.
    Done,
    /// Another record is there, or none: nothing was written.
    Changed,
}

/// The README, so that its example is compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

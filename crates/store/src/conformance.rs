//! The conformance suite for stores: it tries every rule of the port's contract.
//!
//! Implement [`Subject`] for your store and run [`broken_rules`] in one test, on any executor.
//!
//! ```
//! use std::sync::Arc;
//! use std::time::Duration;
//! use easemob_token_store::conformance::{Subject, broken_rules};
//! use easemob_token_store::{MemoryStore, TokenStore, async_trait};
//!
//! struct Mine(MemoryStore);
//!
//! #[async_trait]
//! impl Subject for Mine {
//!     fn open(&self) -> Arc<dyn TokenStore> {
//!         Arc::new(self.0.clone())
//!     }
//!
//!     async fn pass(&self, time: Duration) {
//!         // A real store needs real time: `tokio::time::sleep(time).await`.
//!         self.0.advance(time);
//!     }
//! }
//!
//! # futures_lite::future::block_on(async {
//! let broken = broken_rules(&Mine(MemoryStore::new())).await;
//! assert!(broken.is_empty(), "{broken:#?}");
//! # });
//! ```
//!
//! Every key begins with `easemob-token:v1:`, so a store's access rules can be those of production.
//! Each run uses keys of its own. The suite has no time limit: a store that hangs makes it hang.

mod rules;

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;

use crate::{StoreError, StoreErrorKind, TokenStore};

/// The store under test, and what the suite needs beside it.
#[async_trait]
pub trait Subject: Send + Sync {
    /// Opens the store once more, as another process would.
    fn open(&self) -> Arc<dyn TokenStore>;

    /// Lets this time pass on the store's clock: sleeps, or moves the clock of a test.
    async fn pass(&self, time: Duration);

    /// Puts bytes where the store keeps this key's record, as a foreign program could.
    ///
    /// Returns false if nobody else can write there; the rules about that are then not tried.
    async fn plant(&self, _key: &str, _bytes: &[u8]) -> bool {
        false
    }

    /// Stores whose operations fail, each with the kind that both methods must report.
    fn failing(&self) -> Vec<(Arc<dyn TokenStore>, StoreErrorKind)> {
        Vec::new()
    }

    /// Texts that no error and no `Debug` may show, such as the password of the store.
    fn secrets(&self) -> Vec<String> {
        Vec::new()
    }
}

/// A rule that a store breaks, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BrokenRule {
    /// The rule, as in [`RULES`].
    pub rule: &'static str,
    /// What the store did instead.
    pub problem: String,
}

/// The names of all rules, in the order in which they are tried.
pub const RULES: [&str; 18] = [
    "an absent record is none",
    "a record comes back byte for byte",
    "other handles see a record",
    "of several swaps that expect the same, one is done",
    "a swap that expects another record changes nothing",
    "a swap that expects a record does not create one",
    "only bytes are compared",
    "a record is gone when its time is over",
    "each swap sets the time anew",
    "the time that is left falls, or is unknown",
    "times of nothing and of centuries do no harm",
    "keys do not disturb each other",
    "every size up to the limit is kept",
    "an empty record can be replaced",
    "a record over the limit is not kept",
    "foreign bytes can be replaced",
    "a dropped call leaves the old or the new record",
    "errors are typed and show no secret",
];

/// Tries every rule, and returns those that the store breaks.
pub async fn broken_rules(subject: &dyn Subject) -> Vec<BrokenRule> {
    let run = Run::new(subject);
    let checks: [Check<'_>; RULES.len()] = [
        Box::pin(rules::absent(&run)),
        Box::pin(rules::bytes(&run)),
        Box::pin(rules::handles(&run)),
        Box::pin(rules::one_is_done(&run)),
        Box::pin(rules::another_record(&run)),
        Box::pin(rules::not_created(&run)),
        Box::pin(rules::only_bytes(&run)),
        Box::pin(rules::end(&run)),
        Box::pin(rules::time_anew(&run)),
        Box::pin(rules::left(&run)),
        Box::pin(rules::odd_times(&run)),
        Box::pin(rules::keys(&run)),
        Box::pin(rules::sizes(&run)),
        Box::pin(rules::empty(&run)),
        Box::pin(rules::over_the_limit(&run)),
        Box::pin(rules::foreign(&run)),
        Box::pin(rules::dropped(&run)),
        Box::pin(rules::errors(&run)),
    ];
    let mut broken = Vec::new();
    for (rule, check) in RULES.into_iter().zip(checks) {
        if let Err(Problem(problem)) = check.await {
            broken.push(BrokenRule { rule, problem });
        }
    }
    broken
}

type Check<'a> = Pin<Box<dyn Future<Output = Result<(), Problem>> + Send + 'a>>;

struct Problem(String);

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Self(format!("an operation failed: {error}"))
    }
}

/// Fails a rule unless the condition holds.
fn ensure(holds: bool, problem: impl FnOnce() -> String) -> Result<(), Problem> {
    if holds { Ok(()) } else { Err(Problem(problem())) }
}

/// One run of the suite.
struct Run<'a> {
    subject: &'a dyn Subject,
    store: Arc<dyn TokenStore>,
    prefix: String,
    keys: AtomicUsize,
}

impl<'a> Run<'a> {
    fn new(subject: &'a dyn Subject) -> Self {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let (process, nanos) = (std::process::id(), now.as_nanos());
        let prefix = format!("easemob-token:v1:conformance-{process}-{nanos}");
        Self { subject, store: subject.open(), prefix, keys: AtomicUsize::new(0) }
    }

    /// A key that nobody has used.
    fn key(&self) -> String {
        format!("{}-{}", self.prefix, self.keys.fetch_add(1, Ordering::Relaxed))
    }
}

/// Runs futures at the same time, within one task.
async fn join<T>(futures: impl IntoIterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut running: Vec<_> = futures.into_iter().map(|it| (Box::pin(it), None)).collect();
    poll_fn(|context| {
        for (future, output) in running.iter_mut().filter(|(_, output)| output.is_none()) {
            if let Poll::Ready(value) = future.as_mut().poll(context) {
                *output = Some(value);
            }
        }
        let is_done = running.iter().all(|(_, output)| output.is_some());
        if is_done { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    running.into_iter().filter_map(|(_, output)| output).collect()
}

//! The service, which counts, fails by chance, and takes its time.

use std::sync::Arc;
use std::time::Duration;

use easemob_token_core::{AccessToken, Lifetime, UnitSuspicion};
use shuttle::future::yield_now;
use shuttle::rand::{Rng as _, thread_rng};
use shuttle::sync::atomic::{AtomicU64, Ordering};

use crate::acquire::Acquirer;
use crate::cache::Source;
use crate::error::Error;
use crate::event::GrantType;
use crate::received::Received;

/// How long each token lives, in seconds.
const LIFE: u64 = 1_000;

/// Asked by one at a time, or it panics.
#[derive(Clone, Debug)]
pub(crate) struct Service(pub(crate) Arc<State>);

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) acquirer: Acquirer,
    /// In a hundred.
    pub(crate) failing: u32,
    pub(crate) asked: AtomicU64,
    pub(crate) asked_now: AtomicU64,
}

/// What the service made.
#[derive(Clone, Debug)]
pub(crate) struct Made(AccessToken);

impl Received for Made {
    fn access_token(&self) -> &AccessToken {
        &self.0
    }

    fn lifetime(&self) -> Lifetime {
        Lifetime::Expires(Duration::from_secs(LIFE))
    }

    fn unit_suspicion(&self) -> Option<&UnitSuspicion> {
        None
    }
}

/// Whoever asks has gone, with an answer or without.
struct Asking<'a>(&'a AtomicU64);

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Source for Service {
    type Token = Made;
    const GRANT: GrantType = GrantType::ClientCredentials;

    fn acquirer(&self) -> &Acquirer {
        &self.0.acquirer
    }

    async fn fetch(&self, attempts: u32, on_send: impl Fn() + Send + Sync) -> Result<Made, Error> {
        let service = &*self.0;
        let others = service.asked_now.fetch_add(1, Ordering::SeqCst);
        let _asking = Asking(&service.asked_now);
        assert_eq!(others, 0, "a second acquisition is under way");
        for _ in 0..attempts.clamp(1, 2) {
            on_send();
            let number = service.asked.fetch_add(1, Ordering::SeqCst) + 1;
            let (pauses, chance) = (thread_rng().gen_range(0..3), thread_rng().gen_range(0..100));
            for _ in 0..pauses {
                yield_now().await;
            }
            if chance >= service.failing {
                return Ok(Made(AccessToken::new(&number.to_string()).map_err(|_| Error::Failed)?));
            }
        }
        Err(Error::Failed)
    }
}

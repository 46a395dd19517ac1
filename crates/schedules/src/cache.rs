//! The facade's cache of the app token, step by step, over shuttle's locks and tasks.

use easemob_token_core::{Decision, Freshness, Jitter, Lifetime, Slot};
use shuttle::future;
use shuttle::rand::{Rng as _, thread_rng};
use shuttle::sync::atomic::{AtomicU64, Ordering};
use shuttle::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::clock::Clock;
use crate::event::Event;
use crate::service::{Ending, Service};
use crate::swap::Swap;

/// A token: its number at the service, and its generation in the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// Counts the service's answers, so it only grows.
    pub number: u64,
    /// Counts the successes of the cache.
    pub generation: u64,
}

/// There is no token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failed;

/// The kept token of one client.
#[derive(Debug)]
pub struct Cache {
    /// Who is asked.
    pub service: Service,
    /// What time it is.
    pub clock: Clock,
    kept: Swap<Kept>,
    state: Mutex<State>,
    /// The highest generation that every later call must know of.
    published: AtomicU64,
}

#[derive(Debug)]
struct Kept {
    token: Token,
    freshness: Freshness,
}

#[derive(Debug, Default)]
struct State {
    slot: Slot,
    acquisition: Option<Arc<Acquisition>>,
}

#[derive(Debug, Default)]
struct Acquisition {
    result: Mutex<Option<Result<Token, Failed>>>,
    ended: Event,
}

impl Acquisition {
    fn result(&self) -> Option<Result<Token, Failed>> {
        *self.result.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn wait(&self) -> Result<Token, Failed> {
        loop {
            if let Some(result) = self.result() {
                return result;
            }
            let ended = self.ended.listen();
            // It may have ended between the look and the listening.
            if self.result().is_none() {
                ended.await;
            }
        }
    }
}

enum Next {
    Take(Token),
    Wait(Arc<Acquisition>),
    Fail,
}

impl Cache {
    /// One without a token.
    #[must_use]
    pub fn new(service: Service) -> Arc<Self> {
        Arc::new(Self {
            service,
            clock: Clock::default(),
            kept: Swap::default(),
            state: Mutex::default(),
            published: AtomicU64::new(0),
        })
    }

    /// The highest generation of which every call that starts now must know.
    pub fn published(&self) -> u64 {
        self.published.load(Ordering::SeqCst)
    }

    /// The kept token where it is good, otherwise the one that the shared acquisition brings.
    ///
    /// # Errors
    ///
    /// The acquisition failed, or it rests after a failure.
    pub async fn token(self: &Arc<Self>) -> Result<Token, Failed> {
        let now = self.clock.now();
        if let Some(kept) = self.kept.load() {
            // What is not due is usable.
            if !kept.freshness.is_due(now) {
                return Ok(kept.token);
            }
        }
        let (next, task) = self.decide();
        if let Some(acquisition) = task {
            let end = End(Some((Arc::clone(self), acquisition)));
            let cache = Arc::clone(self);
            // Detached: dropping the handle does not end it.
            drop(future::spawn(async move { cache.acquire(end).await }));
        }
        match next {
            Next::Take(token) => Ok(token),
            Next::Wait(acquisition) => acquisition.wait().await,
            Next::Fail => Err(Failed),
        }
    }

    /// The service refused this token.
    pub fn invalidate(&self, refused: Token) {
        let mut state = self.lock();
        let Some(kept) = self.kept.load() else { return };
        if kept.token.number == refused.number && state.slot.invalidate(kept.token.generation) {
            self.kept.store(None);
        }
    }

    fn decide(&self) -> (Next, Option<Arc<Acquisition>>) {
        let mut state = self.lock();
        let decision = state.slot.decide(self.clock.now());
        let kept = self.kept.load().map(|kept| kept.token);
        match (decision, kept, &state.acquisition) {
            (Decision::Use, Some(token), _) => (Next::Take(token), None),
            (Decision::UseAndRefresh, Some(token), _) => {
                (Next::Take(token), Some(Self::begin(&mut state)))
            }
            (Decision::Join, _, Some(acquisition)) => (Next::Wait(Arc::clone(acquisition)), None),
            (Decision::WaitUntil(_), ..) => (Next::Fail, None),
            // A kept token that is too old stays until another one comes.
            (Decision::Fetch, _, None) => {
                let acquisition = Self::begin(&mut state);
                (Next::Wait(Arc::clone(&acquisition)), Some(acquisition))
            }
            (decision, kept, acquisition) => {
                panic!("slot and cache do not agree: {decision:?}, {kept:?}, {acquisition:?}")
            }
        }
    }

    fn begin(state: &mut State) -> Arc<Acquisition> {
        let acquisition = Arc::new(Acquisition::default());
        state.acquisition = Some(Arc::clone(&acquisition));
        acquisition
    }

    async fn acquire(&self, end: End) {
        self.lock().slot.sent(self.clock.now());
        let result = match self.service.ask().await {
            Ending::Token(number, lifetime) => Ok((number, lifetime)),
            Ending::Failure => Err(Failed),
            Ending::Lost => return,
        };
        end.with(result);
    }

    fn ended(&self, acquisition: &Acquisition, result: Result<(u64, Lifetime), Failed>) {
        let jitter = Jitter::new(thread_rng().r#gen());
        let mut state = self.lock();
        let now = self.clock.now();
        let result = match result {
            Ok((number, lifetime)) => {
                let before = state.slot.generation();
                let generation = state.slot.succeeded(lifetime, now, jitter);
                assert!(generation > before, "generations only grow");
                let token = Token { number, generation };
                let freshness = Freshness::new(lifetime, now, jitter);
                self.kept.store(freshness.map(|freshness| Arc::new(Kept { token, freshness })));
                self.published.fetch_max(generation, Ordering::SeqCst);
                Ok(token)
            }
            Err(failed) => {
                state.slot.failed(None, now, jitter);
                Err(failed)
            }
        };
        state.acquisition = None;
        drop(state);
        *acquisition.result.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
        acquisition.ended.notify(usize::MAX);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The one end of an acquisition, also where its task is dropped.
struct End(Option<(Arc<Cache>, Arc<Acquisition>)>);

impl End {
    fn with(mut self, result: Result<(u64, Lifetime), Failed>) {
        if let Some((cache, acquisition)) = self.0.take() {
            cache.ended(&acquisition, result);
        }
    }
}

impl Drop for End {
    fn drop(&mut self) {
        // What is left over of a schedule that failed is dropped outside of it, without a scheduler.
        if std::thread::panicking() {
            return;
        }
        if let Some((cache, acquisition)) = self.0.take() {
            cache.ended(&acquisition, Err(Failed));
        }
    }
}

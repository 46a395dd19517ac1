//! One token kept for many callers: one request for all of them, renewed before its end.

mod acquisition;
mod shared;
#[cfg(test)]
mod tests;

use std::fmt;
use std::future::Future;
use std::sync::{Arc, PoisonError};

use easemob_token_core::{AccessToken, Decision, Freshness, Jitter, Slot};
use easemob_token_transport::Task;
use tracing::Instrument;

use self::acquisition::{Acquisition, Outcome};
use self::shared::Kept;
pub use self::shared::Shared;
use crate::acquire::Acquirer;
use crate::clock::jitter;
use crate::error::Error;
use crate::event::{Event, GrantType};
use crate::received::Received;
use crate::sync::{ArcSwapOption, Mutex, MutexGuard};

/// Where the token of a cache comes from.
pub(crate) trait Source: Send + Sync + 'static {
    type Token: Received + Clone + Send + Sync + 'static;
    const GRANT: GrantType;

    fn acquirer(&self) -> &Acquirer;

    /// One acquisition of at most so many requests. `on_send` is told of each before it goes out.
    fn fetch(
        &self,
        attempts: u32,
        on_send: impl Fn() + Send + Sync,
    ) -> impl Future<Output = Result<Self::Token, Error>> + Send;
}

/// The kept token of one source.
pub(crate) struct TokenCache<S: Source> {
    source: S,
    /// What a caller takes without a lock, as long as it is fresh.
    kept: ArcSwapOption<Kept<S::Token>>,
    state: Mutex<State<S::Token>>,
}

struct State<T> {
    slot: Slot,
    /// The acquisition under way, for callers to wait for.
    acquisition: Option<Arc<Acquisition<T>>>,
    /// Why the last one failed, while that is remembered.
    error: Option<Error>,
}

/// What a caller does, decided under the lock.
enum Next<T> {
    Take(Shared<T>),
    Wait(Arc<Acquisition<T>>),
    Fail(Error),
}

impl<S: Source> TokenCache<S> {
    pub(crate) fn new(source: S) -> Arc<Self> {
        let state = State { slot: Slot::new(), acquisition: None, error: None };
        Arc::new(Self { source, kept: ArcSwapOption::empty(), state: Mutex::new(state) })
    }

    /// The kept token where it is good and not near its end: no lock, no allocation, no waiting.
    pub(crate) fn fresh(&self) -> Option<Shared<S::Token>> {
        let kept = Shared::from_guard(self.kept.load())?;
        let acquirer = self.source.acquirer();
        let freshness = kept.kept().freshness?;
        // What is not due is usable: the time of renewal comes before the end.
        if freshness.is_due(acquirer.clock.now()) {
            return None;
        }
        acquirer.telemetry.hit(S::GRANT);
        Some(kept)
    }

    /// The kept token where it is good, otherwise the one that the shared acquisition brings.
    pub(crate) async fn get(self: &Arc<Self>) -> Result<Shared<S::Token>, Error> {
        match self.fresh() {
            Some(token) => Ok(token),
            None => self.renewed().await,
        }
    }

    /// The kept token where it may be handed out at all, without waiting; where it nears its end,
    /// what renews it starts beside the caller.
    #[cfg(feature = "blocking")]
    pub(crate) fn at_hand(self: &Arc<Self>) -> Option<Shared<S::Token>> {
        if let Some(token) = self.fresh() {
            return Some(token);
        }
        let now = self.source.acquirer().clock.now();
        let is_usable = self.lock().slot.is_usable(now);
        match is_usable.then(|| self.next())? {
            Next::Take(token) => Some(token),
            // It came to its end just now.
            Next::Wait(_) | Next::Fail(_) => None,
        }
    }

    /// What `get` does where there is no fresh token.
    async fn renewed(self: &Arc<Self>) -> Result<Shared<S::Token>, Error> {
        match self.next() {
            Next::Take(token) => Ok(token),
            Next::Wait(acquisition) => {
                let acquirer = self.source.acquirer();
                let start = acquirer.clock.uptime();
                let outcome = acquisition.wait().await;
                let time = acquirer.clock.uptime().saturating_sub(start);
                acquirer.telemetry.emit(&Event::Waited { grant: S::GRANT, time });
                outcome.map(Shared::new)
            }
            Next::Fail(error) => Err(error),
        }
    }

    /// What this caller does; where that starts an acquisition, it runs.
    fn next(self: &Arc<Self>) -> Next<S::Token> {
        let acquirer = self.source.acquirer();
        let (next, task) = self.decide();
        if let Some(task) = task {
            // A task that cannot be run is dropped, which ends the acquisition with an error.
            let _ = acquirer.runtime.spawn(task);
        }
        if let Next::Take(_) = next {
            acquirer.telemetry.hit(S::GRANT);
        }
        next
    }

    /// The service refused this token: where it is the kept one, it is not handed out again.
    pub(crate) fn invalidate(&self, refused: &AccessToken) {
        let mut state = self.lock();
        let Some(kept) = self.kept.load_full() else { return };
        let same = kept.token.access_token().expose() == refused.expose();
        if same && state.slot.invalidate(kept.generation) {
            self.kept.store(None);
            drop(state);
            let event = Event::Invalidated { grant: S::GRANT, generation: kept.generation };
            self.source.acquirer().telemetry.emit(&event);
        }
    }

    /// Whether somebody waits for an acquisition that is under way, or that is about to start, since
    /// nothing has happened here yet.
    pub(crate) fn is_awaited(&self) -> bool {
        let state = self.lock();
        let is_new = state.slot.generation() == 0 && state.error.is_none();
        is_new || state.slot.is_under_way()
    }

    /// What this caller does, and the task to start once the lock is free.
    fn decide(self: &Arc<Self>) -> (Next<S::Token>, Option<Task>) {
        let mut state = self.lock();
        if let Some(stuck) = self.stuck(&state) {
            drop(state);
            self.ended(&stuck, Err(Error::dropped(stuck.sent())));
            state = self.lock();
        }
        let decision = state.slot.decide(self.source.acquirer().clock.now());
        let kept = Shared::from_guard(self.kept.load());
        match (decision, kept, &state.acquisition) {
            (Decision::Use, Some(token), _) => (Next::Take(token), None),
            (Decision::UseAndRefresh, Some(token), _) => {
                let (_, task) = self.begin(&mut state);
                (Next::Take(token), Some(task))
            }
            (Decision::Join, _, Some(acquisition)) => (Next::Wait(Arc::clone(acquisition)), None),
            (Decision::WaitUntil(_), ..) => {
                (Next::Fail(state.error.clone().unwrap_or_else(Error::too_often)), None)
            }
            // `Fetch`. In every other case slot and cache, which change under one lock, agree.
            _ => {
                let (acquisition, task) = self.begin(&mut state);
                (Next::Wait(acquisition), Some(task))
            }
        }
    }

    /// An acquisition that runs beside the caller, who may give up without stopping it.
    fn begin(self: &Arc<Self>, state: &mut State<S::Token>) -> (Arc<Acquisition<S::Token>>, Task) {
        let acquirer = self.source.acquirer();
        let acquisition = Arc::new(Acquisition::new(acquirer.clock.uptime()));
        state.acquisition = Some(Arc::clone(&acquisition));
        let now = acquirer.clock.now();
        let (attempts, refresh) = (state.slot.allowance(now), state.slot.is_usable(now));
        let cache = Arc::clone(self);
        let end = End(Some(Ending { cache: Arc::clone(self), acquisition: acquisition.clone() }));
        let counted = Arc::clone(&acquisition);
        let task = async move {
            let acquirer = cache.source.acquirer();
            acquirer.telemetry.emit(&Event::Started { grant: S::GRANT, refresh });
            let on_send = || {
                counted.count_request();
                cache.lock().slot.sent(acquirer.clock.now());
            };
            let result = cache.source.fetch(attempts, on_send).await;
            end.with(result);
        };
        let span = acquirer.telemetry.span(S::GRANT, refresh);
        (acquisition, Box::pin(task.instrument(span)))
    }

    /// The acquisition that has been under way for longer than all that it may do: the runtime
    /// that has it is there and stands still. Whoever comes by ends it in its place.
    fn stuck(&self, state: &State<S::Token>) -> Option<Arc<Acquisition<S::Token>>> {
        let acquirer = self.source.acquirer();
        let (now, patience) = (acquirer.clock.uptime(), acquirer.patience());
        state.acquisition.as_ref().filter(|it| it.age(now) > patience).cloned()
    }

    fn ended(&self, acquisition: &Arc<Acquisition<S::Token>>, result: Result<S::Token, Error>) {
        let acquirer = self.source.acquirer();
        let grant = S::GRANT;
        let mut state = self.lock();
        if !state.acquisition.as_ref().is_some_and(|it| Arc::ptr_eq(it, acquisition)) {
            // It was ended for it, and another one may be under way.
            return;
        }
        let time = acquisition.age(acquirer.clock.uptime());
        let (now, jitter) = (acquirer.clock.now(), jitter());
        let outcome: Outcome<S::Token> = match result {
            Ok(token) => {
                let generation = state.slot.succeeded(token.lifetime(), now, jitter);
                let freshness = Freshness::new(token.lifetime(), now, jitter);
                let kept = Arc::new(Kept { token, generation, freshness });
                // One of unknown lifetime does not take the place of one that is good.
                if freshness.is_some() {
                    self.kept.store(Some(Arc::clone(&kept)));
                } else if !state.slot.is_usable(now) {
                    self.kept.store(None);
                }
                state.error = None;
                Ok(kept)
            }
            Err(error) => {
                if acquisition.sent() > 0 {
                    state.slot.failed(error.as_response(), now, jitter);
                } else {
                    // It is the failure of something else, such as the app token that a user
                    // token needs, which is remembered there; both times would add up.
                    state.slot.failed(None, now, Jitter::new(0.0));
                }
                state.error = Some(error.clone());
                Err(error)
            }
        };
        state.acquisition = None;
        let usable = state.slot.is_usable(now);
        drop(state);
        acquirer.telemetry.emit(&match &outcome {
            Ok(kept) => Event::Succeeded { grant, generation: kept.generation, time },
            Err(error) => Event::Failed { grant, error, usable, time },
        });
        acquisition.end(outcome);
    }

    fn lock(&self) -> MutexGuard<'_, State<S::Token>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The one end of an acquisition, which comes about even where its task is dropped: the runtime
/// ended, the task could not be started, or the transport panicked.
struct End<S: Source>(Option<Ending<S>>);

struct Ending<S: Source> {
    cache: Arc<TokenCache<S>>,
    acquisition: Arc<Acquisition<S::Token>>,
}

impl<S: Source> End<S> {
    fn with(mut self, result: Result<S::Token, Error>) {
        if let Some(Ending { cache, acquisition }) = self.0.take() {
            cache.ended(&acquisition, result);
        }
    }
}

impl<S: Source> Drop for End<S> {
    fn drop(&mut self) {
        if let Some(Ending { cache, acquisition }) = self.0.take() {
            let error = Error::dropped(acquisition.sent());
            cache.ended(&acquisition, Err(error));
        }
    }
}

impl<S: Source> fmt::Debug for TokenCache<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenCache")
            .field("grant", &S::GRANT)
            .field("kept", &self.kept.load().is_some())
            .finish_non_exhaustive()
    }
}

//! One cached token for many callers: one request for all of them, renewed before its end.

mod completion;
mod entry;
mod single_flight;

use std::fmt;
use std::future::Future;
use std::sync::{Arc, PoisonError};

use easemob_token_core::{
    AccessToken, Decision, GrantType, IssuedToken, Jitter, Keep, Refusal, Report, TokenState,
    Uptime,
};

pub(crate) use self::entry::CacheEntry;
pub use self::entry::TokenGuard;
pub(crate) use self::single_flight::Replacement;
use crate::acquire::{InFlight, Outcome, RequestContext};
use crate::clock::jitter;
use crate::error::Error;
use crate::sync::{ArcSwapOption, Mutex, MutexGuard};
use crate::telemetry::Event;

/// The source of a cache's tokens.
pub(crate) trait TokenSource: Send + Sync + Sized + 'static {
    type Token: IssuedToken + Clone + Send + Sync + 'static;
    const GRANT: GrantType;

    fn context(&self) -> &RequestContext;

    /// One acquisition of at most so many requests.
    fn fetch(
        &self,
        in_flight: &InFlight<Self::Token>,
        max_attempts: u32,
    ) -> impl Future<Output = Result<Self::Token, Error>> + Send;

    /// No acquisition of this cache is in flight any more.
    fn settled(&self, _cache: &Arc<TokenCache<Self>>) {}
}

/// The cached token of one source.
pub(crate) struct TokenCache<S: TokenSource> {
    source: S,
    /// What a caller takes without a lock while it is fresh.
    entry: ArcSwapOption<CacheEntry<S::Token>>,
    state: Mutex<State<S::Token>>,
}

struct State<T> {
    token: TokenState,
    /// The acquisition for callers to wait for.
    in_flight: Option<Arc<InFlight<T>>>,
    /// Why the last one failed, while that is remembered.
    error: Option<Error>,
    /// The token that was last reported as refused.
    refused: Option<AccessToken>,
}

/// What a caller does, decided under the lock.
enum Action<T> {
    Take(TokenGuard<T>),
    Wait(Arc<InFlight<T>>),
    Fail(Error),
}

impl<S: TokenSource> TokenCache<S> {
    pub(crate) fn new(source: S) -> Arc<Self> {
        let token = TokenState::new();
        let state = State { token, in_flight: None, error: None, refused: None };
        Arc::new(Self { source, entry: ArcSwapOption::empty(), state: Mutex::new(state) })
    }

    fn context(&self) -> &RequestContext {
        self.source.context()
    }

    /// The cached token if it is good and not near its end: no lock, no allocation, no waiting.
    fn try_fresh(&self) -> Option<TokenGuard<S::Token>> {
        let token = self.try_fresh_untold()?;
        self.context().telemetry.hit(S::GRANT);
        Some(token)
    }

    /// The same, for a caller that has been told of already.
    #[inline]
    pub(crate) fn try_fresh_untold(&self) -> Option<TokenGuard<S::Token>> {
        let token = TokenGuard::from_guard(self.entry.load())?;
        // What is not due is usable: the time of renewal comes before the end.
        let is_due = token.entry().is_due(self.context().clock.now());
        (!is_due).then_some(token)
    }

    /// The cached token if it is good, otherwise the one that the shared acquisition brings. The deadline
    /// is asked for only if the caller has to wait: a clock costs as much as all the rest.
    pub(crate) async fn get(
        self: &Arc<Self>,
        deadline: impl FnOnce() -> Uptime,
    ) -> Result<TokenGuard<S::Token>, Error> {
        match self.try_fresh() {
            Some(token) => Ok(token),
            None => self.get_slow(deadline()).await,
        }
    }

    /// The cached token if it may be handed out at all, without waiting; if it nears its end, its
    /// renewal starts beside the caller.
    #[cfg(feature = "blocking")]
    pub(crate) fn peek(self: &Arc<Self>) -> Option<TokenGuard<S::Token>> {
        if let Some(token) = self.try_fresh() {
            return Some(token);
        }
        let token = self.usable()?;
        let _ = self.next_action();
        self.context().telemetry.hit(S::GRANT);
        Some(token)
    }

    /// The cached token if it may be handed out; looks without a lock.
    fn usable(&self) -> Option<TokenGuard<S::Token>> {
        let token = TokenGuard::from_guard(self.entry.load())?;
        token.entry().is_usable(self.context().clock.now()).then_some(token)
    }

    /// Takes in that the service refused this token, if it is the cached one. If it is to be replaced,
    /// that starts beside the caller.
    pub(crate) fn report(self: &Arc<Self>, refused: &AccessToken, refusal: &Refusal) -> Report {
        let now = self.context().clock.now();
        let mut state = self.lock();
        let Some(entry) = self.entry_of(refused) else { return Report::Outdated };
        let report = state.token.report(entry.generation, refusal, now);
        let is_news = match report {
            Report::Replace => !entry.mark_reported(),
            Report::Remove => {
                self.entry.store(None);
                !entry.mark_reported()
            }
            Report::Outdated | Report::Disproved | Report::Ignored => return report,
        };
        state.refused = Some(refused.clone());
        drop(state);
        if is_news {
            self.tell_invalidated(&entry);
        }
        // If no task can be started here, the next caller starts it.
        let _ = self.next_action();
        report
    }

    /// Takes in that the service accepted this token in a request that was sent then.
    pub(crate) fn accepted(&self, token: &AccessToken, sent: Uptime) {
        let mut state = self.lock();
        if let Some(entry) = self.entry_of(token) {
            if state.token.accepted(entry.generation, sent) {
                entry.clear_report();
            }
        }
    }

    /// Removes this token, if it is the cached one and can be replaced.
    pub(crate) fn invalidate(&self, unwanted: &AccessToken) {
        let now = self.context().clock.now();
        let mut state = self.lock();
        let Some(entry) = self.entry_of(unwanted) else { return };
        if state.token.invalidate(entry.generation, now) {
            self.entry.store(None);
            state.refused = Some(unwanted.clone());
            drop(state);
            self.tell_invalidated(&entry);
        }
    }

    /// The cached token if it is this one.
    fn entry_of(&self, token: &AccessToken) -> Option<Arc<CacheEntry<S::Token>>> {
        self.entry.load_full().filter(|entry| entry.is(token))
    }

    fn tell_invalidated(&self, entry: &CacheEntry<S::Token>) {
        let event = Event::Invalidated { grant: S::GRANT, generation: entry.generation };
        self.context().telemetry.emit(&event);
    }

    /// What this caller does; if that starts an acquisition, it runs.
    fn next_action(self: &Arc<Self>) -> Action<S::Token> {
        let context = self.context();
        let (action, task) = self.decide();
        if let Some((in_flight, task)) = task {
            // A task that cannot be run is dropped, so nobody waits for it.
            if let Err(error) = context.runtime.spawn(task) {
                let error = Error::transport(error, 0);
                let usable = matches!(action, Action::Take(_));
                in_flight.tell_end(context, Err(&error), usable);
                if !usable {
                    return Action::Fail(error);
                }
            }
        }
        action
    }

    /// What this caller does, and the acquisition to start once the lock is free.
    #[expect(clippy::type_complexity, reason = "it is used in one place")]
    fn decide(
        self: &Arc<Self>,
    ) -> (Action<S::Token>, Option<(Arc<InFlight<S::Token>>, easemob_token_transport::Task)>) {
        let (mut state, context) = (self.lock(), self.context());
        self.give_up_abandoned(&mut state, context.clock.uptime());
        let decision = state.token.decide(context.clock.now());
        let entry = TokenGuard::from_guard(self.entry.load());
        match (decision, entry, &state.in_flight) {
            (Decision::Use, Some(token), _) => (Action::Take(token), None),
            (Decision::UseAndRefresh, Some(token), _) => {
                (Action::Take(token), Some(self.start(&mut state, true)))
            }
            (Decision::Join, _, Some(in_flight)) => (Action::Wait(Arc::clone(in_flight)), None),
            (Decision::WaitUntil(_), ..) => {
                (Action::Fail(state.error.clone().unwrap_or_else(Error::too_often)), None)
            }
            // `Fetch`. In every other case state and entry, which change under one lock, agree.
            _ => {
                let (in_flight, task) = self.start(&mut state, false);
                (Action::Wait(Arc::clone(&in_flight)), Some((in_flight, task)))
            }
        }
    }

    /// Takes in the result of an acquisition, and hands it to those who wait.
    fn finish(
        self: &Arc<Self>,
        in_flight: &Arc<InFlight<S::Token>>,
        result: Result<S::Token, Error>,
    ) {
        let context = self.context();
        let (now, jitter) = (context.clock.now(), jitter());
        let mut state = self.lock();
        let is_current = state.is_current(in_flight);
        state.count_requests(in_flight);
        let outcome = match result {
            Ok(token) => {
                let unchanged = state.refused.as_ref().is_some_and(|it| is_same(it, &token));
                let success = if is_current {
                    Some(state.token.succeeded(&token, unchanged, now, jitter))
                } else {
                    state.token.succeeded_late(&token, unchanged, now, jitter)
                };
                let Some(success) = success else { return };
                let entry = CacheEntry::new(token, success.generation, success.freshness);
                if success.keep == Keep::New {
                    self.entry.store(Some(Arc::clone(&entry)));
                }
                state.error = None;
                Outcome::Token(entry)
            }
            Err(_) if !is_current => return,
            Err(error) => {
                // Without a request it is the failure of something else, such as the app token that a
                // user token needs, which is remembered there; both times would add up.
                if in_flight.requests() > 0 {
                    state.token.failed(error.as_response(), now, jitter);
                } else {
                    state.token.failed(None, now, Jitter::new(0.0));
                }
                state.error = Some(error.clone());
                Outcome::Failed(error)
            }
        };
        if is_current {
            state.in_flight = None;
        }
        let usable = state.token.is_usable(now);
        drop(state);
        let told = match &outcome {
            Outcome::Token(entry) => Ok(entry.generation),
            Outcome::Failed(error) => Err(error),
            Outcome::Abandoned => return,
        };
        in_flight.tell_end(context, told, usable);
        self.source.settled(self);
        in_flight.end(outcome);
    }

    fn lock(&self) -> MutexGuard<'_, State<S::Token>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> State<T> {
    fn is_current(&self, in_flight: &Arc<InFlight<T>>) -> bool {
        self.in_flight.as_ref().is_some_and(|it| Arc::ptr_eq(it, in_flight))
    }

    fn count_requests(&mut self, in_flight: &InFlight<T>) {
        for sent in in_flight.take_uncounted() {
            self.token.sent(sent);
        }
    }
}

fn is_same(known: &AccessToken, token: &impl IssuedToken) -> bool {
    known.expose() == token.access_token().expose()
}

impl<S: TokenSource> fmt::Debug for TokenCache<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenCache")
            .field("grant", &S::GRANT)
            .field("is_cached", &self.entry.load().is_some())
            .finish_non_exhaustive()
    }
}

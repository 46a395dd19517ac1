//! State of one cached token: who fetches it, who waits, who uses it.

mod completion;
mod entry;
mod single_flight;

use std::fmt;
use std::future::Future;
use std::sync::{Arc, PoisonError};
#[cfg(feature = "fleet")]
use std::time::Duration;

use easemob_token_core::{
    AccessToken, Decision, GrantType, IssuedToken, Jitter, Keep, Refusal, Report, RestingState,
    TokenState, Uptime,
};

pub use self::entry::TokenGuard;
pub(crate) use self::entry::{CacheEntry, EntryInFlight, EntryRetryRun};
pub(crate) use self::single_flight::Replacement;
use crate::acquire::{Outcome, RequestContext};
use crate::clock::jitter;
use crate::error::Error;
use crate::sync::{ArcSwapOption, Mutex, MutexGuard};
use crate::telemetry::Event;

/// The source of a cache's tokens.
pub(crate) trait TokenSource: Send + Sync + Sized + 'static {
    type Token: IssuedToken + Clone + Send + Sync + 'static;
    const GRANT: GrantType;

    fn context(&self) -> &RequestContext;

    /// Runs one acquisition of at most `max_attempts` requests.
    fn fetch(
        &self,
        cache: &Arc<TokenCache<Self>>,
        in_flight: &Arc<EntryInFlight<Self::Token>>,
        max_attempts: u32,
    ) -> impl Future<Output = Result<Fetched<Self::Token>, Error>> + Send;

    /// Whether the cause of this remembered failure is gone, so that it need not be remembered.
    fn can_retry(&self, _error: &Error) -> bool {
        false
    }

    /// Called when the acquisition of this cache has ended, with or without a token.
    fn finished(&self, _cache: &Arc<TokenCache<Self>>) {}
}

/// Result of an acquisition that did not fail.
#[derive(Debug)]
pub(crate) enum Fetched<T> {
    Token(T),
    /// Another process renews the token; look again after this time.
    #[cfg(feature = "fleet")]
    Deferred(Duration),
    /// No process sends a request for this time, so callers get this error.
    #[cfg(feature = "fleet")]
    Rested(Error, Duration),
}

/// The cached token of one source.
pub(crate) struct TokenCache<S: TokenSource> {
    source: S,
    /// The token that callers take without a lock while it is fresh.
    entry: ArcSwapOption<CacheEntry<S::Token>>,
    state: Mutex<State<S::Token>>,
}

struct State<T> {
    token: TokenState,
    /// The acquisition that callers wait for.
    in_flight: Option<Arc<EntryInFlight<T>>>,
    /// The error of the last acquisition, while it is remembered.
    error: Option<Error>,
    /// The token that was last reported as refused.
    refused: Option<AccessToken>,
}

/// The next step of a caller, decided under the lock.
enum Action<T> {
    Take(TokenGuard<T>),
    Wait(Arc<EntryInFlight<T>>),
    Fail(Error),
}

impl<S: TokenSource> TokenCache<S> {
    pub(crate) fn new(source: S) -> Arc<Self> {
        Self::with(source, TokenState::new(), None)
    }

    fn with(source: S, token: TokenState, entry: Option<Arc<CacheEntry<S::Token>>>) -> Arc<Self> {
        let state = State { token, in_flight: None, error: None, refused: None };
        Arc::new(Self { source, entry: ArcSwapOption::new(entry), state: Mutex::new(state) })
    }

    /// A cache that was at rest.
    pub(crate) fn resumed(source: S, token: S::Token, resting: RestingState) -> Arc<Self> {
        let entry = CacheEntry::new(token, resting.generation(), resting.freshness());
        Self::with(source, TokenState::from(resting), Some(entry))
    }

    /// The cached token with its state, if that is all that the cache has to remember.
    pub(crate) fn at_rest(&self) -> Option<(S::Token, RestingState)> {
        let now = self.context().clock.now();
        let state = self.lock();
        let resting = state.token.at_rest(now).filter(|it| !it.freshness().is_due(now))?;
        let entry = self.entry.load();
        Some((entry.as_ref()?.token().clone(), resting))
    }

    /// The source of its tokens.
    #[cfg(feature = "dynamic")]
    pub(crate) fn source(&self) -> &S {
        &self.source
    }

    fn context(&self) -> &RequestContext {
        self.source.context()
    }

    /// The cached token if it is fresh: no lock, no allocation, no waiting.
    pub(crate) fn try_fresh(&self) -> Option<TokenGuard<S::Token>> {
        let token = self.peek_fresh()?;
        self.context().telemetry.hit(S::GRANT);
        Some(token)
    }

    /// Like [`try_fresh`](Self::try_fresh), without an event.
    #[inline]
    pub(crate) fn peek_fresh(&self) -> Option<TokenGuard<S::Token>> {
        let token = TokenGuard::from_guard(self.entry.load())?;
        // A token that is not due for refresh is usable: it expires later.
        let is_due = token.entry().is_due(self.context().clock.now());
        (!is_due).then_some(token)
    }

    /// The cached token if it is fresh, otherwise the one that the shared acquisition brings.
    ///
    /// The deadline is computed only if the caller has to wait: reading a precise clock costs as much
    /// as all the rest.
    pub(crate) async fn get(
        self: &Arc<Self>,
        deadline: impl FnOnce() -> Uptime,
    ) -> Result<TokenGuard<S::Token>, Error> {
        match self.try_fresh() {
            Some(token) => Ok(token),
            None => self.get_slow(deadline()).await,
        }
    }

    /// The cached token if it is usable, without waiting. If it is due, its refresh starts in the
    /// background.
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

    /// The cached token if it is usable; takes no lock.
    fn usable(&self) -> Option<TokenGuard<S::Token>> {
        let token = TokenGuard::from_guard(self.entry.load())?;
        token.entry().is_usable(self.context().clock.now()).then_some(token)
    }

    /// Records that the service refused this token, if it is the cached one. A replacement is
    /// fetched in the background.
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
            self.emit_invalidated(&entry);
        }
        // If no task can be spawned here, the next caller spawns it.
        let _ = self.next_action();
        report
    }

    /// Records that the service accepted this token in a request sent at that time.
    pub(crate) fn accepted(&self, token: &AccessToken, sent: Uptime) {
        let mut state = self.lock();
        if let Some(entry) = self.entry_of(token) {
            if state.token.accepted(entry.generation, sent) {
                entry.clear_report();
            }
        }
    }

    /// Removes this token, if it is the cached one and can be replaced. Returns it for the event.
    pub(crate) fn invalidate(&self, refused: &AccessToken) -> Option<Arc<CacheEntry<S::Token>>> {
        let now = self.context().clock.now();
        let mut state = self.lock();
        let entry = self.entry_of(refused)?;
        state.token.invalidate(entry.generation, now).then(|| {
            self.entry.store(None);
            state.refused = Some(refused.clone());
            entry
        })
    }

    /// The token that is cached and usable, and the one that was reported as refused and is not
    /// replaced yet.
    #[cfg(feature = "fleet")]
    pub(crate) fn held(&self) -> (Option<AccessToken>, Option<AccessToken>) {
        let now = self.context().clock.now();
        let state = self.lock();
        let entry = self.entry.load_full();
        let is_removed = entry.is_none();
        let held = entry.filter(|it| it.is_usable(now)).map(|it| it.access_token().clone());
        let is_open = is_removed || state.token.is_reported();
        (held, state.refused.clone().filter(|_| is_open))
    }

    /// The cached token if it is this one.
    fn entry_of(&self, token: &AccessToken) -> Option<Arc<CacheEntry<S::Token>>> {
        self.entry.load_full().filter(|entry| entry.is(token))
    }

    /// Whether this is the cached token.
    pub(crate) fn holds(&self, token: &AccessToken) -> bool {
        self.entry_of(token).is_some()
    }

    pub(crate) fn emit_invalidated(&self, entry: &CacheEntry<S::Token>) {
        let event = Event::Invalidated { grant: S::GRANT, generation: entry.generation };
        self.context().telemetry.emit(&event);
    }

    /// Decides what this caller does, and spawns the acquisition if that needs one.
    fn next_action(self: &Arc<Self>) -> Action<S::Token> {
        let context = self.context();
        let (mut action, mut task) = self.decide();
        if matches!(&action, Action::Fail(error) if self.source.can_retry(error)) {
            self.lock().token.forget_failures();
            (action, task) = self.decide();
        }
        if let Some((in_flight, task)) = task {
            // A task that cannot be spawned is dropped, so nobody waits for it.
            if let Err(error) = context.runtime.spawn(task) {
                let error = Error::transport(error, 0);
                let usable = matches!(action, Action::Take(_));
                in_flight.emit_end(context, Err(&error), usable);
                if !usable {
                    return Action::Fail(error);
                }
            }
        }
        action
    }

    /// Decides under the lock what this caller does, and which acquisition to spawn afterwards.
    #[expect(clippy::type_complexity, reason = "it is used in one place")]
    fn decide(
        self: &Arc<Self>,
    ) -> (Action<S::Token>, Option<(Arc<EntryInFlight<S::Token>>, easemob_token_transport::Task)>)
    {
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

    /// Stores the result of an acquisition and hands it to the waiters.
    fn finish(
        self: &Arc<Self>,
        in_flight: &Arc<EntryInFlight<S::Token>>,
        result: Result<Fetched<S::Token>, Error>,
    ) {
        let context = self.context();
        let (now, jitter) = (context.clock.now(), jitter());
        let mut state = self.lock();
        let is_current = state.is_current(in_flight);
        state.count_requests(in_flight);
        let outcome = match result {
            Ok(Fetched::Token(token)) => {
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
            #[cfg(feature = "fleet")]
            Ok(_) if !is_current => return,
            #[cfg(feature = "fleet")]
            Ok(Fetched::Deferred(pause)) => {
                state.token.deferred(pause, now);
                // Callers go on with the token that is there.
                Outcome::Abandoned
            }
            #[cfg(feature = "fleet")]
            Ok(Fetched::Rested(error, pause)) => {
                state.token.rested(pause, now);
                state.error = Some(error.clone());
                Outcome::Failed(error)
            }
            Err(_) if !is_current => return,
            Err(error) => {
                // Without a request, something else failed, such as the app token that a user token
                // needs. That failure is remembered there; both times would add up.
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
        match &outcome {
            Outcome::Token(entry) => in_flight.emit_end(context, Ok(entry.generation), usable),
            Outcome::Failed(error) => in_flight.emit_end(context, Err(error), usable),
            Outcome::Abandoned => {}
        }
        self.source.finished(self);
        in_flight.end(outcome);
    }

    fn lock(&self) -> MutexGuard<'_, State<S::Token>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> State<T> {
    fn is_current(&self, in_flight: &Arc<EntryInFlight<T>>) -> bool {
        self.in_flight.as_ref().is_some_and(|it| Arc::ptr_eq(it, in_flight))
    }

    fn count_requests(&mut self, in_flight: &EntryInFlight<T>) {
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

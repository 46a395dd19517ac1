//! Single flight: one acquisition for all callers, replaced if its task is not driven.

use std::sync::Arc;

use easemob_token_core::{AccessToken, Uptime};
use easemob_token_transport::Task;
use tracing::Instrument;

use super::completion::CompletionGuard;
use super::{Action, CacheEntry, EntryInFlight, State, TokenCache, TokenGuard, TokenSource};
use crate::acquire::{InFlight, Outcome};
use crate::error::Error;
use crate::telemetry::Event;

/// A call replaces an abandoned acquisition at most this often, then it fails.
const TAKEOVERS: u32 = 4;

/// What replaced a token that was reported as refused.
pub(crate) enum Replacement<T> {
    Another(TokenGuard<T>),
    /// The service issued the same token again.
    SameAgain,
    /// There is no replacement; the token stays in use.
    Unchanged(TokenGuard<T>),
}

impl<S: TokenSource> TokenCache<S> {
    /// Gets the token if the cached one is not fresh: waits for an acquisition if need be.
    pub(super) async fn get_slow(
        self: &Arc<Self>,
        deadline: Uptime,
    ) -> Result<TokenGuard<S::Token>, Error> {
        if let Err(error) = self.context().check_process() {
            // A thread of the parent process may hold the lock.
            return self.usable().ok_or(error);
        }
        let mut waited_for = None;
        for _ in 0..=TAKEOVERS {
            let in_flight = match self.next_action() {
                Action::Take(token) => {
                    self.context().telemetry.hit(S::GRANT);
                    return Ok(token);
                }
                Action::Fail(error) => return Err(error),
                Action::Wait(in_flight) => in_flight,
            };
            match self.outcome(&in_flight, deadline).await? {
                Outcome::Token(entry) => return Ok(TokenGuard::new(Arc::clone(entry))),
                Outcome::Failed(error) => return Err(error.clone()),
                Outcome::Abandoned => {}
            }
            waited_for = Some(in_flight);
        }
        Err(Error::dropped(waited_for.map_or(0, |it| it.requests())))
    }

    /// Waits for another token than this one, which was reported as refused.
    pub(crate) async fn replacement(
        self: &Arc<Self>,
        refused: &AccessToken,
        deadline: Uptime,
    ) -> Result<Replacement<S::Token>, Error> {
        self.context().check_process()?;
        for _ in 0..=TAKEOVERS {
            let in_flight = match self.next_action() {
                Action::Take(token) if !token.entry().is(refused) => {
                    return Ok(Replacement::Another(token));
                }
                Action::Take(token) => {
                    let state = self.lock();
                    match (&state.in_flight, &state.error) {
                        (Some(in_flight), _) => Arc::clone(in_flight),
                        // It has been replaced meanwhile.
                        (None, _) if self.entry_of(refused).is_none() => continue,
                        (None, Some(error)) => return Err(error.clone()),
                        (None, None) => return Ok(Replacement::Unchanged(token)),
                    }
                }
                Action::Fail(error) => return Err(error),
                Action::Wait(in_flight) => in_flight,
            };
            match self.outcome(&in_flight, deadline).await? {
                Outcome::Token(entry) if entry.is(refused) => return Ok(Replacement::SameAgain),
                Outcome::Token(entry) => {
                    return Ok(Replacement::Another(TokenGuard::new(Arc::clone(entry))));
                }
                Outcome::Failed(error) => return Err(error.clone()),
                Outcome::Abandoned => {}
            }
        }
        Err(Error::dropped(0))
    }

    /// Waits for the outcome of an acquisition.
    ///
    /// The wait ends at the caller's own deadline, or when the acquisition counts as abandoned.
    async fn outcome<'a>(
        self: &Arc<Self>,
        in_flight: &'a Arc<EntryInFlight<S::Token>>,
        deadline: Uptime,
    ) -> Result<&'a Outcome<Arc<CacheEntry<S::Token>>>, Error> {
        let context = self.context();
        let start = context.clock.uptime();
        loop {
            let now = context.clock.uptime();
            if let Some(outcome) = in_flight.outcome() {
                let (grant, time) = (S::GRANT, now.since(start));
                context.telemetry.emit(&Event::Waited { grant, time });
                return Ok(outcome);
            }
            if now >= deadline {
                return Err(Error::deadline(in_flight.requests()));
            }
            let check_at = in_flight.abandoned_at();
            if now >= check_at {
                self.give_up_abandoned(&mut self.lock(), now);
            } else {
                let pause = check_at.min(deadline).since(now);
                in_flight.ended_within(context.sleep(pause)).await;
            }
        }
    }

    /// Gives up the acquisition in flight if its task has no heartbeat.
    ///
    /// Its runtime exists but is not driven, such as a single-threaded one between two calls of
    /// `block_on`. A waiting caller starts another acquisition, on its own runtime.
    pub(super) fn give_up_abandoned(&self, state: &mut State<S::Token>, now: Uptime) {
        let abandoned = state.in_flight.take_if(|it| now >= it.abandoned_at());
        if let Some(in_flight) = abandoned {
            Self::abandon_locked(state, &in_flight);
        }
    }

    /// Ends this acquisition as abandoned: its task was dropped, since its runtime ended.
    pub(super) fn abandon(self: &Arc<Self>, in_flight: &Arc<EntryInFlight<S::Token>>) {
        let mut state = self.lock();
        if state.is_current(in_flight) {
            state.in_flight = None;
            Self::abandon_locked(&mut state, in_flight);
        }
        drop(state);
        self.source.finished(self);
    }

    fn abandon_locked(state: &mut State<S::Token>, in_flight: &EntryInFlight<S::Token>) {
        state.count_requests(in_flight);
        state.token.abandoned();
        in_flight.end(Outcome::Abandoned);
    }

    /// Starts an acquisition in the background; it goes on if the caller is cancelled.
    pub(super) fn start(
        self: &Arc<Self>,
        state: &mut State<S::Token>,
        refresh: bool,
    ) -> (Arc<EntryInFlight<S::Token>>, Task) {
        let context = self.context();
        let in_flight = Arc::new(InFlight::new(context, S::GRANT, refresh));
        state.in_flight = Some(Arc::clone(&in_flight));
        let max_requests = state.token.max_requests(context.clock.now());
        let guard = CompletionGuard::new(self, &in_flight);
        let (cache, running) = (Arc::clone(self), Arc::clone(&in_flight));
        let task = async move {
            let (cache, running) = (&cache, &running);
            let context = cache.context();
            let fetch = cache.source.fetch(cache, running, max_requests);
            let run = running.run(context, fetch);
            guard.finish(running.with_heartbeat(context, run).await);
        };
        let span = context.telemetry.span(S::GRANT, refresh);
        (in_flight, Box::pin(task.instrument(span)))
    }
}

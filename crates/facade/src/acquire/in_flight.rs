//! One acquisition in flight: requests sent, heartbeat, events and outcome.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;

use easemob_token_core::{GrantType, Now, Uptime};

use super::RequestContext;
use crate::error::Error;
use crate::sync::{Event as Notification, Mutex, OnceLock};
use crate::telemetry::{Event, Failure};

/// Interval between two heartbeats of the task of an acquisition.
const HEARTBEAT: Duration = Duration::from_millis(500);
/// Grace after the deadline; an acquisition that still runs then has a transport that hangs.
const OVERRUN: Duration = Duration::from_secs(1);
/// An acquisition without a heartbeat for this long is abandoned: nothing drives its task.
const ABANDONED_AFTER: Duration = Duration::from_secs(2);

/// Result of an acquisition, the same for all its waiters.
#[derive(Debug)]
pub(crate) enum Outcome<T> {
    Token(T),
    Failed(Error),
    /// Its task is gone or is not driven: a caller that needs a token starts another acquisition.
    Abandoned,
}

/// State that the task of an acquisition shares with its waiters; `T` is what they get.
#[derive(Debug)]
pub(crate) struct InFlight<T> {
    grant: GrantType,
    /// Whether it replaces a token that is still usable.
    refresh: bool,
    started: Uptime,
    requests: AtomicU32,
    /// Requests that its cache has not counted yet.
    uncounted: Mutex<Vec<Now>>,
    /// In nanoseconds since the clock's origin.
    last_heartbeat: AtomicU64,
    outcome: OnceLock<Outcome<T>>,
    ended: Notification,
}

impl<T> InFlight<T> {
    pub(crate) fn new(context: &RequestContext, grant: GrantType, refresh: bool) -> Self {
        let started = context.clock.uptime();
        let it = Self {
            grant,
            refresh,
            started,
            requests: AtomicU32::new(0),
            uncounted: Mutex::new(Vec::new()),
            last_heartbeat: AtomicU64::new(0),
            outcome: OnceLock::new(),
            ended: Notification::new(),
        };
        it.beat(context, started);
        it
    }

    pub(crate) fn grant(&self) -> GrantType {
        self.grant
    }

    pub(crate) fn started(&self) -> Uptime {
        self.started
    }

    /// Counts a request that is about to be sent. Returns its number, from 1.
    pub(crate) fn count_request(&self, now: Now) -> u32 {
        self.uncounted.lock().unwrap_or_else(PoisonError::into_inner).push(now);
        self.requests.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Number of requests sent.
    pub(crate) fn requests(&self) -> u32 {
        self.requests.load(Ordering::Relaxed)
    }

    /// Times of the requests that were not counted yet; they count as counted from now on.
    pub(crate) fn take_uncounted(&self) -> Vec<Now> {
        std::mem::take(&mut *self.uncounted.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Runs the acquisition; a panic in it, such as one of a custom transport, becomes an error.
    pub(crate) async fn run<R>(
        &self,
        context: &RequestContext,
        fetch: impl Future<Output = Result<R, Error>>,
    ) -> Result<R, Error> {
        let (grant, refresh) = (self.grant, self.refresh);
        context.telemetry.emit(&Event::Started { grant, refresh });
        let mut fetch = pin!(fetch);
        poll_fn(|cx| {
            // After a panic the future is only dropped, so nothing sees its broken state.
            catch_unwind(AssertUnwindSafe(|| fetch.as_mut().poll(cx)))
                .unwrap_or_else(|_| Poll::Ready(Err(Error::panicked(self.requests()))))
        })
        .await
    }

    /// Runs the acquisition to its end with a heartbeat, by which waiters see that it is driven.
    pub(crate) async fn with_heartbeat<R>(
        &self,
        context: &RequestContext,
        acquisition: impl Future<Output = Result<R, Error>>,
    ) -> Result<R, Error> {
        let end = self.started.after(context.limits.deadline).after(OVERRUN);
        let mut acquisition = pin!(acquisition);
        let mut pause: Option<Pin<Box<dyn Future<Output = ()> + Send + '_>>> = None;
        poll_fn(|cx| {
            let now = context.clock.uptime();
            self.beat(context, now);
            if let Poll::Ready(result) = acquisition.as_mut().poll(cx) {
                return Poll::Ready(result);
            }
            if now >= end && context.clock.apart_from_runtime().is_none() {
                return Poll::Ready(Err(Error::deadline(self.requests())));
            }
            let waiting = pause.get_or_insert_with(|| context.pause(HEARTBEAT));
            if waiting.as_mut().poll(cx).is_ready() {
                pause = None;
                cx.waker().wake_by_ref();
            }
            Poll::Pending
        })
        .await
    }

    fn beat(&self, context: &RequestContext, now: Uptime) {
        // A test moves its clock far at once, and the task beats a moment later.
        let now = if context.clock.apart_from_runtime().is_some() { Uptime::NEVER } else { now };
        let nanos = u64::try_from(now.since_origin().as_nanos()).unwrap_or(u64::MAX);
        self.last_heartbeat.store(nanos, Ordering::Relaxed);
    }

    /// Time at which it counts as abandoned, unless there is another heartbeat.
    pub(crate) fn abandoned_at(&self) -> Uptime {
        let last = Duration::from_nanos(self.last_heartbeat.load(Ordering::Relaxed));
        Uptime::from_origin(last).after(ABANDONED_AFTER)
    }

    /// Emits the last event: with the token's generation, or with an error. Callers see the error
    /// unless a cached token is `usable`.
    pub(crate) fn emit_end(
        &self,
        context: &RequestContext,
        result: Result<u64, &Error>,
        usable: bool,
    ) {
        let now = context.clock.uptime();
        let (grant, time) = (self.grant, now.since(self.started));
        match result {
            Ok(generation) => {
                context.telemetry.emit(&Event::Succeeded { grant, generation, time });
            }
            Err(error) => {
                let failure = Failure { grant, error, usable, time };
                context.telemetry.failed(&failure, self.is_the_app_tokens(error), now);
            }
        }
    }

    /// Whether this failure is that of the app token which a user token needs: it sent nothing
    /// itself. The acquisition of the app token reports it.
    fn is_the_app_tokens(&self, error: &Error) -> bool {
        self.grant != GrantType::ClientCredentials && self.requests() == 0 && error.ends_a_request()
    }

    /// Hands the outcome to all waiters; a second outcome changes nothing.
    pub(crate) fn end(&self, outcome: Outcome<T>) {
        let _ = self.outcome.set(outcome);
        self.ended.notify(usize::MAX);
    }

    /// The outcome, if there is one.
    pub(crate) fn outcome(&self) -> Option<&Outcome<T>> {
        self.outcome.get()
    }

    /// Whether another acquisition has taken its place.
    pub(crate) fn is_abandoned(&self) -> bool {
        matches!(self.outcome(), Some(Outcome::Abandoned))
    }

    /// Waits for the outcome, at most until `pause` ends.
    pub(crate) async fn ended_within(&self, pause: impl Future<Output = ()>) {
        let ended = self.ended.listen();
        // It may have ended between the last check and the listening.
        if self.outcome().is_some() {
            return;
        }
        let (mut ended, mut pause) = (pin!(ended), pin!(pause));
        poll_fn(|cx| match ended.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(()),
            Poll::Pending => pause.as_mut().poll(cx),
        })
        .await;
    }
}

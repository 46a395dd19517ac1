//! One acquisition in flight: what it has sent, its signs of life, its events and its outcome.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};
use std::task::Poll;
use std::time::Duration;

use easemob_token_core::{GrantType, Now, Uptime};

use super::RequestContext;
use crate::cache::CacheEntry;
use crate::error::Error;
use crate::sync::{Event as Notification, Mutex, OnceLock};
use crate::telemetry::Event;

/// How often the task of an acquisition leaves a sign of life.
const SIGN_OF_LIFE: Duration = Duration::from_millis(500);
/// An acquisition that has not ended so long after its deadline is ended: its transport hangs.
const OVERRUN: Duration = Duration::from_secs(1);
/// An acquisition without a sign of life for so long is not driven any more.
const ABANDONED_AFTER: Duration = Duration::from_secs(2);

/// What an acquisition comes to: all who waited for it get the same.
#[derive(Debug)]
pub(crate) enum Outcome<T> {
    Token(Arc<CacheEntry<T>>),
    Failed(Error),
    /// Its task is gone or rests: a caller that still wants a token starts another acquisition.
    Abandoned,
}

/// An acquisition, as its task and those who wait for it see it.
#[derive(Debug)]
pub(crate) struct InFlight<T> {
    grant: GrantType,
    /// Whether it replaces a token that is still good.
    refresh: bool,
    started: Uptime,
    requests: AtomicU32,
    /// The requests that its cache has not counted yet.
    uncounted: Mutex<Vec<Now>>,
    /// In nanoseconds since the clock's origin.
    last_sign: AtomicU64,
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
            last_sign: AtomicU64::new(0),
            outcome: OnceLock::new(),
            ended: Notification::new(),
        };
        it.sign(started);
        it
    }

    pub(crate) fn grant(&self) -> GrantType {
        self.grant
    }

    /// One more request is sent. Returns its number.
    pub(crate) fn count_request(&self, now: Now) -> u32 {
        self.uncounted.lock().unwrap_or_else(PoisonError::into_inner).push(now);
        self.requests.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// How many requests it has sent.
    pub(crate) fn requests(&self) -> u32 {
        self.requests.load(Ordering::Relaxed)
    }

    /// When the requests were sent that nobody has counted yet.
    pub(crate) fn take_uncounted(&self) -> Vec<Now> {
        std::mem::take(&mut *self.uncounted.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Runs the acquisition. A panic in it, such as one of a custom transport, becomes an error.
    pub(crate) async fn run(
        &self,
        context: &RequestContext,
        fetch: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let (grant, refresh) = (self.grant, self.refresh);
        context.telemetry.emit(&Event::Started { grant, refresh });
        let mut fetch = pin!(fetch);
        poll_fn(|cx| {
            // After a panic the future is only dropped, so a broken state of it is never seen.
            catch_unwind(AssertUnwindSafe(|| fetch.as_mut().poll(cx)))
                .unwrap_or_else(|_| Poll::Ready(Err(Error::panicked(self.requests()))))
        })
        .await
    }

    /// Runs the acquisition to its end, and shows those who wait that somebody drives it.
    pub(crate) async fn with_signs_of_life(
        &self,
        context: &RequestContext,
        acquisition: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let end = self.started.after(context.limits.deadline).after(OVERRUN);
        let mut acquisition = pin!(acquisition);
        let mut pause: Option<Pin<Box<dyn Future<Output = ()> + Send + '_>>> = None;
        poll_fn(|cx| {
            let now = context.clock.uptime();
            self.sign(now);
            if let Poll::Ready(result) = acquisition.as_mut().poll(cx) {
                return Poll::Ready(result);
            }
            if now >= end {
                return Poll::Ready(Err(Error::deadline(self.requests())));
            }
            let waiting = pause.get_or_insert_with(|| context.runtime.sleep(SIGN_OF_LIFE));
            if waiting.as_mut().poll(cx).is_ready() {
                pause = None;
                cx.waker().wake_by_ref();
            }
            Poll::Pending
        })
        .await
    }

    fn sign(&self, now: Uptime) {
        let nanos = u64::try_from(now.since_origin().as_nanos()).unwrap_or(u64::MAX);
        self.last_sign.store(nanos, Ordering::Relaxed);
    }

    /// When it counts as abandoned, unless it leaves another sign of life.
    pub(crate) fn abandoned_at(&self) -> Uptime {
        let last = Duration::from_nanos(self.last_sign.load(Ordering::Relaxed));
        Uptime::from_origin(last).after(ABANDONED_AFTER)
    }

    /// Tells the observer how it ended: with the generation of the token, or with an error that callers
    /// see unless a cached token is `usable`.
    pub(crate) fn tell_end(
        &self,
        context: &RequestContext,
        result: Result<u64, &Error>,
        usable: bool,
    ) {
        let (grant, time) = (self.grant, context.clock.uptime().since(self.started));
        context.telemetry.emit(&match result {
            Ok(generation) => Event::Succeeded { grant, generation, time },
            Err(error) => Event::Failed { grant, error, usable, time },
        });
    }

    /// Hands the outcome to everybody who waits. There is one; a second one changes nothing.
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

    /// Waits for the outcome until `pause` is over.
    pub(crate) async fn ended_within(&self, pause: impl Future<Output = ()>) {
        let ended = self.ended.listen();
        // It may have ended between the last look and the listening.
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

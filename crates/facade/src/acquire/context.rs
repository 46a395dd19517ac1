//! Transport, runtime, clock, limits and telemetry that all acquisitions of a client share.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
#[cfg(feature = "fleet")]
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::task::Poll;
use std::time::Duration;

use easemob_token_core::{RetryLimits, TokenEndpoint, Uptime};
use easemob_token_transport::{ForkGuard, Runtime, Transport};

use super::RequestQueue;
use crate::clock::Clock;
use crate::error::Error;
use crate::telemetry::Telemetry;

/// The means and limits that every acquisition of a client shares.
pub(crate) struct RequestContext {
    pub(crate) endpoint: TokenEndpoint,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) runtime: Arc<dyn Runtime>,
    pub(crate) clock: Clock,
    pub(crate) limits: RetryLimits,
    pub(crate) queue: RequestQueue,
    /// The rate that the queue shares with other processes; `None` without a store.
    #[cfg(feature = "fleet")]
    pub(crate) rate: Option<crate::fleet::SharedRate>,
    pub(crate) request_timeout: Duration,
    pub(crate) max_response_bytes: usize,
    pub(crate) plain_http_allowed: bool,
    pub(crate) telemetry: Telemetry,
    /// Set when a reused connection brought a user token that names no user.
    pub(crate) avoids_reuse: AtomicBool,
    pub(crate) fork_guard: ForkGuard,
}

impl RequestContext {
    /// Refuses a child of a fork, in which the tasks of the acquisitions in flight are missing.
    pub(crate) fn check_process(&self) -> Result<(), Error> {
        self.fork_guard.check().map_err(|error| Error::transport(error, 0))
    }

    /// The deadline of a call that starts now.
    pub(crate) fn deadline(&self) -> Uptime {
        self.clock.uptime().after(self.limits.deadline)
    }

    /// Sleeps on the runtime, or by the clock of a test.
    pub(crate) fn pause(&self, time: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        #[cfg(any(test, feature = "test-util"))]
        if let Some(clock) = self.clock.apart_from_runtime() {
            return Box::pin(clock.sleep(time));
        }
        self.runtime.sleep(time)
    }

    /// Waits for the turn of a caller in the queue, or until slots are booked.
    pub(crate) async fn wait_for_turn(&self, time: Duration) {
        #[cfg(feature = "fleet")]
        if let Some(rate) = &self.rate {
            let booked = rate.booked().listen();
            // The task finds slots for this caller too, which listens by now.
            rate.book(self.clock.uptime());
            let (mut booked, mut pause) = (pin!(booked), pin!(self.sleep(time)));
            return poll_fn(|cx| match booked.as_mut().poll(cx) {
                Poll::Ready(()) => Poll::Ready(()),
                Poll::Pending => pause.as_mut().poll(cx),
            })
            .await;
        }
        self.sleep(time).await;
    }

    /// Lets the store be used again if it was away.
    #[cfg(feature = "fleet")]
    pub(crate) fn book_slots(&self, now: Uptime) {
        if let Some(rate) = &self.rate {
            rate.book(now);
        }
    }

    /// Sleeps, and yields at least once: a custom runtime may return at once.
    pub(crate) async fn sleep(&self, time: Duration) {
        self.pause(time).await;
        let mut has_yielded = false;
        poll_fn(|cx| {
            if std::mem::replace(&mut has_yielded, true) {
                return Poll::Ready(());
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }
}

impl fmt::Debug for RequestContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestContext").field("transport", &self.transport).finish_non_exhaustive()
    }
}

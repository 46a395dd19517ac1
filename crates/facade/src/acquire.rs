//! How a token is acquired: requests in their turn, repeated if that may help, and what they share.

mod in_flight;
mod request_queue;
mod retry_run;

use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::task::Poll;
use std::time::Duration;

use easemob_token_core::{GrantType, RetryLimits, TokenEndpoint, Uptime};
use easemob_token_transport::{ForkGuard, Runtime, Transport};
use tracing::Instrument;

pub(crate) use self::in_flight::{InFlight, Outcome};
pub(crate) use self::request_queue::RequestQueue;
pub(crate) use self::retry_run::{GrantSource, Plain, Refused, RetryRun};
use crate::clock::Clock;
use crate::error::Error;
use crate::telemetry::Telemetry;

/// What every acquisition of a client shares.
pub(crate) struct RequestContext {
    pub(crate) endpoint: TokenEndpoint,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) runtime: Arc<dyn Runtime>,
    pub(crate) clock: Clock,
    pub(crate) limits: RetryLimits,
    pub(crate) queue: RequestQueue,
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

    /// When a call that starts now has to end.
    pub(crate) fn deadline(&self) -> Uptime {
        self.clock.uptime().after(self.limits.deadline)
    }

    /// Waits, and lets others run in any case: a custom runtime may not wait at all.
    pub(crate) async fn sleep(&self, time: Duration) {
        self.runtime.sleep(time).await;
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

    /// An acquisition for one caller alone, whose token is not cached.
    pub(crate) async fn acquire_uncached<S: GrantSource>(
        &self,
        source: &S,
    ) -> Result<S::Token, Error> {
        self.check_process()?;
        let grant = S::GRANT;
        let in_flight = InFlight::new(self, grant, false);
        let acquisition = async {
            let fetch = RetryRun::new(self, &in_flight, u32::MAX).run(source);
            let result = in_flight.run(self, fetch).await;
            in_flight.tell_end(self, result.as_ref().map(|_| 0), false);
            result
        };
        acquisition.instrument(self.telemetry.span(grant, false)).await
    }
}

impl fmt::Debug for RequestContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestContext").field("transport", &self.transport).finish_non_exhaustive()
    }
}

/// The order of requests: what others wait for goes first.
fn priority(grant: GrantType) -> easemob_token_core::Priority {
    match grant {
        GrantType::ClientCredentials => easemob_token_core::Priority::AppToken,
        GrantType::Password | GrantType::Inherit => easemob_token_core::Priority::UserToken,
    }
}

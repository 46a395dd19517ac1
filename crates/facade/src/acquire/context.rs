//! Transport, runtime, clock, limits and telemetry that all acquisitions of a client share.

use std::fmt;
use std::future::poll_fn;
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::task::Poll;
use std::time::Duration;

use easemob_token_core::{RetryLimits, TokenEndpoint, Uptime};
use easemob_token_transport::{Runtime, Transport};

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
    pub(crate) request_timeout: Duration,
    pub(crate) max_response_bytes: usize,
    pub(crate) plain_http_allowed: bool,
    pub(crate) telemetry: Telemetry,
    /// Set when a reused connection brought a user token that names no user.
    pub(crate) avoids_reuse: AtomicBool,
    pub(crate) first_use: FirstUse,
}

impl RequestContext {
    /// The deadline of a call that starts now.
    pub(crate) fn deadline(&self) -> Uptime {
        self.clock.uptime().after(self.limits.deadline)
    }

    /// Sleeps, and yields at least once: a custom runtime may return at once.
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
}

impl fmt::Debug for RequestContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestContext").field("transport", &self.transport).finish_non_exhaustive()
    }
}

/// The ID of the process that acquired the first token; 0 before that.
///
/// A forked child has neither the tasks of the acquisitions in flight nor the threads that may hold
/// a lock. So a client works only in the process in which it was first used.
#[derive(Debug, Default)]
pub(crate) struct FirstUse(AtomicU32);

impl FirstUse {
    pub(crate) fn check(&self) -> Result<(), Error> {
        self.check_as(process::id())
    }

    fn check_as(&self, process: u32) -> Result<(), Error> {
        match self.0.compare_exchange(0, process, Ordering::Relaxed, Ordering::Relaxed) {
            Ok(_) => Ok(()),
            Err(first) if first == process => Ok(()),
            Err(_) => Err(Error::forked()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    #[test]
    fn only_the_first_process_may_use_a_client() {
        let first_use = FirstUse::default();
        assert!(first_use.check_as(7).is_ok() && first_use.check_as(7).is_ok());
        assert_eq!(first_use.check_as(8).unwrap_err().kind(), ErrorKind::Internal);
    }
}

//! Where an exchange runs: in the right process, and without letting a panic out.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::Poll;

use easemob_token_transport::{TransportError, TransportErrorKind};

/// The process that used the transport first, 0 before that.
///
/// A child of a fork shares its parent's sockets, so that both would read from one connection,
/// and has none of its threads, so that it would wait for them for ever. Not the process that
/// built the transport but the first to use it counts: a daemon forks in between.
#[derive(Debug, Default)]
pub(crate) struct FirstUse(AtomicU32);

impl FirstUse {
    pub(crate) fn check(&self) -> Result<(), TransportError> {
        self.check_as(process::id())
    }

    fn check_as(&self, process: u32) -> Result<(), TransportError> {
        match self.0.compare_exchange(0, process, Ordering::Relaxed, Ordering::Relaxed) {
            Ok(_) => Ok(()),
            Err(first) if first == process => Ok(()),
            Err(_) => Err(TransportError::with_source(
                TransportErrorKind::Internal,
                "the transport was in use before the process forked: make a new one in the child",
            )),
        }
    }
}

/// The future's output, or an `Internal` error where it panics.
///
/// tokio panics where a runtime lacks the time or the I/O driver, and has no way to ask before.
///
/// It is handed in pinned, since an `async fn` would keep room for it twice.
pub(crate) async fn without_panic<F: Future>(
    mut future: Pin<&mut F>,
) -> Result<F::Output, TransportError> {
    poll_fn(|cx| {
        // After a panic the future is only dropped, so a broken state of it is never seen.
        match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
            Ok(poll) => poll.map(Ok),
            // What was panicked with is not kept: nobody can promise that it holds no secret.
            Err(_) => Poll::Ready(Err(TransportError::with_source(
                TransportErrorKind::Internal,
                "tokio or hyper panicked: does the runtime have its time and I/O drivers on \
                 (enable_all)?",
            ))),
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_process_that_came_first_may_go_on() {
        let first_use = FirstUse::default();
        assert!(first_use.check_as(7).is_ok());
        assert!(first_use.check_as(7).is_ok());
        let error = first_use.check_as(8).unwrap_err();
        assert_eq!(error.kind(), TransportErrorKind::Internal);
    }
}

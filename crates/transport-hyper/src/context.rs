//! A guard against panics in a future.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::Poll;

use easemob_token_transport::{TransportError, TransportErrorKind};

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

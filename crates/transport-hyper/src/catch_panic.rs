//! A guard against panics in a future.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::Poll;

use easemob_token_transport::TransportError;

use crate::tokio_context;

/// Returns the future's output, or an `Internal` error if it panics.
///
/// tokio panics if a runtime lacks the time or the I/O driver, and offers no way to ask before.
///
/// The future comes pinned, since an `async fn` would reserve space for it twice.
pub(crate) async fn catch_panic<F: Future>(
    mut future: Pin<&mut F>,
) -> Result<F::Output, TransportError> {
    poll_fn(|cx| {
        // After a panic the future is only dropped, so its broken state is never seen.
        match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
            Ok(poll) => poll.map(Ok),
            Err(panic) => Poll::Ready(Err(tokio_context::explain(&*panic))),
        }
    })
    .await
}

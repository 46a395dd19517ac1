//! Operations on threads of their own, for callers that must not block.

use std::thread::Builder;

use async_channel::Sender;
use easemob_token_store::{StoreError, StoreErrorKind};

/// The caller of an operation, as its thread sees it.
pub(crate) struct Caller<T>(Sender<Result<T, StoreError>>);

impl<T> Caller<T> {
    /// Whether the caller has dropped the future.
    pub(crate) fn is_gone(&self) -> bool {
        self.0.is_closed()
    }
}

/// Runs an operation on a thread, which begins when the future is polled.
pub(crate) async fn run<T: Send + 'static>(
    operation: impl FnOnce(&Caller<T>) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let (sender, receiver) = async_channel::bounded(1);
    let caller = Caller(sender);
    let work = move || {
        let result = operation(&caller);
        // Nobody waits for it if the future was dropped.
        let _ = caller.0.try_send(result);
    };
    if Builder::new().name("easemob-token-store".to_owned()).spawn(work).is_err() {
        let cause = "no thread can be started; raise the limit of threads";
        return Err(StoreError::new(StoreErrorKind::Unreachable, cause));
    }
    receiver.recv().await.unwrap_or_else(|_| {
        // After a panic nobody knows how far the operation came.
        Err(StoreError::new(StoreErrorKind::Timeout, "the thread of the operation ended"))
    })
}

//! Waiting on this thread for what runs on another.

use std::future::Future;
use std::sync::mpsc;

use easemob_token_transport::Runtime;

use crate::error::Error;

/// Runs the future on the runtime and waits for what it comes to; also where that is nothing,
/// since the runtime ended or the transport panicked.
pub(super) fn wait<T: Send + 'static>(
    runtime: &dyn Runtime,
    future: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<T, Error> {
    let unfit = |error| Error::transport(error, 0);
    runtime.check_blocking().map_err(unfit)?;
    let (sender, receiver) = mpsc::sync_channel(1);
    let task = async move {
        // There is room for the one result, and somebody who waits for it.
        let _ = sender.send(future.await);
    };
    runtime.spawn(Box::pin(task)).map_err(unfit)?;
    receiver.recv().unwrap_or_else(|_| Err(Error::dropped(0)))
}

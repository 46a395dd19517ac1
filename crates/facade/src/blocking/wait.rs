//! Blocking this thread until a task on the runtime is done.

use std::future::Future;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use crate::Client;
use crate::error::Error;

/// Grace after the deadline, which the future keeps itself, for a runtime that is not driven.
const GRACE: Duration = Duration::from_millis(500);

/// Runs the future on the client's runtime and waits for its result.
///
/// Waits a little longer than the deadline of the call: without a result by then, the runtime has
/// ended or is not driven.
pub(super) fn wait<T: Send + 'static>(
    client: &Client,
    future: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<T, Error> {
    let (runtime, deadline) = client.runtime();
    let unfit = |error| Error::transport(error, 0);
    runtime.check_blocking().map_err(unfit)?;
    let (sender, receiver) = mpsc::sync_channel(1);
    let task = async move {
        // The channel has room for the one result.
        let _ = sender.send(future.await);
    };
    runtime.spawn(Box::pin(task)).map_err(unfit)?;
    match receiver.recv_timeout(deadline.saturating_add(GRACE)) {
        Ok(result) => result,
        Err(RecvTimeoutError::Disconnected) => Err(Error::dropped(0)),
        Err(RecvTimeoutError::Timeout) => Err(Error::deadline(0)),
    }
}

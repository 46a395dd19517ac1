//! The runtime port: background tasks and pauses.

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use async_trait::async_trait;

use crate::TransportError;

/// A task to run in the background.
pub type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Runs background tasks and waits, so that a token request goes on if its caller is cancelled.
///
/// An adapter provides the runtime that its exchanges need
/// ([`Transport::runtime`](crate::Transport::runtime)).
#[async_trait]
pub trait Runtime: Debug + Send + Sync + 'static {
    /// Starts the task. It runs to its end, or is dropped when its runtime ends.
    ///
    /// # Errors
    ///
    /// [`Internal`](crate::TransportErrorKind::Internal) if there is no runtime to run it. The task is
    /// dropped then.
    fn spawn(&self, task: Task) -> Result<(), TransportError>;

    /// Waits. Called in a task of this runtime, or by a caller on the same runtime.
    async fn sleep(&self, time: Duration);

    /// Checks that the calling thread may block until a task is done. Blocking clients call it first.
    ///
    /// # Errors
    ///
    /// [`Internal`](crate::TransportErrorKind::Internal) if the thread drives an async runtime, as far
    /// as this can be known. Blocking would stop all tasks of that runtime, perhaps for ever.
    fn check_blocking(&self) -> Result<(), TransportError> {
        Ok(())
    }
}

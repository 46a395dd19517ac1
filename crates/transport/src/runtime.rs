//! The other port: running a task beside the caller, and waiting.

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use async_trait::async_trait;

use crate::TransportError;

/// A task to run beside the caller.
pub type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Runs tasks and waits, so that the acquisition of a token outlives the caller who asked for it.
///
/// An adapter brings the one that its exchanges need around them
/// ([`Transport::runtime`](crate::Transport::runtime)).
#[async_trait]
pub trait Runtime: Debug + Send + Sync + 'static {
    /// Starts the task. It runs to its end, or is dropped where its runtime ends before.
    ///
    /// # Errors
    ///
    /// [`Internal`](crate::TransportErrorKind::Internal) where there is no runtime to run it; the
    /// task is dropped then.
    fn spawn(&self, task: Task) -> Result<(), TransportError>;

    /// Waits. Called within a task that this runtime runs, or by a caller on the same runtime.
    async fn sleep(&self, time: Duration);

    /// Whether the calling thread may stand still until a task is done. Asked by blocking clients
    /// before they do.
    ///
    /// # Errors
    ///
    /// [`Internal`](crate::TransportErrorKind::Internal) where the thread drives an async runtime,
    /// as far as this runtime can tell: all that it drives would stand still too, perhaps for ever.
    fn check_blocking(&self) -> Result<(), TransportError> {
        Ok(())
    }
}

//! The runtime port over tokio.

use std::time::Duration;

use easemob_token_transport::{Runtime, Task, TransportError, TransportErrorKind, async_trait};
use tokio::runtime::Handle;

/// The tokio runtime of whoever calls.
///
/// A task is spawned on the runtime in whose context [`spawn`](Runtime::spawn) is called, and is
/// dropped with it.
#[derive(Clone, Copy, Debug, Default)]
pub struct TokioRuntime;

#[async_trait]
impl Runtime for TokioRuntime {
    fn spawn(&self, task: Task) -> Result<(), TransportError> {
        let runtime = Handle::try_current()
            .map_err(|error| TransportError::with_source(TransportErrorKind::Internal, error))?;
        // Detached on purpose: the task outlives the caller.
        drop(runtime.spawn(task));
        Ok(())
    }

    async fn sleep(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outside_a_runtime_nothing_is_spawned_and_nothing_panics() {
        let error = TokioRuntime.spawn(Box::pin(async {})).unwrap_err();
        assert_eq!(error.kind(), TransportErrorKind::Internal);
    }

    #[tokio::test]
    async fn a_task_runs_without_being_awaited() {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let task = async move {
            TokioRuntime.sleep(Duration::from_millis(1)).await;
            let _ = sender.send(());
        };
        TokioRuntime.spawn(Box::pin(task)).unwrap();
        receiver.await.unwrap();
    }
}

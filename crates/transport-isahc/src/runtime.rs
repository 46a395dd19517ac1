//! The runtime port without a runtime: a thread for each task.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

use easemob_token_transport::{Runtime, Task, TransportError, TransportErrorKind, async_trait};
use tokio::runtime::Handle;
use tokio::task::coop::consume_budget;

/// Runs each task on a thread of its own, under any executor or none.
///
/// Tasks are rare, one for each acquisition of a token, and between them no thread is left. All
/// pauses share one thread ([`sleep`](easemob_token_transport::sleep)).
#[derive(Clone, Copy, Debug, Default)]
pub struct ThreadRuntime;

#[async_trait]
impl Runtime for ThreadRuntime {
    fn spawn(&self, task: Task) -> Result<(), TransportError> {
        thread::Builder::new()
            .name("easemob-token".to_owned())
            .spawn(move || futures_lite::future::block_on(task))
            .map_err(|error| TransportError::with_source(TransportErrorKind::Internal, error))?;
        Ok(())
    }

    async fn sleep(&self, time: Duration) {
        easemob_token_transport::sleep(time).await;
    }

    /// Knows tokio's tasks alone: other executors leave no trace on the threads that they use.
    fn check_blocking(&self) -> Result<(), TransportError> {
        // As the hyper transport does it: only what tokio polls has a budget, and to spend it does
        // no harm to a task that gets an error for an answer.
        let mut context = Context::from_waker(Waker::noop());
        let mut spend = || pin!(consume_budget()).poll(&mut context).is_pending();
        if Handle::try_current().is_ok() && (0..MORE_THAN_A_BUDGET).any(|_| spend()) {
            return Err(TransportError::with_source(
                TransportErrorKind::Internal,
                "a blocking client was called inside an async runtime, which would stand still: \
                 use the async client there, or call it by `spawn_blocking`",
            ));
        }
        Ok(())
    }
}

/// More than a task may do before tokio makes it yield.
const MORE_THAN_A_BUDGET: usize = 1_024;

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn a_task_runs_and_sleeps_without_any_runtime() {
        let (sender, receiver) = std::sync::mpsc::channel();
        let task = async move {
            let start = Instant::now();
            ThreadRuntime.sleep(Duration::from_millis(20)).await;
            let _ = sender.send(start.elapsed());
        };
        ThreadRuntime.spawn(Box::pin(task)).unwrap();
        assert!(receiver.recv().unwrap() >= Duration::from_millis(20));
    }

    #[test]
    fn only_a_thread_that_polls_a_task_of_tokio_may_not_block() {
        assert!(ThreadRuntime.check_blocking().is_ok());
        let runtime = tokio::runtime::Builder::new_multi_thread().build().unwrap();
        let check = || ThreadRuntime.check_blocking();
        assert!(runtime.block_on(async { check() }).is_err());
        assert!(runtime.block_on(runtime.spawn_blocking(check)).unwrap().is_ok());
    }
}

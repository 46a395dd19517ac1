//! The runtime port without a runtime: a thread for each task.

use std::thread;
use std::time::Duration;

use easemob_token_transport::{Runtime, Task, TransportError, TransportErrorKind, async_trait};

/// Runs each task on a thread of its own, under any executor or none.
///
/// Tasks are rare here, one for each acquisition of a token; between them no thread is left.
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
        let (sender, receiver) = async_channel::bounded::<()>(1);
        // The channel closes when the thread ends, which is what is waited for. Without a thread
        // it closes at once: a pause that is too short does less harm than one without end.
        let sleeper = move || {
            thread::sleep(time);
            drop(sender);
        };
        let _ = thread::Builder::new().name("easemob-token-sleep".to_owned()).spawn(sleeper);
        let _ = receiver.recv().await;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn a_task_runs_and_sleeps_without_any_runtime() {
        let (sender, receiver) = async_channel::bounded(1);
        let task = async move {
            let start = Instant::now();
            ThreadRuntime.sleep(Duration::from_millis(20)).await;
            let _ = sender.send(start.elapsed()).await;
        };
        ThreadRuntime.spawn(Box::pin(task)).unwrap();
        assert!(receiver.recv_blocking().unwrap() >= Duration::from_millis(20));
    }
}

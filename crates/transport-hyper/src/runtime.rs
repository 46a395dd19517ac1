//! The runtime port over tokio: the caller's runtime, or a small one of its own.

use std::future::Future;
use std::io;
use std::pin::pin;
use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

use easemob_token_transport::{
    ForkGuard, Runtime, Task, TransportError, TransportErrorKind, async_trait, sleep,
};
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use tokio::task::coop::consume_budget;

use crate::tokio_context;

/// The tokio runtime of the caller.
///
/// A task is spawned on the runtime in whose context [`spawn`](Runtime::spawn) is called, and is
/// dropped with it. [`sleep`](Runtime::sleep) works for any caller: tokio's own would panic outside
/// its runtimes and on one without a time driver, and has no way to ask before, so the timer of the
/// port is used.
#[derive(Clone, Copy, Debug, Default)]
pub struct TokioRuntime;

#[async_trait]
impl Runtime for TokioRuntime {
    fn spawn(&self, task: Task) -> Result<(), TransportError> {
        // Detached on purpose: the task outlives the caller.
        drop(tokio_context::current()?.spawn(task));
        Ok(())
    }

    async fn sleep(&self, time: Duration) {
        sleep(time).await;
    }

    fn check_blocking(&self) -> Result<(), TransportError> {
        check_blocking()
    }
}

/// The tokio runtime of the caller, which needs the drivers of an exchange.
///
/// A task is refused before it starts, so that no request counts as sent and no failure is remembered
/// for callers on a runtime that has them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ExchangeRuntime;

#[async_trait]
impl Runtime for ExchangeRuntime {
    fn spawn(&self, task: Task) -> Result<(), TransportError> {
        drop(tokio_context::with_drivers()?.spawn(task));
        Ok(())
    }

    async fn sleep(&self, time: Duration) {
        sleep(time).await;
    }

    fn check_blocking(&self) -> Result<(), TransportError> {
        check_blocking()
    }
}

/// A tokio runtime of its own on one thread, for callers without a runtime.
///
/// It ends when it is dropped, and its tasks are dropped with it.
#[derive(Debug)]
pub(crate) struct OwnRuntime {
    handle: Handle,
    first_use: ForkGuard,
    /// Ends the thread when it is dropped.
    _running: oneshot::Sender<()>,
}

impl OwnRuntime {
    pub(crate) fn start() -> Result<Self, TransportError> {
        let start = || -> io::Result<(Handle, oneshot::Sender<()>)> {
            let runtime = Builder::new_current_thread().enable_all().build()?;
            let handle = runtime.handle().clone();
            let (running, ended) = oneshot::channel::<()>();
            let run = move || {
                let _ = runtime.block_on(ended);
                // Does not wait for name look-ups that were abandoned.
                runtime.shutdown_background();
            };
            thread::Builder::new().name("easemob-token-hyper".to_owned()).spawn(run)?;
            Ok((handle, running))
        };
        let (handle, running) = start()
            .map_err(|error| TransportError::with_source(TransportErrorKind::Internal, error))?;
        let first_use = ForkGuard::default();
        first_use.check()?;
        Ok(Self { handle, first_use, _running: running })
    }
}

#[async_trait]
impl Runtime for OwnRuntime {
    fn spawn(&self, task: Task) -> Result<(), TransportError> {
        // A child process has no such thread: the task would never be run.
        self.first_use.check()?;
        drop(self.handle.spawn(task));
        Ok(())
    }

    async fn sleep(&self, time: Duration) {
        sleep(time).await;
    }

    fn check_blocking(&self) -> Result<(), TransportError> {
        check_blocking()
    }
}

/// More than a task may do before tokio makes it yield.
const MORE_THAN_A_BUDGET: usize = 1_024;

/// Refuses a thread that polls a task of tokio's at this moment.
///
/// tokio does not tell directly: threads for blocking work (`spawn_blocking`) are in the context of
/// its runtime as well, and those may block. But only what it polls has a budget, and to spend it
/// does no harm to a task that gets an error for an answer.
fn check_blocking() -> Result<(), TransportError> {
    let mut context = Context::from_waker(Waker::noop());
    let mut spend = || pin!(consume_budget()).poll(&mut context).is_pending();
    if Handle::try_current().is_ok() && (0..MORE_THAN_A_BUDGET).any(|_| spend()) {
        return Err(TransportError::with_source(
            TransportErrorKind::Internal,
            "a blocking client was called inside an async runtime, which would stand still: use \
             the async client there, or call it by `spawn_blocking`",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::sync::Arc;
    use std::task::Wake;
    use std::time::Instant;

    use super::*;

    #[test]
    fn only_a_thread_that_polls_a_task_may_not_block() {
        assert!(check_blocking().is_ok());
        for mut builder in [Builder::new_current_thread(), Builder::new_multi_thread()] {
            let runtime = builder.build().unwrap();
            let _context = runtime.enter();
            assert!(check_blocking().is_ok(), "entered and not polled");
            assert!(runtime.block_on(async { check_blocking() }).is_err());
            runtime.block_on(async {
                assert!(tokio::spawn(async { check_blocking() }).await.unwrap().is_err());
                assert!(tokio::task::spawn_blocking(check_blocking).await.unwrap().is_ok());
            });
        }
    }

    #[test]
    fn a_runtime_of_its_own_runs_tasks_and_drops_them_when_it_ends() {
        let runtime = OwnRuntime::start().unwrap();
        let (sender, receiver) = std::sync::mpsc::channel();
        let done = sender.clone();
        let task = async move {
            tokio::time::sleep(Duration::from_millis(1)).await;
            done.send("done").unwrap();
        };
        runtime.spawn(Box::pin(task)).unwrap();
        assert_eq!(receiver.recv(), Ok("done"));
        let task = async move {
            std::future::pending::<()>().await;
            drop(sender);
        };
        runtime.spawn(Box::pin(task)).unwrap();
        drop(runtime);
        assert!(receiver.recv().is_err(), "the task was dropped and with it the sender");
    }

    struct Unpark(thread::Thread);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    /// Polls with no runtime around it.
    fn block_on(mut future: Pin<Box<dyn Future<Output = ()> + Send + '_>>) {
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        while future.as_mut().poll(&mut Context::from_waker(&waker)).is_pending() {
            thread::park();
        }
    }

    #[test]
    fn anybody_can_sleep_outside_a_runtime_and_on_one_without_timers() {
        let own = OwnRuntime::start().unwrap();
        let bare = Builder::new_current_thread().build().unwrap();
        let time = Duration::from_millis(20);
        for runtime in [&own as &dyn Runtime, &TokioRuntime] {
            let begun = Instant::now();
            block_on(runtime.sleep(time));
            bare.block_on(runtime.sleep(time));
            bare.block_on(async {
                block_on(runtime.sleep(time));
            });
            let took = begun.elapsed();
            assert!(took >= time * 3 && took < time * 100, "{runtime:?}: {took:?}");
        }
    }

    #[tokio::test]
    async fn a_task_runs_without_being_awaited() {
        let (sender, receiver) = oneshot::channel();
        let task = async move {
            TokioRuntime.sleep(Duration::from_millis(1)).await;
            let _ = sender.send(());
        };
        TokioRuntime.spawn(Box::pin(task)).unwrap();
        receiver.await.unwrap();
    }
}

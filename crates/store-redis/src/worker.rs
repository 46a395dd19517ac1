//! The thread that a store's connection lives on.

use std::future::Future;
use std::mem;
use std::sync::{Arc, OnceLock};

use easemob_token_store::{StoreError, StoreErrorKind};
use tokio::runtime::{Builder, Runtime};

use crate::connection::Shared;
use crate::fork::ForkGuard;

/// Runs operations on a runtime of its own, so that the caller needs none.
pub(crate) struct Worker {
    shared: Arc<Shared>,
    runtime: OnceLock<Runtime>,
    fork_guard: ForkGuard,
}

impl Worker {
    pub(crate) fn new(shared: Shared) -> Self {
        let fork_guard = ForkGuard::default();
        Self { shared: Arc::new(shared), runtime: OnceLock::new(), fork_guard }
    }

    /// Runs an operation, which goes on to its end if the caller gives up.
    pub(crate) async fn run<T, F>(
        &self,
        operation: impl FnOnce(Arc<Shared>) -> F,
    ) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, StoreError>> + Send + 'static,
    {
        self.fork_guard.check()?;
        let task = self.runtime()?.spawn(operation(Arc::clone(&self.shared)));
        task.await.unwrap_or_else(|_| {
            // It panicked, or the process is ending.
            Err(StoreError::new(StoreErrorKind::Timeout, "the operation ended early"))
        })
    }

    fn runtime(&self) -> Result<&Runtime, StoreError> {
        if let Some(runtime) = self.runtime.get() {
            return Ok(runtime);
        }
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(1).max_blocking_threads(2).thread_name("easemob-token-redis");
        let runtime = builder.enable_all().build().map_err(|_| {
            let cause = "cannot start a thread: check the limits of the process";
            StoreError::new(StoreErrorKind::Unreachable, cause)
        })?;
        if let Err(second) = self.runtime.set(runtime) {
            second.shutdown_background();
        }
        self.runtime.get().ok_or_else(|| StoreError::new(StoreErrorKind::Unreachable, ""))
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let Some(runtime) = self.runtime.take() else { return };
        if self.fork_guard.is_in_child() {
            // Its threads are the parent's, and so is the connection, which must not be closed here.
            mem::forget((runtime, Arc::clone(&self.shared)));
        } else {
            // It must not wait: a store may be dropped inside of another runtime.
            runtime.shutdown_background();
        }
    }
}

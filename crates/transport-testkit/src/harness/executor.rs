//! Executors for the futures of an adapter.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};
use std::thread::{self, Thread};

/// The future that an [`Executor`] runs.
pub type Task<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// Runs futures for the suite, for instance a tokio runtime inside a newtype.
pub trait Executor {
    /// Runs the task to its end on the calling thread.
    fn block_on(&self, task: Task<'_>);
}

/// An executor without a runtime: it polls on the calling thread and parks it between the polls.
#[derive(Clone, Copy, Debug, Default)]
pub struct Parking;

impl Executor for Parking {
    fn block_on(&self, mut task: Task<'_>) {
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        let mut context = Context::from_waker(&waker);
        while task.as_mut().poll(&mut context).is_pending() {
            thread::park();
        }
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

//! Counts the turns of a connection's task, to see whether two reads are in the same turn.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::pin;

use hyper::rt::Executor;

thread_local! {
    /// The turn that this thread is in; `None` outside the task of a connection.
    static CURRENT: Cell<Option<u64>> = const { Cell::new(None) };
}

/// The number of the turn that runs on this thread; `None` outside a task. Each task counts its own.
pub(crate) fn current() -> Option<u64> {
    CURRENT.get()
}

/// Spawns the tasks of a client on tokio, and counts their turns.
#[derive(Clone, Copy)]
pub(crate) struct TurnCounter;

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for TurnCounter {
    fn execute(&self, task: F) {
        tokio::spawn(async {
            let mut task = pin!(task);
            let mut turn = 0;
            poll_fn(|cx| {
                turn += 1;
                CURRENT.set(Some(turn));
                let _end = End;
                task.as_mut().poll(cx)
            })
            .await;
        });
    }
}

/// A guard that ends the turn, also if it panics.
struct End;

impl Drop for End {
    fn drop(&mut self) {
        CURRENT.set(None);
    }
}

//! A channel for one result, between the thread that runs an exchange and its caller.

use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::process;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread::Thread;

use easemob_token_transport::ForkGuard;

/// Makes the two ends for one exchange.
pub(crate) fn pair<T>() -> (Reply<T>, Waiting<T>) {
    let process = ForkGuard::first_used_by(process::id());
    let shared = Arc::new(Shared { state: Mutex::new(State::Open(None)), process });
    (Reply(shared.clone()), Waiting { shared, runner: None })
}

/// The thread's end. If it is dropped before it sends, the caller learns that there is no result.
pub(crate) struct Reply<T>(Arc<Shared<T>>);

/// The caller's end: a future of the result, or of `None` if the thread is gone.
///
/// Dropping it earlier wakes the thread, which then sees that the caller is gone.
pub(crate) struct Waiting<T> {
    shared: Arc<Shared<T>>,
    runner: Option<Thread>,
}

struct Shared<T> {
    state: Mutex<State<T>>,
    /// The process that made it: a forked child has no such thread, which may hold the lock for ever.
    process: ForkGuard,
}

enum State<T> {
    Open(Option<Waker>),
    Sent(T),
    /// One of the two is gone, or the result was taken.
    Closed,
}

impl<T> Shared<T> {
    /// Locks the state; nothing panics under this lock.
    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends an open state and wakes the caller, outside the lock, since a waker is foreign code.
    fn end(&self, end: State<T>) {
        let mut state = self.state();
        let before = match *state {
            State::Open(_) => mem::replace(&mut *state, end),
            State::Sent(_) | State::Closed => return,
        };
        drop(state);
        if let State::Open(Some(waker)) = before {
            waker.wake();
        }
    }
}

impl<T> Reply<T> {
    pub(crate) fn send(self, result: T) {
        self.0.end(State::Sent(result));
    }

    pub(crate) fn is_wanted(&self) -> bool {
        matches!(*self.0.state(), State::Open(_))
    }
}

impl<T> Drop for Reply<T> {
    fn drop(&mut self) {
        self.0.end(State::Closed);
    }
}

impl<T> Waiting<T> {
    /// Sets the thread that is woken when the caller goes.
    pub(crate) fn on(mut self, runner: Thread) -> Self {
        self.runner = Some(runner);
        self
    }
}

impl<T> Future for Waiting<T> {
    type Output = Option<T>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        if self.shared.process.check().is_err() {
            return Poll::Ready(None);
        }
        let waker = context.waker().clone();
        let mut state = self.shared.state();
        let before = match &mut *state {
            State::Open(known) => known.replace(waker),
            _ => match mem::replace(&mut *state, State::Closed) {
                State::Sent(result) => return Poll::Ready(Some(result)),
                _ => return Poll::Ready(None),
            },
        };
        drop(state);
        drop(before);
        Poll::Pending
    }
}

impl<T> Drop for Waiting<T> {
    fn drop(&mut self) {
        if self.shared.process.check().is_err() {
            return;
        }
        let before = mem::replace(&mut *self.shared.state(), State::Closed);
        // After a result, the thread does something else already.
        if let (State::Open(_), Some(runner)) = (&before, &self.runner) {
            runner.unpark();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::thread;

    use futures_lite::future::block_on;

    use super::*;

    #[test]
    fn a_result_arrives_from_another_thread() {
        let (reply, waiting) = pair();
        thread::spawn(move || reply.send(7));
        assert_eq!(block_on(waiting), Some(7));
    }

    #[test]
    fn a_thread_that_is_gone_ends_the_waiting() {
        let (reply, waiting) = pair::<u32>();
        thread::spawn(move || drop(reply));
        assert_eq!(block_on(waiting), None);
    }

    #[test]
    fn the_thread_notices_that_the_caller_goes() {
        let (reply, waiting) = pair::<u32>();
        assert!(reply.is_wanted());
        drop(waiting.on(thread::current()));
        assert!(!reply.is_wanted());
        // Returns since the caller unparked this thread.
        thread::park();
    }

    #[test]
    fn in_a_forked_child_nothing_waits_for_the_thread() {
        let elsewhere = ForkGuard::first_used_by(process::id().wrapping_add(1));
        let shared = Arc::new(Shared { state: Mutex::new(State::Open(None)), process: elsewhere });
        let mut waiting = pin!(Waiting::<u32> { shared: shared.clone(), runner: None });
        let _held = shared.state();
        assert_eq!(block_on(waiting.as_mut()), None);
    }
}

//! What the thread that runs an exchange and the caller that waits for it know of each other.

use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::process;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread::Thread;

/// A pair for one exchange.
pub(crate) fn pair<T>() -> (Reply<T>, Waiting<T>) {
    let shared = Arc::new(Shared { state: Mutex::new(State::Open(None)), process: process::id() });
    (Reply(shared.clone()), Waiting { shared, runner: None })
}

/// The side of the thread. Dropping it without an answer tells the caller that there is none.
pub(crate) struct Reply<T>(Arc<Shared<T>>);

/// The caller's side: what the thread answers, or `None` if the thread is gone.
///
/// Dropping it before wakes the thread, which then finds that the caller is gone.
pub(crate) struct Waiting<T> {
    shared: Arc<Shared<T>>,
    runner: Option<Thread>,
}

struct Shared<T> {
    state: Mutex<State<T>>,
    /// The process that made it: the thread is in no other, and may hold the lock for ever there.
    process: u32,
}

enum State<T> {
    Open(Option<Waker>),
    Answered(T),
    /// One of the two is gone, or the answer was taken.
    Closed,
}

impl<T> Shared<T> {
    /// Nobody panics under this lock.
    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends an open state and wakes the caller; outside of the lock, since wakers are others' code.
    fn end(&self, end: State<T>) {
        let mut state = self.state();
        let before = match *state {
            State::Open(_) => mem::replace(&mut *state, end),
            State::Answered(_) | State::Closed => return,
        };
        drop(state);
        if let State::Open(Some(waker)) = before {
            waker.wake();
        }
    }
}

impl<T> Reply<T> {
    pub(crate) fn send(self, answer: T) {
        self.0.end(State::Answered(answer));
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
    /// Names the thread that is to be woken when the caller goes.
    pub(crate) fn on(mut self, runner: Thread) -> Self {
        self.runner = Some(runner);
        self
    }
}

impl<T> Future for Waiting<T> {
    type Output = Option<T>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        if process::id() != self.shared.process {
            return Poll::Ready(None);
        }
        let waker = context.waker().clone();
        let mut state = self.shared.state();
        let before = match &mut *state {
            State::Open(known) => known.replace(waker),
            _ => match mem::replace(&mut *state, State::Closed) {
                State::Answered(answer) => return Poll::Ready(Some(answer)),
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
        if process::id() != self.shared.process {
            return;
        }
        let before = mem::replace(&mut *self.shared.state(), State::Closed);
        // After an answer, the thread is elsewhere already.
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
    fn an_answer_arrives_from_another_thread() {
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
    fn a_caller_that_goes_is_noticed() {
        let (reply, waiting) = pair::<u32>();
        assert!(reply.is_wanted());
        drop(waiting.on(thread::current()));
        assert!(!reply.is_wanted());
        // The token that was left by the caller: without it, this waits for ever.
        thread::park();
    }

    #[test]
    fn in_a_forked_child_nothing_waits_for_the_thread() {
        let elsewhere = process::id().wrapping_add(1);
        let shared = Arc::new(Shared { state: Mutex::new(State::Open(None)), process: elsewhere });
        let mut waiting = pin!(Waiting::<u32> { shared: shared.clone(), runner: None });
        let _held = shared.state();
        assert_eq!(block_on(waiting.as_mut()), None);
    }
}

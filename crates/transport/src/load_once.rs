//! A value that is loaded once, on a thread of its own, when it is needed first.

use std::fmt;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::thread;

use crate::{TransportError, TransportErrorKind, check_descriptors};

/// Descriptors that loading takes: a folder, and a file in it.
const DESCRIPTORS: usize = 2;

/// A value that takes time to load, such as the system's root certificates.
///
/// The loading does not depend on who asked for it: if that caller gives up, it goes on, and a later
/// caller finds the value. A failure is returned to those who waited for it; the next caller starts
/// again. It runs under any executor.
pub struct LoadOnce<T>(Arc<Shared<T>>);

struct Shared<T> {
    state: Mutex<State<T>>,
    load: Box<dyn Fn() -> Result<T, String> + Send + Sync>,
}

enum State<T> {
    Empty,
    Loading(Vec<Waker>),
    Ready(T),
    /// The last attempt failed. Only callers that waited for it are told.
    Failed(TransportErrorKind, String),
}

impl<T: Clone + Send + 'static> LoadOnce<T> {
    /// Nothing is loaded yet. The error of `load` is a phrase that may be shown.
    pub fn new(load: impl Fn() -> Result<T, String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(Shared { state: Mutex::new(State::Empty), load: Box::new(load) }))
    }

    /// Returns the value, and waits until it is loaded. It has no time limit of its own.
    ///
    /// # Errors
    ///
    /// `Tls` with the phrase of `load`; `Connect` if no thread can be started or no descriptor is free;
    /// `Internal` if `load` panicked.
    pub async fn get(&self) -> Result<T, TransportError> {
        let mut has_waited = false;
        poll_fn(|context| {
            let mut state = self.0.lock();
            match &mut *state {
                State::Ready(value) => return Poll::Ready(Ok(value.clone())),
                State::Failed(kind, problem) if has_waited => {
                    let error = TransportError::with_source(*kind, problem.clone());
                    return Poll::Ready(Err(error));
                }
                State::Loading(waiting) => {
                    if !waiting.iter().any(|waker| waker.will_wake(context.waker())) {
                        waiting.push(context.waker().clone());
                    }
                }
                State::Empty | State::Failed(..) => {
                    // Without them the system seems to have no roots, which would be its own fault.
                    check_descriptors(DESCRIPTORS)?;
                    if let Err(error) = self.start() {
                        let error = TransportError::with_source(TransportErrorKind::Connect, error);
                        return Poll::Ready(Err(error));
                    }
                    *state = State::Loading(vec![context.waker().clone()]);
                }
            }
            has_waited = true;
            Poll::Pending
        })
        .await
    }

    /// Starts the thread, whose result waits for the lock.
    fn start(&self) -> std::io::Result<()> {
        let shared = self.0.clone();
        let work = move || {
            let loaded = catch_unwind(AssertUnwindSafe(|| (shared.load)()));
            let next = match loaded {
                Ok(Ok(value)) => State::Ready(value),
                Ok(Err(problem)) => State::Failed(TransportErrorKind::Tls, problem),
                Err(_) => {
                    State::Failed(TransportErrorKind::Internal, "the loading panicked".to_owned())
                }
            };
            let before = std::mem::replace(&mut *shared.lock(), next);
            if let State::Loading(waiting) = before {
                waiting.into_iter().for_each(Waker::wake);
            }
        };
        thread::Builder::new().name("easemob-load".to_owned()).spawn(work).map(drop)
    }
}

impl<T> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> fmt::Debug for LoadOnce<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoadOnce").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error;
    use std::future::Future;
    use std::pin::pin;
    use std::sync::mpsc;
    use std::task::{Context, Wake};

    use super::*;

    struct Unpark(thread::Thread);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    fn wait<T>(future: impl Future<Output = T>) -> T {
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        let mut future = pin!(future);
        loop {
            if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                return value;
            }
            thread::park();
        }
    }

    fn give_up<T>(future: impl Future<Output = T>) {
        assert!(pin!(future).poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }

    /// A value whose loading ends as this channel says. The value counts the attempts.
    fn loading() -> (LoadOnce<u8>, mpsc::Sender<Result<(), String>>) {
        let (sender, results) = mpsc::channel::<Result<(), String>>();
        let state = Mutex::new((0, results));
        let load = LoadOnce::new(move || {
            let (attempts, results) = &mut *state.lock().unwrap();
            *attempts += 1;
            results.recv().unwrap().map(|()| *attempts)
        });
        (load, sender)
    }

    #[test]
    fn a_caller_that_gives_up_does_not_end_the_loading() {
        let (load, results) = loading();
        give_up(load.get());
        give_up(load.get());
        results.send(Ok(())).unwrap();
        assert_eq!(wait(load.get()).unwrap(), 1);
        assert_eq!(wait(load.get()).unwrap(), 1);
    }

    #[test]
    fn a_failure_is_told_to_who_waited_and_not_remembered() {
        let (load, results) = loading();
        results.send(Err("no roots".to_owned())).unwrap();
        let error = wait(load.get()).unwrap_err();
        assert_eq!(error.kind(), TransportErrorKind::Tls);
        assert_eq!(error.source().unwrap().to_string(), "no roots");
        results.send(Ok(())).unwrap();
        assert_eq!(wait(load.get()).unwrap(), 2);
    }

    #[test]
    fn a_panic_is_an_error_and_not_an_endless_wait() {
        let load = LoadOnce::<u8>::new(|| panic!("on purpose"));
        assert_eq!(wait(load.get()).unwrap_err().kind(), TransportErrorKind::Internal);
    }
}

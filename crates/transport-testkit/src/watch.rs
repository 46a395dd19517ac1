//! Futures that watch the clock, under any executor.

pub(crate) mod census;
pub(crate) mod stopwatch;

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

const TICK: Duration = Duration::from_millis(5);

/// Waits until the condition holds; `false` if it does not in time. The runtime goes on meanwhile.
pub(crate) async fn until(limit: Duration, condition: impl Fn() -> bool) -> bool {
    let begun = Instant::now();
    let ticker = Ticker::start();
    poll_fn(|cx| {
        if condition() {
            Poll::Ready(true)
        } else if begun.elapsed() >= limit {
            Poll::Ready(false)
        } else {
            ticker.wake_later(cx.waker());
            Poll::Pending
        }
    })
    .await
}

/// How a guarded future ended.
pub(crate) enum Watched<T> {
    Done(T),
    Panicked,
    /// It was not ready in time.
    Late,
}

type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A wrapper that notices if a future panics or hangs.
///
/// The future is polled only after it woke its task: an adapter that forgets that hangs here as it
/// would anywhere.
pub(crate) struct Guarded<'a, T> {
    /// `None` after the end.
    future: Option<Boxed<'a, T>>,
    deadline: Instant,
    ticker: Ticker,
    flag: Arc<Flag>,
}

impl<'a, T> Guarded<'a, T> {
    pub(crate) fn new(future: Boxed<'a, T>, patience: Duration) -> Self {
        Self {
            future: Some(future),
            deadline: Instant::now() + patience,
            ticker: Ticker::start(),
            flag: Arc::new(Flag { asked: AtomicBool::new(true), outer: Mutex::new(None) }),
        }
    }
}

impl<T> Future for Guarded<'_, T> {
    type Output = Watched<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Watched<T>> {
        let own = &mut *self;
        own.flag.remember(cx.waker());
        let Some(future) = &mut own.future else {
            return Poll::Ready(Watched::Late);
        };
        if own.flag.asked.swap(false, Ordering::SeqCst) {
            let waker = Waker::from(own.flag.clone());
            let mut context = Context::from_waker(&waker);
            match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(&mut context))) {
                Ok(Poll::Ready(output)) => return Poll::Ready(Watched::Done(output)),
                Ok(Poll::Pending) => {}
                Err(_) => return Poll::Ready(Watched::Panicked),
            }
        }
        if Instant::now() >= own.deadline {
            own.future = None;
            return Poll::Ready(Watched::Late);
        }
        own.ticker.wake_later(cx.waker());
        Poll::Pending
    }
}

/// Runs the call to its end, or until the condition holds (`None`).
pub(crate) async fn either<T>(
    call: &mut Guarded<'_, T>,
    condition: impl Fn() -> bool,
) -> Option<Watched<T>> {
    poll_fn(|cx| match Pin::new(&mut *call).poll(cx) {
        Poll::Ready(end) => Poll::Ready(Some(end)),
        // The guard wakes the task again and again.
        Poll::Pending if condition() => Poll::Ready(None),
        Poll::Pending => Poll::Pending,
    })
    .await
}

/// Runs all futures at once and returns their outputs in order.
pub(crate) async fn all<F: Future>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let mut running: Vec<_> = futures.into_iter().map(|own| (Box::pin(own), None)).collect();
    poll_fn(|cx| {
        for (future, output) in &mut running {
            if output.is_none() {
                if let Poll::Ready(done) = future.as_mut().poll(cx) {
                    *output = Some(done);
                }
            }
        }
        if running.iter().all(|(_, output)| output.is_some()) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
    running.into_iter().filter_map(|(_, output)| output).collect()
}

/// Distinguishes a wake by the adapter from a tick of the clock.
struct Flag {
    asked: AtomicBool,
    outer: Mutex<Option<Waker>>,
}

impl Flag {
    fn remember(&self, waker: &Waker) {
        let mut outer = self.outer.lock().unwrap_or_else(PoisonError::into_inner);
        if !outer.as_ref().is_some_and(|own| own.will_wake(waker)) {
            *outer = Some(waker.clone());
        }
    }
}

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.asked.store(true, Ordering::SeqCst);
        let outer = self.outer.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(waker) = outer {
            waker.wake();
        }
    }
}

/// A thread that wakes the waiting task again and again, until this is dropped.
struct Ticker {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    waker: Option<Waker>,
    over: bool,
}

impl Ticker {
    fn start() -> Self {
        let shared = Arc::<Shared>::default();
        let own = shared.clone();
        let thread = thread::spawn(move || {
            let mut state = own.state.lock().unwrap_or_else(PoisonError::into_inner);
            while !state.over {
                let waited = own.changed.wait_timeout(state, TICK);
                state = waited.unwrap_or_else(PoisonError::into_inner).0;
                if let Some(waker) = state.waker.take() {
                    waker.wake();
                }
            }
        });
        Self { shared, thread: Some(thread) }
    }

    fn wake_later(&self, waker: &Waker) {
        let mut state = self.shared.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.waker = Some(waker.clone());
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner).over = true;
        self.shared.changed.notify_all();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

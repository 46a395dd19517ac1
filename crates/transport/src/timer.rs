//! A timer that needs no runtime: one thread for all pauses of the process.

use std::collections::BTreeMap;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::process;
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

/// The time after which the thread ends if there are no pauses.
const IDLE_TIME: Duration = Duration::from_secs(1);

/// Waits, under any executor. For adapters whose library has no timer.
///
/// One thread serves all pauses of the process. It starts with the first pause and ends a second after
/// the last one. A forked child starts a thread of its own. If no thread can be started, the pause ends at
/// once: too short a pause does less harm than an endless one.
///
/// ```
/// use std::time::Duration;
///
/// # async fn example() {
/// easemob_token_transport::sleep(Duration::from_millis(20)).await;
/// # }
/// ```
#[must_use = "a future does nothing unless it is polled"]
pub fn sleep(time: Duration) -> Sleep {
    Sleep { until: Instant::now().checked_add(time), entry: None }
}

/// The future that [`sleep`] returns.
#[derive(Debug)]
#[must_use = "a future does nothing unless it is polled"]
pub struct Sleep {
    /// `None` for a time beyond the range of the clock.
    until: Option<Instant>,
    entry: Option<Entry>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let Some(until) = self.until else { return Poll::Pending };
        if until <= Instant::now() {
            self.entry = None;
            return Poll::Ready(());
        }
        let timer = Timer::current();
        // No thread of this process serves an entry of the parent process.
        if !self.entry.as_ref().is_some_and(|entry| std::ptr::eq(entry.timer, timer)) {
            self.entry = Some(timer.enter(until));
        }
        match &self.entry {
            Some(entry) if timer.wake_later(entry.key, context.waker()) => Poll::Pending,
            _ => {
                self.entry = None;
                Poll::Ready(())
            }
        }
    }
}

/// The time to wake, and a number that makes the key unique.
type Key = (Instant, u64);

/// An entry in the timer, which is removed when this is dropped.
#[derive(Debug)]
struct Entry {
    timer: &'static Timer,
    key: Key,
}

impl Drop for Entry {
    fn drop(&mut self) {
        // In a forked child, a thread that no longer exists may hold the parent's lock.
        if self.timer.process == process::id() {
            let waker = self.timer.state().wakers.remove(&self.key);
            drop(waker);
        }
    }
}

/// The pauses of one process.
#[derive(Debug)]
struct Timer {
    process: u32,
    /// The timer of a forked child of that process.
    child: OnceLock<Box<Timer>>,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    wakers: BTreeMap<Key, Waker>,
    entered: u64,
    has_thread: bool,
}

impl Timer {
    fn new(process: u32) -> Self {
        Self { process, child: OnceLock::new(), state: Mutex::default(), changed: Condvar::new() }
    }

    fn current() -> &'static Self {
        static FIRST: OnceLock<Timer> = OnceLock::new();
        FIRST.get_or_init(|| Self::new(process::id())).of(process::id())
    }

    /// The timer of this process. No lock is taken that another process may have left locked.
    fn of(&'static self, process: u32) -> &'static Self {
        let mut timer = self;
        while timer.process != process {
            timer = timer.child.get_or_init(|| Box::new(Self::new(process)));
        }
        timer
    }

    /// Nothing panics under this lock, and the state would stay consistent.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(&'static self, until: Instant) -> Entry {
        let mut state = self.state();
        state.entered += 1;
        Entry { timer: self, key: (until, state.entered) }
    }

    /// Wakes this waker at the entry's time. `false` if there is no thread for that.
    fn wake_later(&'static self, key: Key, waker: &Waker) -> bool {
        let waker = waker.clone();
        let mut state = self.state();
        let is_first = state.wakers.first_key_value().is_none_or(|(first, _)| key < *first);
        let before = state.wakers.insert(key, waker);
        if !state.has_thread {
            let started = thread::Builder::new()
                .name("easemob-timer".to_owned())
                .spawn(move || self.run())
                .is_ok();
            state.has_thread = started;
        } else if is_first {
            self.changed.notify_one();
        }
        let has_thread = state.has_thread;
        drop(state);
        drop(before);
        has_thread
    }

    fn run(&self) {
        let mut state = self.state();
        let mut idle_until = Instant::now() + IDLE_TIME;
        loop {
            let now = Instant::now();
            if let Some(waker) = state.take_due(now) {
                drop(state);
                // A waker is foreign code, and a panic in it must not end this thread.
                let _ = catch_unwind(AssertUnwindSafe(|| waker.wake()));
                idle_until = now + IDLE_TIME;
                state = self.state();
                continue;
            }
            let next = match state.wakers.first_key_value() {
                // Looks once in a while, since a dropped pause does not wake this thread.
                Some(((first, _), _)) => (*first).min(now + IDLE_TIME),
                None if idle_until <= now => {
                    state.has_thread = false;
                    return;
                }
                None => idle_until,
            };
            let waited = self.changed.wait_timeout(state, next.saturating_duration_since(now));
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl State {
    fn take_due(&mut self, now: Instant) -> Option<Waker> {
        let first = self.wakers.first_entry()?;
        (first.key().0 <= now).then(|| first.remove())
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::Arc;
    use std::sync::mpsc::{Sender, channel};
    use std::task::Wake;

    use super::*;

    const SHORT: Duration = Duration::from_millis(20);

    struct Unpark(thread::Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    fn block_on(future: impl Future<Output = ()>) {
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        let mut future = pin!(future);
        while future.as_mut().poll(&mut Context::from_waker(&waker)).is_pending() {
            thread::park_timeout(Duration::from_secs(5));
        }
    }

    fn poll_once(sleep: &mut Sleep, waker: &Waker) -> Poll<()> {
        Pin::new(sleep).poll(&mut Context::from_waker(waker))
    }

    fn pending(timer: &Timer) -> usize {
        timer.state().wakers.len()
    }

    fn leaked(process: u32) -> &'static Timer {
        Box::leak(Box::new(Timer::new(process)))
    }

    #[test]
    fn a_pause_lasts_as_long_as_was_asked() {
        let started = Instant::now();
        block_on(sleep(SHORT));
        let took = started.elapsed();
        assert!((SHORT..SHORT * 20).contains(&took), "{took:?}");
    }

    /// Reports the thread on which it was woken.
    struct ReportThread(Sender<thread::ThreadId>);
    impl Wake for ReportThread {
        fn wake(self: Arc<Self>) {
            self.0.send(thread::current().id()).unwrap();
        }
    }

    #[test]
    fn one_thread_wakes_everybody_and_a_waker_that_panics_harms_nobody() {
        struct Panics;
        impl Wake for Panics {
            fn wake(self: Arc<Self>) {
                panic!("on purpose")
            }
        }

        let (sender, woken) = channel();
        let timer = leaked(process::id());
        let entries: Vec<_> = (0..1_000).map(|_| timer.enter(Instant::now() + SHORT)).collect();
        for (number, entry) in entries.iter().enumerate() {
            let waker = match number {
                0 => Waker::from(Arc::new(Panics)),
                _ => Waker::from(Arc::new(ReportThread(sender.clone()))),
            };
            assert!(timer.wake_later(entry.key, &waker));
        }
        drop(sender);
        let threads: Vec<_> = woken.iter().collect();
        assert_eq!(threads.len(), 999);
        assert!(threads.iter().all(|thread| *thread == threads[0]));
        assert_eq!(pending(timer), 0);
    }

    #[test]
    fn an_earlier_pause_does_not_wait_for_a_later_one() {
        let mut long = sleep(Duration::from_secs(3_600));
        assert!(poll_once(&mut long, Waker::noop()).is_pending());
        let started = Instant::now();
        block_on(sleep(SHORT));
        assert!(started.elapsed() < Duration::from_secs(4));
    }

    #[test]
    fn an_abandoned_pause_leaves_nothing() {
        let timer = leaked(process::id());
        let entries: Vec<_> =
            (0..100).map(|_| timer.enter(Instant::now() + Duration::from_secs(60))).collect();
        for entry in &entries {
            assert!(timer.wake_later(entry.key, Waker::noop()));
        }
        assert_eq!(pending(timer), 100);
        drop(entries);
        assert_eq!(pending(timer), 0);
        // The thread is not held by what is gone: it ends, and starts anew for the next one.
        let started = Instant::now();
        while timer.state().has_thread {
            assert!(started.elapsed() < IDLE_TIME * 5);
            thread::sleep(SHORT);
        }
        let (sender, woken) = channel();
        let entry = timer.enter(Instant::now() + SHORT);
        assert!(timer.wake_later(entry.key, &Waker::from(Arc::new(ReportThread(sender)))));
        assert!(woken.recv_timeout(Duration::from_secs(5)).is_ok());
    }

    #[test]
    fn a_pause_without_end_is_no_overflow() {
        let mut endless = sleep(Duration::MAX);
        assert!(poll_once(&mut endless, Waker::noop()).is_pending());
    }

    #[test]
    fn in_a_forked_child_a_pause_goes_on_and_no_lock_of_the_parent_is_waited_for() {
        let parent = leaked(process::id().wrapping_add(1));
        let until = Instant::now() + SHORT;
        let begun_before = Sleep { until: Some(until), entry: Some(parent.enter(until)) };
        let dropped = Sleep { until: Some(until), entry: Some(parent.enter(until)) };
        let _held = parent.state();
        assert_eq!(parent.of(process::id()).process, process::id());
        block_on(begun_before);
        assert!(Instant::now() >= until);
        drop(dropped);
    }
}

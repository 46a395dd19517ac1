//! A limit of concurrent exchanges, for all adapters.

mod queue;
#[cfg(test)]
mod tests;

use std::fmt;
use std::future::{Future, poll_fn};
use std::num::NonZeroUsize;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use self::queue::{Queue, Turn};
use crate::{ConfigError, ForkGuard, TransportError, TransportErrorKind};

/// The number of descriptors that exchanges may take if the system has no limit.
const UNLIMITED: usize = 1024;
/// The divisor of the descriptor limit that yields the share of exchanges.
const SHARE: u64 = 4;

/// A limit of concurrent exchanges.
///
/// A client that starts thousands of exchanges must not take all file descriptors of the process.
/// Exchanges beyond the limit wait in order, within their own time limit.
///
/// A permit ends when its [`ExchangePermit`] is dropped, and at its deadline at the latest, even if its
/// holder is never polled again. A waiter that is not polled does not block those behind it.
///
/// Clones share one limit.
///
/// ```
/// use std::num::NonZeroUsize;
/// use std::time::{Duration, Instant};
/// use easemob_token_transport::{ExchangeLimit, TransportError};
///
/// # async fn sleep(_: Duration) {}
/// # async fn example() -> Result<(), TransportError> {
/// let limit = ExchangeLimit::from_descriptors(NonZeroUsize::MIN);
/// let deadline = Instant::now() + Duration::from_secs(10);
/// let permit = limit.acquire(deadline, sleep).await?;
/// // The exchange happens here.
/// drop(permit);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct ExchangeLimit(Arc<Shared>);

struct Shared {
    max: NonZeroUsize,
    process: ForkGuard,
    queue: Mutex<Queue>,
}

impl ExchangeLimit {
    /// Creates a limit of `max` concurrent exchanges.
    #[must_use]
    pub fn new(max: NonZeroUsize) -> Self {
        let queue = Mutex::new(Queue::new(max.get()));
        Self(Arc::new(Shared { max, process: ForkGuard::default(), queue }))
    }

    /// Creates a limit by which exchanges take at most a quarter of the process's file descriptors.
    ///
    /// `per_exchange` is the number of descriptors that one exchange takes. The soft limit of the
    /// process (`RLIMIT_NOFILE`) is read once, now. If there is none, exchanges may take 1 024
    /// descriptors. At least one exchange is always allowed.
    #[must_use]
    pub fn from_descriptors(per_exchange: NonZeroUsize) -> Self {
        Self::new(share_of(descriptor_limit(), per_exchange))
    }

    /// Creates the limit of the setting `max_concurrent_exchanges` of an adapter's builder.
    ///
    /// If it is not set, the limit is that of [`from_descriptors`](Self::from_descriptors).
    ///
    /// # Errors
    ///
    /// A [`ConfigError`] if the setting is 0.
    pub fn from_setting(
        setting: Option<usize>,
        per_exchange: NonZeroUsize,
    ) -> Result<Self, ConfigError> {
        match setting.map(NonZeroUsize::new) {
            None => Ok(Self::from_descriptors(per_exchange)),
            Some(Some(max)) => Ok(Self::new(max)),
            Some(None) => Err(ConfigError::new("max_concurrent_exchanges", "must be at least 1")),
        }
    }

    /// The maximum number of concurrent exchanges.
    #[must_use]
    pub fn max_concurrent_exchanges(&self) -> NonZeroUsize {
        self.0.max
    }

    /// Acquires a permit for an exchange whose time limit ends at `deadline`; waits if necessary.
    ///
    /// `sleep` returns a future that is ready after a time, on the caller's runtime. It is called only if
    /// the exchange has to wait.
    ///
    /// # Errors
    ///
    /// [`Timeout`](TransportErrorKind::Timeout) if no permit was free until `deadline`, and
    /// [`Internal`](TransportErrorKind::Internal) if the process was forked while another thread
    /// used the limit. Nothing was sent.
    pub async fn acquire<S>(
        &self,
        deadline: Instant,
        sleep: impl Fn(Duration) -> S,
    ) -> Result<ExchangePermit, TransportError>
    where
        S: Future<Output = ()>,
    {
        self.0.process.remember();
        let entered = self.0.lock()?.enter(deadline, Instant::now);
        match entered {
            Some(number) => Ok(ExchangePermit { shared: self.0.clone(), deadline, number }),
            // On the heap, so that the future of an exchange that does not wait stays small.
            None => Box::pin(self.wait(deadline, sleep)).await,
        }
    }

    async fn wait<S>(
        &self,
        deadline: Instant,
        sleep: impl Fn(Duration) -> S,
    ) -> Result<ExchangePermit, TransportError>
    where
        S: Future<Output = ()>,
    {
        let waiter = Waiter { shared: &self.0, number: self.0.lock()?.take_number() };
        let mut nap = pin!(None::<S>);
        poll_fn(|cx| {
            let now = Instant::now();
            if now >= deadline {
                return Poll::Ready(Err(waited_too_long(self.0.max)));
            }
            let pause = match waiter.check(deadline, now, cx) {
                Ok(Turn::Granted) => {
                    let (shared, number) = (self.0.clone(), waiter.number);
                    return Poll::Ready(Ok(ExchangePermit { shared, deadline, number }));
                }
                Ok(Turn::Wait(pause)) => pause.min(deadline - now),
                Err(error) => return Poll::Ready(Err(error)),
            };
            nap.set(Some(sleep(pause)));
            if let Some(nap) = nap.as_mut().as_pin_mut() {
                if nap.poll(cx).is_ready() {
                    cx.waker().wake_by_ref();
                }
            }
            Poll::Pending
        })
        .await
    }
}

/// The process's soft limit of descriptors, if there is one.
#[cfg(unix)]
fn descriptor_limit() -> Option<u64> {
    rustix::process::getrlimit(rustix::process::Resource::Nofile).current
}

#[cfg(not(unix))]
fn descriptor_limit() -> Option<u64> {
    None
}

fn share_of(descriptors: Option<u64>, per_exchange: NonZeroUsize) -> NonZeroUsize {
    let share = match descriptors {
        Some(descriptors) => usize::try_from(descriptors / SHARE).unwrap_or(usize::MAX),
        None => UNLIMITED,
    };
    NonZeroUsize::new(share / per_exchange).unwrap_or(NonZeroUsize::MIN)
}

fn waited_too_long(max: NonZeroUsize) -> TransportError {
    TransportError::with_source(
        TransportErrorKind::Timeout,
        format!(
            "the exchange waited until its time limit, since {max} others were in progress: raise \
             max_concurrent_exchanges or start fewer at once"
        ),
    )
}

impl Shared {
    /// Locks the queue.
    ///
    /// Returns an error if the lock is held in a child of a fork, where the holding thread does not exist.
    fn lock(&self) -> Result<MutexGuard<'_, Queue>, TransportError> {
        match self.queue.try_lock() {
            Ok(queue) => Ok(queue),
            Err(TryLockError::Poisoned(poisoned)) => Ok(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => {
                self.process.check()?;
                Ok(self.queue.lock().unwrap_or_else(PoisonError::into_inner))
            }
        }
    }

    /// Changes the queue, then wakes those whose turn it is, without the lock: wakers are foreign code.
    fn change<T>(
        &self,
        change: impl FnOnce(&mut Queue, &mut Vec<Waker>) -> T,
    ) -> Result<T, TransportError> {
        let mut woken = Vec::new();
        let result = change(&mut *self.lock()?, &mut woken);
        woken.into_iter().for_each(Waker::wake);
        Ok(result)
    }
}

/// A waiting exchange, which leaves the queue when dropped.
struct Waiter<'a> {
    shared: &'a Shared,
    number: u64,
}

impl Waiter<'_> {
    fn check(
        &self,
        deadline: Instant,
        now: Instant,
        cx: &Context<'_>,
    ) -> Result<Turn, TransportError> {
        self.shared
            .change(|queue, woken| queue.check(self.number, deadline, now, cx.waker(), woken))
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        // An error means a forked child, in which nothing waits.
        let _ = self.shared.change(|queue, woken| queue.quit(self.number, Instant::now(), woken));
    }
}

/// A permit for one exchange, which is released when dropped.
///
/// It also expires at its deadline.
#[must_use = "the permit is released when this is dropped"]
pub struct ExchangePermit {
    shared: Arc<Shared>,
    deadline: Instant,
    number: u64,
}

impl Drop for ExchangePermit {
    fn drop(&mut self) {
        let Self { deadline, number, .. } = *self;
        // An error means a forked child, in which nothing waits.
        let _ =
            self.shared.change(|queue, woken| queue.leave(deadline, number, Instant::now, woken));
    }
}

impl fmt::Debug for ExchangeLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExchangeLimit").field("max_concurrent_exchanges", &self.0.max).finish()
    }
}

impl fmt::Debug for ExchangePermit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExchangePermit").finish_non_exhaustive()
    }
}

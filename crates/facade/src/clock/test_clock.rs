//! A clock that stands still unless a test moves it.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::{Duration, SystemTime};

use easemob_token_core::{Now, Uptime, WallTime};

/// A clock of a client that stands still unless a test moves it. Clones move together.
///
/// It is wall clock and monotonic clock at once, and a client with it sleeps by it: pauses end when the
/// test moves the clock far enough. So a test sees a renewal, an expiry or a suspended machine without
/// waiting. Set it with [`ClientBuilder::clock`](crate::ClientBuilder::clock).
///
/// The time limit of a request is real time; the deadline of a call is not, so a call that is under way
/// may miss it when you move the clock. Wait for the call first, as the loop below does, or set a long
/// [`acquisition_deadline`](crate::ClientBuilder::acquisition_deadline). The client does not
/// recognize a runtime that is not driven.
///
/// ```
/// # #[cfg(feature = "hyper")]
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
///
/// use easemob_token::{Client, TestClock, hyper::HyperTransport};
/// use easemob_token_emulator::{DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, Emulator};
///
/// const DAY: Duration = Duration::from_secs(86_400);
///
/// let (clock, emulator) = (TestClock::new(), Emulator::start().await?);
/// let client = Client::builder(emulator.base_url(), emulator.app_key())
///     .client_credentials(DEMO_CLIENT_ID, DEMO_CLIENT_SECRET)
///     .transport(HyperTransport::new())
///     .clock(clock.clone())
///     .build()?;
/// assert_eq!(client.app_token().await?.generation(), 1);
///
/// // Tokens live for 60 days. After 85 % of it, the old one is returned and renewed meanwhile.
/// clock.advance(52 * DAY);
/// emulator.advance(52 * DAY);
/// assert_eq!(client.app_token().await?.generation(), 1);
/// while client.app_token().await?.generation() == 1 {
///     tokio::task::yield_now().await;
/// }
///
/// // An expired token is not returned: the call waits for another one.
/// clock.advance(61 * DAY);
/// emulator.advance(61 * DAY);
/// assert_eq!(client.app_token().await?.generation(), 3);
///
/// // The machine sleeps for 61 days: its monotonic clock stands still.
/// clock.suspend(61 * DAY);
/// emulator.advance(61 * DAY);
/// assert_eq!(client.app_token().await?.generation(), 4);
/// assert_eq!(emulator.request_count(), 4);
/// # Ok(()) }
/// # #[cfg(not(feature = "hyper"))]
/// # fn main() {}
/// ```
#[derive(Clone, Debug)]
pub struct TestClock(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    moved: Mutex<Moved>,
    /// Whether the runtime of the client sleeps by this clock too, and so notices that it is moved.
    is_the_runtimes: bool,
    timers: Timers,
}

#[derive(Debug)]
struct Moved {
    uptime: Uptime,
    wall: WallTime,
}

impl TestClock {
    /// A clock that starts at the present of the system.
    #[must_use]
    pub fn new() -> Self {
        Self::starting_at(SystemTime::now())
    }

    /// A clock whose wall clock starts at this time.
    #[must_use]
    pub fn starting_at(wall: SystemTime) -> Self {
        Self::with(wall, false)
    }

    /// The clock of a runtime in simulated time.
    #[cfg(test)]
    pub(crate) fn of_a_runtime() -> Self {
        Self::with(SystemTime::UNIX_EPOCH, true)
    }

    fn with(wall: SystemTime, is_the_runtimes: bool) -> Self {
        let moved = Mutex::new(Moved { uptime: Uptime::ORIGIN, wall: wall.into() });
        Self(Arc::new(Inner { moved, is_the_runtimes, timers: Timers::default() }))
    }

    /// Lets time pass: moves both clocks, and wakes what sleeps until then.
    pub fn advance(&self, time: Duration) {
        let now = {
            let mut moved = self.moved();
            moved.uptime = moved.uptime.after(time);
            moved.wall = moved.wall.after(time);
            moved.uptime
        };
        let mut waiting = self.0.timers.waiting();
        let later = waiting.split_off(&(now, u64::MAX));
        let due = std::mem::replace(&mut *waiting, later);
        drop(waiting);
        due.into_values().for_each(Waker::wake);
    }

    /// Suspends the machine for this time: moves only the wall clock ahead.
    ///
    /// A wall clock that is set ahead looks the same.
    pub fn suspend(&self, time: Duration) {
        let mut moved = self.moved();
        moved.wall = moved.wall.after(time);
    }

    /// Sets the wall clock back.
    pub fn set_back(&self, time: Duration) {
        let mut moved = self.moved();
        moved.wall = moved.wall.before(time);
    }

    /// The wall clock.
    #[must_use]
    pub fn wall(&self) -> SystemTime {
        self.read().wall.into()
    }

    /// The monotonic clock: how far the clock was advanced.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.uptime().since_origin()
    }

    pub(crate) fn uptime(&self) -> Uptime {
        self.read().uptime
    }

    /// Sleeps until the clock has advanced by this time.
    pub async fn sleep(&self, time: Duration) {
        let (end, timers) = (self.uptime().after(time), &self.0.timers);
        let timer = Timer(timers, (end, timers.count.fetch_add(1, Ordering::Relaxed)));
        poll_fn(|cx| {
            if self.uptime() < end {
                timers.waiting().insert(timer.1, cx.waker().clone());
            }
            // Read again: the clock may have been advanced before the waker was there.
            if self.uptime() < end { Poll::Pending } else { Poll::Ready(()) }
        })
        .await;
    }

    /// The time of the next timer.
    #[cfg(all(test, not(shuttle)))]
    pub(crate) fn next_timer(&self) -> Option<Uptime> {
        self.0.timers.waiting().first_key_value().map(|((time, _), _)| *time)
    }

    fn moved(&self) -> MutexGuard<'_, Moved> {
        self.0.moved.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Both clocks.
    pub(crate) fn read(&self) -> Now {
        let moved = self.moved();
        Now { wall: moved.wall, uptime: moved.uptime }
    }

    /// Whether the client has to sleep by this clock, since its runtime does not.
    pub(crate) fn is_apart(&self) -> bool {
        !self.0.is_the_runtimes
    }
}

impl Default for TestClock {
    fn default() -> Self {
        Self::new()
    }
}

/// Wakers in the order of their times.
#[derive(Debug, Default)]
struct Timers {
    waiting: Mutex<BTreeMap<(Uptime, u64), Waker>>,
    count: AtomicU64,
}

impl Timers {
    fn waiting(&self) -> MutexGuard<'_, BTreeMap<(Uptime, u64), Waker>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A timer that is removed on drop.
struct Timer<'a>(&'a Timers, (Uptime, u64));

impl Drop for Timer<'_> {
    fn drop(&mut self) {
        self.0.waiting().remove(&self.1);
    }
}

//! Keeps an app key under its limit: whoever asks too early waits, in the order of asking.

use std::future::Future;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_lock::Mutex;
use easemob_token_core::Pacer;

const SECOND: Duration = Duration::from_secs(1);

/// The queue before the pacer. Whoever stands first waits for a place and takes it; the others wait
/// for whoever stands first. So a caller who gives up takes no place with him, and one timer runs,
/// however long the queue is.
#[derive(Debug)]
pub(crate) struct Pacing {
    queue: Mutex<Pacer>,
    waiting: AtomicU32,
    /// From one place to the next, where all of them are taken.
    interval: Duration,
}

/// How long the queue is, as a caller would have to wait; longer than it can.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooLate(pub(crate) Duration);

impl Pacing {
    /// At most so many a second, a tenth of them at once.
    pub(crate) fn new(per_second: NonZeroU32) -> Self {
        let burst = NonZeroU32::new(per_second.get() / 10).unwrap_or(NonZeroU32::MIN);
        let pacer = Pacer::new(per_second, SECOND, burst);
        let interval = pacer.interval();
        Self { queue: Mutex::new(pacer), waiting: AtomicU32::new(0), interval }
    }

    /// Waits for this caller's turn, which comes by `latest` on the clock `now`, where it is `start`.
    /// Answers for how long it was held back, zero where it was not.
    pub(crate) async fn turn<S: Future<Output = ()>>(
        &self,
        start: Duration,
        latest: Duration,
        now: impl Fn() -> Duration,
        sleep: impl Fn(Duration) -> S,
    ) -> Result<Duration, TooLate> {
        let place = Place::behind(&self.waiting);
        let wait = self.interval.saturating_mul(place.ahead);
        if start.saturating_add(wait) > latest {
            return Err(TooLate(wait));
        }
        let mut pacer = self.queue.lock().await;
        let mut held_back = place.ahead > 0;
        let mut time = if held_back { now() } else { start };
        loop {
            let next = pacer.next(time);
            if next > latest {
                return Err(TooLate(next.saturating_sub(time)));
            }
            if pacer.reserve(time, time).is_ok() {
                // What passes between two looks at a clock is no waiting.
                return Ok(if held_back { time.saturating_sub(start) } else { Duration::ZERO });
            }
            held_back = true;
            sleep(next.saturating_sub(time)).await;
            time = now();
        }
    }
}

/// A place in the queue, given up when it is dropped.
struct Place<'a> {
    waiting: &'a AtomicU32,
    ahead: u32,
}

impl<'a> Place<'a> {
    fn behind(waiting: &'a AtomicU32) -> Self {
        Self { waiting, ahead: waiting.fetch_add(1, Ordering::Relaxed) }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Instant;

    use super::*;

    fn pacing(per_second: u32) -> Arc<Pacing> {
        Arc::new(Pacing::new(NonZeroU32::new(per_second).unwrap()))
    }

    async fn turn(pacing: &Pacing, start: Instant, within: Duration) -> Result<Duration, TooLate> {
        let now = start.elapsed();
        pacing.turn(now, now + within, || start.elapsed(), tokio::time::sleep).await?;
        Ok(start.elapsed())
    }

    #[tokio::test]
    async fn callers_are_served_in_their_order_and_no_second_holds_more_than_the_limit() {
        let (pacing, start) = (pacing(100), Instant::now());
        let callers: Vec<_> = (0..130)
            .map(|_| {
                let pacing = Arc::clone(&pacing);
                tokio::spawn(async move { turn(&pacing, start, SECOND * 20).await.unwrap() })
            })
            .collect();
        let mut times = Vec::new();
        for caller in callers {
            times.push(caller.await.unwrap());
        }
        assert!(times.is_sorted(), "{times:?}");
        let second = |start: Duration| {
            times.iter().filter(|time| (start..start + SECOND).contains(*time)).count()
        };
        let most = times.iter().map(|&time| second(time)).max().unwrap();
        assert!(most <= 100, "{most}");
        // It is a limit and no brake: 120 behind the burst, at ninety a second.
        assert!(times[129] < SECOND * 5, "{:?}", times[129]);
    }

    #[tokio::test]
    async fn who_cannot_wait_is_told_at_once_and_who_gives_up_holds_nobody_up() {
        let (pacing, start) = (pacing(1), Instant::now());
        turn(&pacing, start, SECOND).await.unwrap();
        let refused = turn(&pacing, start, Duration::from_millis(100)).await.unwrap_err();
        assert!(refused.0 > Duration::from_millis(500), "{refused:?}");
        let quitters: Vec<_> = (0..50)
            .map(|_| {
                let pacing = Arc::clone(&pacing);
                tokio::spawn(async move { turn(&pacing, start, SECOND * 100).await })
            })
            .collect();
        tokio::task::yield_now().await;
        for quitter in quitters {
            quitter.abort();
            assert!(quitter.await.unwrap_err().is_cancelled());
        }
        let served = turn(&pacing, start, SECOND * 3).await.unwrap();
        assert!(served < SECOND * 3, "{served:?}");
        assert_eq!(pacing.waiting.load(Ordering::Relaxed), 0);
    }
}

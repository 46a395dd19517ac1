//! How late something was, and how late this machine was at the same time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::watch::census::processor_time_of_thread;

const NAP: Duration = Duration::from_millis(2);

/// Measures a span, and beside it the longest time by which a short sleep was overslept: what the
/// machine withheld from a thread that wanted to run cannot be blamed on the adapter.
pub(crate) struct Stopwatch {
    begun: Instant,
    over: Arc<AtomicBool>,
    /// Its longest stall, and its processor time.
    control: JoinHandle<(Duration, Duration)>,
}

/// What a [`Stopwatch`] found.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    pub(crate) begun: Instant,
    pub(crate) took: Duration,
    /// The longest stall of the control.
    pub(crate) stall: Duration,
    /// What the control took of the processor.
    pub(crate) processor_time: Duration,
}

impl Stopwatch {
    pub(crate) fn start() -> Self {
        let over = Arc::<AtomicBool>::default();
        let end = over.clone();
        let control = thread::spawn(move || {
            let mut longest = Duration::ZERO;
            while !end.load(Ordering::SeqCst) {
                let asleep = Instant::now();
                thread::sleep(NAP);
                longest = longest.max(asleep.elapsed().saturating_sub(NAP));
            }
            (longest, processor_time_of_thread().unwrap_or_default())
        });
        Self { begun: Instant::now(), over, control }
    }

    pub(crate) fn stop(self) -> Span {
        let took = self.begun.elapsed();
        self.over.store(true, Ordering::SeqCst);
        let (stall, processor_time) = self.control.join().unwrap_or_default();
        Span { begun: self.begun, took, stall, processor_time }
    }
}

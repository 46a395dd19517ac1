//! A stopwatch that also measures by how much the machine delayed the threads of this process.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::census::{processor_time_of_thread, processor_waits};

const NAP: Duration = Duration::from_millis(2);

/// Measures a span of time, and the longest delay that the machine caused meanwhile.
///
/// A delay is the time by which a short sleep was overslept, or that a thread of this process waited
/// for a processor. The adapter is not to blame for either.
pub(crate) struct Stopwatch {
    begun: Instant,
    over: Arc<AtomicBool>,
    /// Returns its longest stall and its processor time.
    control: JoinHandle<(Duration, Duration)>,
    processor_waits: BTreeMap<String, Duration>,
}

/// The result of a [`Stopwatch`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    pub(crate) begun: Instant,
    pub(crate) took: Duration,
    /// The longest delay that the machine caused.
    pub(crate) stall: Duration,
    /// The processor time of the thread that took naps.
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
        Self { begun: Instant::now(), over, control, processor_waits: processor_waits() }
    }

    pub(crate) fn stop(self) -> Span {
        let took = self.begun.elapsed();
        self.over.store(true, Ordering::SeqCst);
        let (overslept, processor_time) = self.control.join().unwrap_or_default();
        let waits = processor_waits().into_iter().map(|(thread, wait)| {
            wait.saturating_sub(self.processor_waits.get(&thread).copied().unwrap_or_default())
        });
        let stall = waits.fold(overslept, Duration::max);
        Span { begun: self.begun, took, stall, processor_time }
    }
}

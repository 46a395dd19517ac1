//! Pauses between the reads of a connection whose peer floods it.
//!
//! A peer that sends as fast as it can, byte by byte or in tiny parts of a message, would keep a
//! processor busy until the time limit ends. A pause of 39 times the work that the last
//! read caused leaves little time for work, in whatever build and on whatever machine.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use tokio::time::{Sleep, sleep};

/// How much longer a pause is than the work before it.
const PAUSE_PER_WORK: u32 = 39;
/// The shortest time that tokio's timer can count.
const SHORTEST: Duration = Duration::from_millis(1);
/// What looked like work may have been a wait for the processor or for the reader of the body.
const LONGEST: Duration = Duration::from_millis(100);

/// The pace of one connection.
#[derive(Default)]
pub(crate) struct Pace {
    /// The start of the last read, whose work lasts until the next one.
    working_since: Option<Instant>,
    pause: Option<Pin<Box<Sleep>>>,
}

impl Pace {
    /// Waits until the next read may begin.
    pub(crate) fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(since) = self.working_since.take() {
            let pause = (since.elapsed() * PAUSE_PER_WORK).clamp(SHORTEST, LONGEST);
            self.pause = Some(Box::pin(sleep(pause)));
        }
        if let Some(pause) = &mut self.pause {
            ready!(pause.as_mut().poll(cx));
            self.pause = None;
        }
        self.working_since = Some(Instant::now());
        Poll::Ready(())
    }

    /// Nothing was read, so no work follows.
    pub(crate) fn rest(&mut self) {
        self.working_since = None;
    }

    /// The flood is over.
    pub(crate) fn reset(&mut self) {
        self.working_since = None;
        if self.pause.is_some() {
            self.pause = None;
        }
    }
}

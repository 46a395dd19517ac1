//! A line on a terminal that shows what a long command waits for, and goes away.

use std::future::Future;
use std::pin::pin;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::ProgressBar;

use crate::args::Format;
use crate::options::Options;
use crate::output;
use crate::signals::Signals;

/// A shorter wait shows nothing.
const PATIENCE: Duration = Duration::from_secs(1);
/// The time between two states of the line.
const STEP: Duration = Duration::from_millis(250);

/// The line on the terminal, around which everything else is written.
static SHOWN: Mutex<Option<ProgressBar>> = Mutex::new(None);

/// The line, which goes away when it is dropped.
struct Line(ProgressBar);

impl Line {
    fn new() -> Self {
        let bar = ProgressBar::new_spinner();
        if let Ok(mut shown) = SHOWN.lock() {
            *shown = Some(bar.clone());
        }
        Self(bar)
    }

    fn show(&self, text: String) {
        self.0.set_message(text);
        self.0.tick();
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.0.finish_and_clear();
        if let Ok(mut shown) = SHOWN.lock() {
            *shown = None;
        }
    }
}

/// Writes something to the terminal, without the line in its way.
pub(crate) fn hidden_while<T>(write: impl FnOnce() -> T) -> T {
    let shown = SHOWN.lock().ok().and_then(|shown| shown.clone());
    match shown {
        Some(bar) => bar.suspend(write),
        None => write(),
    }
}

/// Awaits the work, and shows the text after a second if people read standard error.
///
/// A signal ends the process, but the line goes away first.
pub(crate) async fn shown_while<T>(
    options: &Options,
    text: impl Fn(Duration) -> String,
    work: impl Future<Output = T>,
) -> T {
    let is_shown = output::is_for_people()
        && !options.quiet
        && options.verbose == 0
        && options.format != Format::Json;
    let mut work = pin!(work);
    let begun = Instant::now();
    if !is_shown {
        return work.await;
    }
    if let Ok(done) = tokio::time::timeout(PATIENCE, work.as_mut()).await {
        return done;
    }
    // Without handlers, a signal leaves the line where it is.
    let Ok(mut signals) = Signals::that_end() else { return work.await };
    let line = Line::new();
    loop {
        line.show(text(begun.elapsed()));
        tokio::select! {
            biased;
            done = &mut work => return done,
            signal = signals.next() => {
                drop(line);
                std::process::exit(signal.exit_code().into());
            }
            () = tokio::time::sleep(STEP) => {}
        }
    }
}

//! A log on standard error that never blocks: what nobody reads is dropped and counted.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Duration;

use crate::args::Format;
use crate::output;

/// The most bytes that wait to be written.
const MOST_QUEUED: usize = 256 * 1024;

/// How long the last lines may take at the end, if nobody reads them.
const PATIENCE: Duration = Duration::from_millis(300);

/// Lines for a thread that writes them.
pub(crate) struct Log {
    lines: Sender<String>,
    queue: Arc<Queue>,
    written: Receiver<()>,
}

#[derive(Default)]
struct Queue {
    bytes: AtomicUsize,
    dropped: AtomicU64,
}

impl Log {
    pub(crate) fn start(format: Format) -> Self {
        let (lines, received) = mpsc::channel::<String>();
        let (end, written) = mpsc::channel();
        let queue = Arc::new(Queue::default());
        let shared = Arc::clone(&queue);
        // Never joined: a write to a pipe that nobody reads has no end.
        thread::spawn(move || {
            for line in received {
                shared.report_dropped(format);
                output::note(&line);
                shared.bytes.fetch_sub(line.len(), Ordering::SeqCst);
            }
            shared.report_dropped(format);
            let _ = end.send(());
        });
        Self { lines, queue, written }
    }

    /// Writes a line soon, or drops it if too many wait.
    pub(crate) fn note(&self, line: impl fmt::Display) {
        if self.queue.bytes.load(Ordering::SeqCst) >= MOST_QUEUED {
            // Not even formatted.
            self.queue.dropped.fetch_add(1, Ordering::SeqCst);
            return;
        }
        let line = line.to_string();
        self.queue.bytes.fetch_add(line.len(), Ordering::SeqCst);
        // The thread ends after the last sender.
        let _ = self.lines.send(line);
    }

    /// Waits a moment for the lines that were not written yet.
    pub(crate) fn finish(self) {
        drop(self.lines);
        let _ = self.written.recv_timeout(PATIENCE);
    }
}

impl Queue {
    fn report_dropped(&self, format: Format) {
        let dropped = self.dropped.swap(0, Ordering::SeqCst);
        if dropped > 0 {
            let text = format!(
                "{dropped} requests are not shown, since standard error was not read in time"
            );
            match format {
                Format::Json => output::warning(format, "requests_dropped", &text),
                _ => output::note(format_args!("# {text}")),
            }
        }
    }
}

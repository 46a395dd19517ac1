//! Captures `tracing` at TRACE, `log` at TRACE, and panics.

use std::fmt::{self, Write as _};
use std::panic;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// A captured log record, span, event or panic.
#[derive(Clone, Debug)]
pub struct Entry {
    /// `tracing`, `log` or `panic`.
    pub sink: &'static str,
    /// The level, in capitals.
    pub level: String,
    /// The target, usually a module.
    pub target: String,
    /// Message and fields.
    pub text: String,
}

static CAPTURED: Mutex<Vec<Entry>> = Mutex::new(Vec::new());

fn captured() -> MutexGuard<'static, Vec<Entry>> {
    CAPTURED.lock().unwrap_or_else(PoisonError::into_inner)
}

fn add(sink: &'static str, level: impl fmt::Display, target: &str, text: String) {
    captured().push(Entry { sink, level: level.to_string(), target: target.to_owned(), text });
}

/// Takes everything that was captured since the last call.
#[must_use]
pub fn take() -> Vec<Entry> {
    std::mem::take(&mut captured())
}

/// Formats entries, one per line.
#[must_use]
pub fn transcript(entries: &[Entry]) -> String {
    let line =
        |Entry { sink, level, target, text }: &Entry| format!("{sink} {level} {target}: {text}\n");
    entries.iter().map(line).collect()
}

/// Captures `tracing` from now on, in the whole process.
///
/// # Errors
///
/// Fails if the process has a subscriber.
pub fn capture_tracing() -> Result<(), impl std::error::Error> {
    tracing::subscriber::set_global_default(Capture)
}

/// Captures `log` from now on, in the whole process.
///
/// # Errors
///
/// Fails if the process has a logger.
pub fn capture_log() -> Result<(), log::SetLoggerError> {
    log::set_logger(&Capture)?;
    log::set_max_level(log::LevelFilter::Trace);
    Ok(())
}

/// Captures the messages of panics, which are still printed.
pub fn capture_panics() {
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        add("panic", "ERROR", "panic", panic.to_string());
        before(panic);
    }));
}

/// Whether `tracing` forwards events to `log` without a subscriber. It does if a crate of this build
/// turns on its feature `log`. Call it before a subscriber is installed.
#[must_use]
pub fn tracing_forwards_to_log() -> bool {
    const MESSAGE: &str = "is this event forwarded?";
    tracing::error!("{MESSAGE}");
    let mut captured = captured();
    let before = captured.len();
    captured.retain(|entry| !(entry.sink == "log" && entry.text.contains(MESSAGE)));
    before != captured.len()
}

struct Capture;

struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing to a string cannot fail.
        let _ = write!(self.0, " {}={value:?}", field.name());
    }
}

impl Subscriber for Capture {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::TRACE)
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut fields = Fields(format!("span {}", span.metadata().name()));
        span.record(&mut fields);
        add("tracing", span.metadata().level(), span.metadata().target(), fields.0);
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        let mut fields = Fields("recorded".to_owned());
        values.record(&mut fields);
        add("tracing", "?", "?", fields.0);
    }

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields(String::new());
        event.record(&mut fields);
        add("tracing", event.metadata().level(), event.metadata().target(), fields.0);
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

impl log::Log for Capture {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        add("log", record.level(), record.target(), record.args().to_string());
    }

    fn flush(&self) {}
}

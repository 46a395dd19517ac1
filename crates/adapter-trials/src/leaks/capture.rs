//! Listens to `tracing` at TRACE, to `log` at TRACE, and to panics, and keeps every word.

use std::fmt::{self, Write as _};
use std::panic;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// Who said something, how loud, and what.
#[derive(Clone, Debug)]
pub struct Entry {
    /// `tracing`, `log` or `panic`.
    pub to: &'static str,
    /// The level, in capitals.
    pub level: String,
    /// The target: the module that speaks.
    pub target: String,
    /// Message and fields.
    pub text: String,
}

static HEARD: Mutex<Vec<Entry>> = Mutex::new(Vec::new());

fn heard() -> MutexGuard<'static, Vec<Entry>> {
    HEARD.lock().unwrap_or_else(PoisonError::into_inner)
}

fn hear(to: &'static str, level: impl fmt::Display, target: &str, text: String) {
    heard().push(Entry { to, level: level.to_string(), target: target.to_owned(), text });
}

/// Takes everything that was heard since it was taken last.
#[must_use]
pub fn take() -> Vec<Entry> {
    std::mem::take(&mut heard())
}

/// What was said, one line each.
#[must_use]
pub fn transcript(events: &[Entry]) -> String {
    let mut text = String::new();
    for Entry { to, level, target, text: words } in events {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{to} {level} {target}: {words}");
    }
    text
}

/// Listens to `tracing`, from now on and in the whole process.
///
/// # Errors
///
/// Where somebody else listens already.
pub fn listen_to_tracing() -> Result<(), impl std::error::Error> {
    tracing::subscriber::set_global_default(Ear)
}

/// Listens to `log`, from now on and in the whole process.
///
/// # Errors
///
/// Where somebody else listens already.
pub fn listen_to_log() -> Result<(), log::SetLoggerError> {
    log::set_logger(&Ear)?;
    log::set_max_level(log::LevelFilter::Trace);
    Ok(())
}

/// Keeps what panics say; they are shown as well.
pub fn listen_to_panics() {
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        hear("panic", "ERROR", "panic", panic.to_string());
        before(panic);
    }));
}

/// Whether `tracing` tells `log` what it is told while nobody has subscribed: whether a crate of
/// this build turns on its feature `log`. Asks only where nobody has subscribed.
#[must_use]
pub fn tracing_tells_log() -> bool {
    const WORDS: &str = "does this arrive?";
    tracing::error!("{WORDS}");
    let mut heard = heard();
    let before = heard.len();
    heard.retain(|saying| !(saying.to == "log" && saying.text.contains(WORDS)));
    before != heard.len()
}

struct Ear;

struct Words(String);

impl Visit for Words {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing to a string cannot fail.
        let _ = write!(self.0, " {}={value:?}", field.name());
    }
}

impl Subscriber for Ear {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::TRACE)
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut words = Words(format!("span {}", span.metadata().name()));
        span.record(&mut words);
        hear("tracing", span.metadata().level(), span.metadata().target(), words.0);
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        let mut words = Words("recorded".to_owned());
        values.record(&mut words);
        hear("tracing", "?", "?", words.0);
    }

    fn event(&self, event: &Event<'_>) {
        let mut words = Words(String::new());
        event.record(&mut words);
        hear("tracing", event.metadata().level(), event.metadata().target(), words.0);
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

impl log::Log for Ear {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        hear("log", record.level(), record.target(), record.args().to_string());
    }

    fn flush(&self) {}
}

//! A recorder of the `tracing` events and spans that this crate emits on a test's thread.

use std::fmt::{self, Write};
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::DefaultGuard;
use tracing::{Dispatch, Event, Metadata, Subscriber};

/// A guard: while it lives, the events of its thread are recorded.
pub(crate) struct Listening {
    _default: DefaultGuard,
    /// A second subscriber, so that other threads cannot disable an event here.
    ///
    /// With a single one, `tracing` asks the thread that reaches an event first whether it is enabled,
    /// and remembers that for all threads, even if that thread has no subscriber. With two it asks
    /// both.
    _spare: Dispatch,
}

/// A recorder of one line per span and event: level, enclosing span, fields.
#[derive(Clone, Default)]
pub(crate) struct Recorder(Arc<Mutex<Written>>);

#[derive(Default)]
struct Written {
    lines: Vec<String>,
    /// Names of all spans; an ID is an index in this list, from 1.
    spans: Vec<&'static str>,
    entered: Vec<&'static str>,
}

impl Recorder {
    /// Records until the guard is dropped.
    pub(crate) fn start() -> (Self, Listening) {
        let recorder = Self::default();
        let spare = Dispatch::new(recorder.clone());
        let default = tracing::subscriber::set_default(recorder.clone());
        (recorder, Listening { _default: default, _spare: spare })
    }

    /// Takes the lines recorded since the last call.
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap().lines)
    }
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        write!(self.0, " {field}={value:?}").unwrap();
    }
}

impl Subscriber for Recorder {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "easemob_token"
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let name = span.metadata().name();
        let mut line = Line(format!("{} span {name}", span.metadata().level()));
        span.record(&mut line);
        let mut written = self.0.lock().unwrap();
        written.lines.push(line.0);
        written.spans.push(name);
        Id::from_u64(written.spans.len() as u64)
    }

    fn event(&self, event: &Event<'_>) {
        let mut written = self.0.lock().unwrap();
        let within = written.entered.last().copied().unwrap_or("-");
        let mut line = Line(format!("{} {within}:", event.metadata().level()));
        event.record(&mut line);
        written.lines.push(line.0);
    }

    fn enter(&self, id: &Id) {
        let mut written = self.0.lock().unwrap();
        let place = usize::try_from(id.into_u64()).unwrap() - 1;
        let name = written.spans[place];
        written.entered.push(name);
    }

    fn exit(&self, _: &Id) {
        self.0.lock().unwrap().entered.pop();
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}
}

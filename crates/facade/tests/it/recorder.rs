//! Writes down what this crate tells `tracing` on the thread of a test, events and spans.

use std::fmt::{self, Write};
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::DefaultGuard;
use tracing::{Dispatch, Event, Metadata, Subscriber};

/// While this lives, what happens on its thread is written down.
pub(crate) struct Listening {
    _default: DefaultGuard,
    /// Where there is but one subscriber, `tracing` asks that of the thread which comes upon an
    /// event first, and remembers the answer for all: a test on another thread, which has none,
    /// would silence the event here. Of two it asks both.
    _spare: Dispatch,
}

/// One line a span and an event: level, the span that it is in, and the fields in their order.
#[derive(Clone, Default)]
pub(crate) struct Recorder(Arc<Mutex<Written>>);

#[derive(Default)]
struct Written {
    lines: Vec<String>,
    /// The names of all spans; an ID is a place in this list, from 1.
    spans: Vec<&'static str>,
    entered: Vec<&'static str>,
}

impl Recorder {
    /// Listens until the guard is dropped.
    pub(crate) fn start() -> (Self, Listening) {
        let recorder = Self::default();
        let spare = Dispatch::new(recorder.clone());
        let default = tracing::subscriber::set_default(recorder.clone());
        (recorder, Listening { _default: default, _spare: spare })
    }

    /// What was written since the last time.
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

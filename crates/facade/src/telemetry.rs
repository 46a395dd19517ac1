//! Events for the observer and for `tracing`, under stable names.

mod event;
mod warnings;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use easemob_token_core::GrantType;
use tracing::{Level, Span};

pub use self::event::{Event, Observer};
use self::warnings::Warnings;

/// Observer and warnings of a client and its clones.
#[derive(Default)]
pub(crate) struct Telemetry {
    observer: Option<Arc<dyn Observer>>,
    pub(crate) warnings: Warnings,
}

impl Telemetry {
    pub(crate) fn new(observer: Option<Arc<dyn Observer>>) -> Self {
        Self { observer, warnings: Warnings::default() }
    }

    /// The span of an acquisition.
    pub(crate) fn span(&self, grant: GrantType, refresh: bool) -> Span {
        tracing::debug_span!(
            target: "easemob_token",
            "acquire",
            grant = grant.as_str(),
            refresh,
        )
    }

    /// Reports a cache hit, to the observer only: hits are too frequent for `tracing`.
    pub(crate) fn hit(&self, grant: GrantType) {
        self.observe(&Event::Hit { grant });
    }

    pub(crate) fn emit(&self, event: &Event<'_>) {
        trace(event);
        self.observe(event);
    }

    /// Calls the observer. A panic is caught: waiters need the end of the acquisition, and the event
    /// may come from a destructor, where a panic would abort the process. No lock is held here.
    fn observe(&self, event: &Event<'_>) {
        if let Some(observer) = &self.observer {
            let _ = catch_unwind(AssertUnwindSafe(|| observer.observe(event)));
        }
    }
}

/// Emits an event of an acquisition under its stable name.
macro_rules! event {
    ($level:expr, $name:literal, $grant:expr, $($rest:tt)+) => {
        tracing::event!(
            target: "easemob_token",
            $level,
            event = $name,
            grant = $grant.as_str(),
            $($rest)+
        )
    };
}

/// Emits the failure of an acquisition; `tracing` needs a constant level at each call site.
macro_rules! failed {
    ($level:expr, $grant:expr, $error:expr, $usable:expr, $time:expr) => {
        event!(
            $level,
            "failed",
            $grant,
            attempts = $error.attempts(),
            kind = $error.kind().as_str(),
            status = $error.status(),
            usable = $usable,
            time_ms = millis($time),
            "no token: {}",
            $error,
        )
    };
}

fn trace(event: &Event<'_>) {
    match *event {
        Event::Hit { .. } => {}
        Event::Waited { grant, time } => {
            event!(Level::TRACE, "waited", grant, time_ms = millis(time), "waited for a token");
        }
        Event::Started { grant, refresh } => {
            event!(Level::DEBUG, "started", grant, refresh, "an acquisition started");
        }
        Event::Throttled { grant, time } => event!(
            Level::DEBUG,
            "throttled",
            grant,
            time_ms = millis(time),
            "a request was delayed to stay under the rate limit",
        ),
        Event::Sent { grant, attempt } => {
            event!(Level::DEBUG, "sent", grant, attempt, "sending a request");
        }
        Event::Retrying { grant, error, pause } => event!(
            Level::DEBUG,
            "retrying",
            grant,
            attempt = error.attempts(),
            kind = error.kind().as_str(),
            status = error.status(),
            pause_ms = millis(pause),
            "a request failed, retrying: {error}",
        ),
        Event::Succeeded { grant, generation, time } => event!(
            Level::DEBUG,
            "succeeded",
            grant,
            generation,
            time_ms = millis(time),
            "got a token",
        ),
        Event::Failed { grant, error, usable, time } if error.kind().concerns_operator() => {
            failed!(Level::WARN, grant, error, usable, time);
        }
        // An invalid user or argument is not the operator's concern.
        Event::Failed { grant, error, usable, time } => {
            failed!(Level::DEBUG, grant, error, usable, time);
        }
        Event::Invalidated { grant, generation } => {
            event!(
                Level::INFO,
                "invalidated",
                grant,
                generation,
                "a token was reported as refused"
            );
        }
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

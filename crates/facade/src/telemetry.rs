//! Where events go: to the observer, and to `tracing` under stable names.

mod event;
mod warnings;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use easemob_token_core::GrantType;
use tracing::Span;

pub use self::event::{Event, Observer};
use self::warnings::Warnings;
use crate::error::Error;

/// What a client and its clones tell, and to whom.
#[derive(Default)]
pub(crate) struct Telemetry {
    observer: Option<Arc<dyn Observer>>,
    pub(crate) warnings: Warnings,
}

impl Telemetry {
    pub(crate) fn new(observer: Option<Arc<dyn Observer>>) -> Self {
        Self { observer, warnings: Warnings::default() }
    }

    /// The span around an acquisition.
    pub(crate) fn span(&self, grant: GrantType, refresh: bool) -> Span {
        tracing::debug_span!(
            target: "easemob_token",
            "acquire",
            grant = grant.as_str(),
            refresh,
        )
    }

    /// A kept token was handed out: for the observer alone, since this happens all the time.
    pub(crate) fn hit(&self, grant: GrantType) {
        self.observe(&Event::Hit { grant });
    }

    pub(crate) fn emit(&self, event: &Event<'_>) {
        trace(event);
        self.observe(event);
    }

    /// An observer is told while locks are free, but in the middle of an acquisition, whose end
    /// others wait for, and of its destructor: a panic there would end the process.
    fn observe(&self, event: &Event<'_>) {
        if let Some(observer) = &self.observer {
            let _ = catch_unwind(AssertUnwindSafe(|| observer.observe(event)));
        }
    }
}

fn trace(event: &Event<'_>) {
    match *event {
        Event::Hit { .. } => {}
        Event::Waited { grant, time } => tracing::trace!(
            target: "easemob_token",
            event = "waited",
            grant = grant.as_str(),
            time_ms = millis(time),
            "waited for a token",
        ),
        Event::Started { grant, refresh } => tracing::debug!(
            target: "easemob_token",
            event = "started",
            grant = grant.as_str(),
            refresh,
            "an acquisition began",
        ),
        Event::Paced { grant, time } => tracing::debug!(
            target: "easemob_token",
            event = "paced",
            grant = grant.as_str(),
            time_ms = millis(time),
            "a request was held back to stay under the app key's limit",
        ),
        Event::Sent { grant, attempt } => tracing::debug!(
            target: "easemob_token",
            event = "sent",
            grant = grant.as_str(),
            attempt,
            "a request goes out",
        ),
        Event::Retrying { grant, error, pause } => tracing::debug!(
            target: "easemob_token",
            event = "retrying",
            grant = grant.as_str(),
            attempt = error.attempts(),
            kind = error.kind().as_str(),
            status = error.status(),
            pause_ms = millis(pause),
            "a request failed, another one follows: {error}",
        ),
        Event::Succeeded { grant, generation, time } => tracing::debug!(
            target: "easemob_token",
            event = "succeeded",
            grant = grant.as_str(),
            generation,
            time_ms = millis(time),
            "got a token",
        ),
        Event::Failed { grant, error, usable, time } => failed(grant, error, usable, time),
        Event::Invalidated { grant, generation } => tracing::info!(
            target: "easemob_token",
            event = "invalidated",
            grant = grant.as_str(),
            generation,
            "a token was reported as refused",
        ),
    }
}

fn failed(grant: GrantType, error: &Error, usable: bool, time: Duration) {
    macro_rules! event {
        ($level:expr) => {
            tracing::event!(
                target: "easemob_token",
                $level,
                event = "failed",
                grant = grant.as_str(),
                attempts = error.attempts(),
                kind = error.kind().as_str(),
                status = error.status(),
                usable,
                time_ms = millis(time),
                "no token: {error}",
            )
        };
    }
    if error.kind().concerns_operator() {
        event!(tracing::Level::WARN);
    } else {
        event!(tracing::Level::DEBUG);
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

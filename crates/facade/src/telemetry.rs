//! Events for the observer and for `tracing`, under stable names.

mod event;
mod outages;
mod warnings;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use easemob_token_core::{GrantType, Uptime};
use tracing::{Level, Span};

pub use self::event::{Event, Observer};
use self::outages::Outages;
use self::warnings::Warnings;
use crate::error::Error;

/// A failed acquisition: the fields of [`Event::Failed`].
pub(crate) struct Failure<'a> {
    pub(crate) grant: GrantType,
    pub(crate) error: &'a Error,
    pub(crate) usable: bool,
    pub(crate) time: Duration,
}

/// Emits an event of an acquisition.
macro_rules! event {
    ($level:expr, $event:expr, $($rest:tt)+) => {
        tracing::event!(
            target: "easemob_token",
            $level,
            event = $event.name(),
            grant = $event.grant().as_str(),
            $($rest)+
        )
    };
}

/// Emits the failure of an acquisition; `tracing` needs a constant level at each call site.
macro_rules! failed {
    ($level:expr, $event:expr, $host:expr, $failure:expr) => {
        event!(
            $level,
            $event,
            host = &*$host,
            attempts = $failure.error.attempts(),
            kind = $failure.error.kind().as_str(),
            status = $failure.error.status(),
            usable = $failure.usable,
            time_ms = millis($failure.time),
            "no token: {}",
            $failure.error.report(),
        )
    };
}

/// Observer and warnings of a client and its clones.
pub(crate) struct Telemetry {
    /// The service's host and port.
    host: Box<str>,
    observer: Option<Arc<dyn Observer>>,
    outages: Outages,
    #[cfg(feature = "fleet")]
    store_outage: outages::StoreOutage,
    pub(crate) warnings: Warnings,
}

impl Telemetry {
    pub(crate) fn new(host: &str, observer: Option<Arc<dyn Observer>>) -> Self {
        let (outages, warnings) = (Outages::new(), Warnings::default());
        Self {
            host: host.into(),
            observer,
            outages,
            #[cfg(feature = "fleet")]
            store_outage: Default::default(),
            warnings,
        }
    }

    /// The service's host and port, for errors and logs.
    pub(crate) fn host(&self) -> &str {
        &self.host
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
    #[inline]
    pub(crate) fn hit(&self, grant: GrantType) {
        self.observe(&Event::Hit { grant });
    }

    pub(crate) fn emit(&self, event: &Event<'_>) {
        trace(event);
        self.observe(event);
    }

    /// Reports the failure of an acquisition.
    ///
    /// `tracing` gets it at WARN if it is news for the operator. It is not if the cause is a user or
    /// an argument, if another acquisition reports it (`is_reported`), or during an outage that was
    /// warned about within a minute.
    pub(crate) fn failed(&self, failure: &Failure<'_>, is_reported: bool, now: Uptime) {
        let Failure { grant, error, usable, time } = *failure;
        let (event, kind) = (Event::Failed { grant, error, usable, time }, error.kind());
        if kind.concerns_operator() && !is_reported && self.outages.is_news(kind, now) {
            failed!(Level::WARN, event, self.host, failure);
        } else {
            failed!(Level::DEBUG, event, self.host, failure);
        }
        self.observe(&event);
    }

    /// Reports the failure of a store's operation.
    ///
    /// `tracing` gets it at ERROR the first time if the store refuses, and otherwise at WARN, once a
    /// minute; the others at DEBUG.
    #[cfg(feature = "fleet")]
    pub(crate) fn store_failed(&self, error: &easemob_token_store::StoreError, now: Uptime) {
        use easemob_token_store::StoreErrorKind::{Broken, Refused, Timeout, Unreachable};

        let grant = GrantType::ClientCredentials;
        let event = Event::StoreFailed { grant, error };
        let kind = match error.kind() {
            Unreachable => "unreachable",
            Timeout => "timeout",
            Refused => "refused",
            Broken => "broken",
        };
        let is_refusal = error.kind() == Refused;
        match self.store_outage.news(is_refusal, now) {
            Some(Level::ERROR) => event!(
                Level::ERROR,
                event,
                kind,
                "{error}; each process fetches its own token until somebody changes that",
            ),
            Some(_) => event!(Level::WARN, event, kind, "{error}; the token is fetched without it"),
            None => event!(Level::DEBUG, event, kind, "{error}"),
        }
        self.observe(&event);
    }

    /// Calls the observer. A panic is caught: waiters need the end of the acquisition, and the event
    /// may come from a destructor, where a panic would abort the process. No lock is held here.
    #[inline]
    fn observe(&self, event: &Event<'_>) {
        if let Some(observer) = &self.observer {
            let _ = catch_unwind(AssertUnwindSafe(|| observer.observe(event)));
        }
    }
}

fn trace(event: &Event<'_>) {
    match *event {
        // `Telemetry::failed` decides on the level of a failure.
        Event::Hit { .. } | Event::Failed { .. } => {}
        #[cfg(feature = "fleet")]
        Event::StoreFailed { .. } => {}
        #[cfg(feature = "fleet")]
        Event::Adopted { age, .. } => event!(
            Level::DEBUG,
            event,
            age_ms = millis(age),
            "took a token of another process from the store",
        ),
        #[cfg(feature = "fleet")]
        Event::LeaseWaited { time, .. } => {
            event!(
                Level::DEBUG,
                event,
                time_ms = millis(time),
                "another process fetches the token"
            );
        }
        Event::Waited { time, .. } => {
            event!(Level::TRACE, event, time_ms = millis(time), "waited for a token");
        }
        Event::Started { refresh, .. } => {
            event!(Level::DEBUG, event, refresh, "an acquisition started");
        }
        Event::Throttled { time, .. } => event!(
            Level::DEBUG,
            event,
            time_ms = millis(time),
            "a request was delayed to stay under the rate limit",
        ),
        Event::Sent { attempt, .. } => event!(Level::DEBUG, event, attempt, "sending a request"),
        Event::Retrying { error, pause, .. } => event!(
            Level::DEBUG,
            event,
            attempt = error.attempts(),
            kind = error.kind().as_str(),
            status = error.status(),
            pause_ms = millis(pause),
            "a request failed, retrying: {}",
            error.report(),
        ),
        Event::Succeeded { generation, time, .. } => {
            event!(Level::DEBUG, event, generation, time_ms = millis(time), "got a token");
        }
        Event::Invalidated { generation, .. } => {
            event!(Level::INFO, event, generation, "a token was reported as refused");
        }
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

//! How often failures are warned about: once at the start of an outage, then once a minute.

use std::sync::PoisonError;
use std::time::Duration;

use easemob_token_core::{ErrorCategory, Uptime};

use crate::ErrorKind;
use crate::sync::Mutex;

/// Interval between two warnings about one kind of failure.
const INTERVAL: Duration = Duration::from_secs(60);

/// Times of the last warning about each kind of failure.
#[derive(Debug)]
pub(super) struct Outages(Mutex<Vec<(ErrorKind, Uptime)>>);

impl Outages {
    pub(super) fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    /// Whether to warn about a failure of this kind now; if so, it counts as warned about.
    pub(super) fn is_news(&self, kind: ErrorKind, now: Uptime) -> bool {
        // An unreachable service fails in several ways: closed ports, timeouts, 503.
        let is_unavailable = kind.category() == ErrorCategory::Unavailable;
        let kind = if is_unavailable { ErrorKind::Connect } else { kind };
        let mut warned = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match warned.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, last)) if now.since(*last) < INTERVAL => return false,
            Some((_, last)) => *last = now,
            None => warned.push((kind, now)),
        }
        true
    }
}

/// When the store's failures were logged last: as an error once, as a warning once a minute.
#[cfg(feature = "fleet")]
#[derive(Debug, Default)]
pub(super) struct StoreOutage(Mutex<StoreOutageState>);

#[cfg(feature = "fleet")]
#[derive(Debug, Default)]
struct StoreOutageState {
    was_refused: bool,
    warned: Option<Uptime>,
}

#[cfg(feature = "fleet")]
impl StoreOutage {
    /// The level of a failure at `now`; `None` if the operator has been told.
    pub(super) fn news(&self, is_refusal: bool, now: Uptime) -> Option<tracing::Level> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_first_refusal = is_refusal && !std::mem::replace(&mut state.was_refused, true);
        let is_due = state.warned.is_none_or(|last| now.since(last) >= INTERVAL);
        if !is_due && !is_first_refusal {
            return None;
        }
        state.warned = Some(now);
        Some(if is_first_refusal { tracing::Level::ERROR } else { tracing::Level::WARN })
    }
}

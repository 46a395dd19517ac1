//! Warnings for the operator, each emitted once, as `tracing` events of level WARN.
//!
//! Target `easemob_token`; the field `event` is stable, and no field holds a secret or a token.

use std::sync::atomic::{AtomicBool, Ordering};

use easemob_token_core::{IssuedToken, Lifetime};

/// Flags of the warnings that a client and its clones have emitted.
#[derive(Debug, Default)]
pub(crate) struct Warnings {
    unit: AtomicBool,
    unknown_lifetime: AtomicBool,
    #[cfg(feature = "dynamic")]
    long_dynamic_ttl: AtomicBool,
}

impl Warnings {
    /// Warns once if the service does not report a lifetime, and once if a ttl unit seems wrong.
    pub(crate) fn received(&self, token: &impl IssuedToken) {
        if token.lifetime() == Lifetime::Unknown
            && !self.unknown_lifetime.swap(true, Ordering::Relaxed)
        {
            tracing::warn!(
                target: "easemob_token",
                event = "unknown_lifetime",
                "the service does not report how long a token lives: it is cached for a minute, or \
                 as long as the token itself says, at most an hour",
            );
        }
        let Some(mismatch) = token.unit_mismatch() else { return };
        if self.unit.swap(true, Ordering::Relaxed) {
            return;
        }
        let seconds = |time: Option<std::time::Duration>| time.map(|time| time.as_secs_f64());
        tracing::warn!(
            target: "easemob_token",
            event = "ttl_unit_mismatch",
            setting = "ttl_units",
            set = %mismatch.set(),
            suggested = %mismatch.suggested(),
            alternative = mismatch.alternative().map(tracing::field::display),
            asked_seconds = seconds(mismatch.requested()),
            answered_seconds = seconds(mismatch.reported()),
            in_token_seconds = seconds(mismatch.in_token()),
            "{mismatch} (ClientBuilder::ttl_units)",
        );
    }

    /// Warns once if a dynamic token lives long.
    #[cfg(feature = "dynamic")]
    pub(crate) fn made(&self, token: &easemob_token_core::dynamic::DynamicToken) {
        if !token.is_long_lived() || self.long_dynamic_ttl.swap(true, Ordering::Relaxed) {
            return;
        }
        tracing::warn!(
            target: "easemob_token",
            event = "long_dynamic_ttl",
            ttl_seconds = token.ttl().as_secs(),
            "a dynamic token lives longer than a day: no way to revoke it is documented, and a new \
             one costs no request",
        );
    }
}

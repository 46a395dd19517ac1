//! What a process does while the store is away.

use std::num::NonZeroU32;
use std::time::Duration;

use super::step::RateStep;
use super::{Clock, FleetRate, LEAST_PAUSE, SECOND};
use crate::policy::{RateLimiter, Uptime};

/// So many failures in a row let a process go on without the store.
const FAILURES: u32 = 3;
/// The longest pause after a failure.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

impl FleetRate {
    /// Pauses after a failure, and goes on without the store if it lasts.
    pub(super) fn failed(&mut self, end: Uptime, is_unknown: bool, step: &RateStep) {
        if !(is_unknown && matches!(step, RateStep::Swap { .. })) {
            self.plan = None;
        }
        self.is_fresh = false;
        if matches!(step, RateStep::SwapClock { .. }) {
            self.clock = Clock::Unknown;
        }
        self.failures = self.failures.saturating_add(1);
        let pause = LEAST_PAUSE.saturating_mul(2_u32.saturating_pow(self.failures));
        self.wait_until = end.after(pause.min(LONGEST_PAUSE));
        if !is_unknown || self.failures >= FAILURES || self.members.is_none() {
            self.go_alone(end);
        }
    }

    /// Goes on without the store: with this process's share of the limit, by what it saw last.
    pub(super) fn go_alone(&mut self, now: Uptime) {
        self.wait_until = self.wait_until.max(now.after(SECOND));
        if self.alone.is_some() {
            return;
        }
        // Others may go on with the store: what was booked would come on top of the shares.
        self.clear();
        let members = self.members.map_or(1, NonZeroU32::get);
        let share = NonZeroU32::new(self.limit.get() / members).unwrap_or(NonZeroU32::MIN);
        let burst = NonZeroU32::new(share.get() / 10).unwrap_or(NonZeroU32::MIN);
        let mut alone = RateLimiter::new(share, SECOND, burst);
        let sent = self.sent.iter().rev().filter(|sent| sent.after(SECOND) > now);
        let lately = sent.take(usize::try_from(share.get()).unwrap_or(usize::MAX)).count();
        for _ in 0..lately {
            alone.take(now);
        }
        self.alone = Some(alone);
    }
}

//! The place of one kept token: who may fetch it, who waits, who simply uses it.

use std::collections::VecDeque;
use std::time::Duration;

use super::{Freshness, Jitter, Moment};
use crate::response::{ResponseError, ResponseErrorKind};
use crate::token::Lifetime;

/// What a caller who wants the token does now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Decision {
    /// Take the kept token.
    Use,
    /// Take the kept token, and start the acquisition that replaces it. Only one caller is told.
    UseAndRefresh,
    /// Start the acquisition and wait for it. Only one caller is told.
    Fetch,
    /// Wait for the acquisition that is under way.
    Join,
    /// The last acquisition failed: ask again at this time on the monotonic clock, or take its
    /// error.
    WaitUntil(Duration),
}

/// The bookkeeping of one token for many callers, without the token, a clock or a lock.
///
/// Ask [`decide`](Self::decide) for each caller; whoever is told `Fetch` or `UseAndRefresh` starts
/// one acquisition and reports its end by [`succeeded`](Self::succeeded) or
/// [`failed`](Self::failed). Guarantees: at most one acquisition is under way; a failure never
/// removes, shortens or delays a token that is still good; generations only grow; and, where each
/// request is reported by [`sent`](Self::sent), no more than ten go out in any minute, however
/// often tokens are refused or callers ask.
#[derive(Clone, Debug, Default)]
pub struct Slot {
    generation: u64,
    kept: Option<Freshness>,
    under_way: bool,
    failures: u32,
    not_before: Option<Moment>,
    pause: Duration,
    sent: VecDeque<Moment>,
}

/// The most requests in one minute.
const MOST_A_MINUTE: usize = 10;
/// The most requests of one acquisition, which must find room in the minute before it starts.
const MOST_AN_ACQUISITION: usize = 3;
const MINUTE: Duration = Duration::from_secs(60);

/// How long refused credentials and a missing application are remembered.
const REFUSED_PAUSE: Duration = Duration::from_secs(60);
/// The longest pause while a token is usable, and while none is.
const LONGEST_WITH_TOKEN: Duration = Duration::from_secs(60);
const LONGEST_WITHOUT: Duration = Duration::from_secs(10);

impl Slot {
    /// A slot without a token.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The number of the kept token; each success is one higher than all before it.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Whether an acquisition is under way.
    #[must_use]
    pub fn is_under_way(&self) -> bool {
        self.under_way
    }

    /// What a caller does at `now`. After `Fetch` or `UseAndRefresh` an acquisition is under way.
    pub fn decide(&mut self, now: Moment) -> Decision {
        let usable = self.kept.filter(|kept| kept.is_usable(now));
        let after_failure =
            self.not_before.map(|start| self.pause.saturating_sub(now.since(start)));
        let rest = after_failure.unwrap_or_default().max(self.rest_of_the_minute(now));
        let resting = Some(rest).filter(|rest| !rest.is_zero());
        match (usable, self.under_way, resting) {
            (Some(kept), false, None) if kept.is_due(now) => {
                self.under_way = true;
                Decision::UseAndRefresh
            }
            (Some(_), ..) => Decision::Use,
            (None, true, _) => Decision::Join,
            (None, false, Some(rest)) => Decision::WaitUntil(now.uptime.saturating_add(rest)),
            (None, false, None) => {
                self.under_way = true;
                Decision::Fetch
            }
        }
    }

    /// A request of the acquisition under way goes out at `now`.
    pub fn sent(&mut self, now: Moment) {
        if self.sent.len() == MOST_A_MINUTE {
            self.sent.pop_front();
        }
        self.sent.push_back(now);
    }

    /// How long until one more acquisition fits into the minute.
    fn rest_of_the_minute(&self, now: Moment) -> Duration {
        // The request that must be a minute old before three more make no eleventh.
        let room = MOST_A_MINUTE - MOST_AN_ACQUISITION;
        let index = self.sent.len().checked_sub(room + 1);
        let oldest = index.and_then(|index| self.sent.get(index));
        oldest.map_or(Duration::ZERO, |&sent| MINUTE.saturating_sub(now.since(sent)))
    }

    /// The acquisition brought a token, received at `received`. Answers its generation. A token of
    /// unknown lifetime counts as a generation and is not kept.
    pub fn succeeded(&mut self, lifetime: Lifetime, received: Moment, jitter: Jitter) -> u64 {
        self.under_way = false;
        self.failures = 0;
        self.not_before = None;
        self.generation += 1;
        self.kept = Freshness::new(lifetime, received, jitter);
        self.generation
    }

    /// The acquisition failed, at `now`: with a response, or without one (`None`).
    pub fn failed(&mut self, response: Option<&ResponseError>, now: Moment, jitter: Jitter) {
        self.under_way = false;
        self.failures = self.failures.saturating_add(1);
        self.not_before = Some(now);
        let longest = match self.kept {
            Some(kept) if kept.is_usable(now) => LONGEST_WITH_TOKEN,
            _ => LONGEST_WITHOUT,
        };
        let doublings = (self.failures - 1).min(16);
        let most = Duration::from_secs(1).saturating_mul(1 << doublings).min(longest);
        let backoff = jitter.between(Duration::ZERO, most).max(Duration::from_secs(1));
        self.pause = match response {
            Some(error) => match error.kind() {
                ResponseErrorKind::ServerError | ResponseErrorKind::Malformed => {
                    error.retry_after().unwrap_or(backoff)
                }
                // 429 without a wish of its own, and every refusal that asking again cannot mend.
                _ => error.retry_after().unwrap_or(REFUSED_PAUSE),
            },
            None => backoff,
        };
    }

    /// The token of this generation was refused by the service. Answers whether that was news: a
    /// report about an older token is ignored, and so is a second one about the same.
    pub fn invalidate(&mut self, generation: u64) -> bool {
        let news = generation == self.generation && self.kept.is_some();
        if news {
            self.kept = None;
        }
        news
    }
}

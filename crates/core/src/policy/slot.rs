//! The place of one kept token: who may fetch it, who waits, who simply uses it.

use std::num::NonZeroU32;
use std::time::Duration;

use super::{Freshness, Jitter, Moment, Pacer};
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
    /// The last acquisition failed, or too many requests went out: ask again at this time on the
    /// monotonic clock, or take the last error.
    WaitUntil(Duration),
}

/// The bookkeeping of one token for many callers, without the token, a clock or a lock.
///
/// Ask [`decide`](Self::decide) for each caller; whoever is told `Fetch` or `UseAndRefresh` starts
/// one acquisition of at most [`allowance`](Self::allowance) requests, tells of each by
/// [`sent`](Self::sent), and reports its end by [`succeeded`](Self::succeeded) or
/// [`failed`](Self::failed). Guarantees, where that is done:
///
/// - at most one acquisition is under way;
/// - a failure, and a token of unknown lifetime, never removes, shortens or delays a token that is
///   still good;
/// - generations only grow;
/// - no more than ten requests go out in any minute, however often tokens are refused or callers
///   ask, and while the service is away a request goes out at least every ten seconds that
///   somebody asks in vain, so that errors end soon after it is back;
/// - while a token is good, requests in vain become one a minute.
#[derive(Clone, Debug)]
pub struct Slot {
    generation: u64,
    kept: Option<(u64, Freshness)>,
    under_way: bool,
    failures: u32,
    rest: Option<Rest>,
    last_sent: Option<Moment>,
    pacer: Pacer,
}

/// From when, and for how long, nothing is sent.
#[derive(Clone, Copy, Debug)]
struct Rest {
    start: Moment,
    while_usable: Duration,
    /// A token may come to its end in the middle of a rest.
    without: Duration,
}

impl Rest {
    /// One that the service asked for, or that a refusal asks for.
    fn fixed(start: Moment, pause: Duration) -> Self {
        Self { start, while_usable: pause, without: pause }
    }
}

const MINUTE: Duration = Duration::from_secs(60);
/// The most requests in one minute, and how many of them at once. What is left is one each ten
/// seconds.
const A_MINUTE: NonZeroU32 = NonZeroU32::new(10).unwrap();
const AT_ONCE: NonZeroU32 = NonZeroU32::new(4).unwrap();

/// How long refused credentials and a missing application are remembered.
const REFUSED_PAUSE: Duration = Duration::from_secs(60);
/// The longest pause while a token is usable, and while none is.
const LONGEST_WITH_TOKEN: Duration = Duration::from_secs(60);
const LONGEST_WITHOUT: Duration = Duration::from_secs(10);
/// The first pause of a backoff, and the least.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

impl Default for Slot {
    fn default() -> Self {
        Self {
            generation: 0,
            kept: None,
            under_way: false,
            failures: 0,
            rest: None,
            last_sent: None,
            pacer: Pacer::new(A_MINUTE, MINUTE, AT_ONCE),
        }
    }
}

impl Slot {
    /// A slot without a token.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The number of the last token; each success is one higher than all before it.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Whether an acquisition is under way.
    #[must_use]
    pub fn is_under_way(&self) -> bool {
        self.under_way
    }

    /// Whether a token is kept that may be handed out at `now`.
    #[must_use]
    pub fn is_usable(&self, now: Moment) -> bool {
        self.kept.is_some_and(|(_, kept)| kept.is_usable(now))
    }

    /// What a caller does at `now`. After `Fetch` or `UseAndRefresh` an acquisition is under way.
    pub fn decide(&mut self, now: Moment) -> Decision {
        let usable = self.kept.filter(|(_, kept)| kept.is_usable(now));
        let resting = Some(self.rest(now, usable.is_some())).filter(|rest| !rest.is_zero());
        match (usable, self.under_way, resting) {
            (Some((_, kept)), false, None) if kept.is_due(now) => {
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

    /// How long nothing is sent.
    fn rest(&self, now: Moment, usable: bool) -> Duration {
        let rest = self.rest.map(|rest| {
            let pause = if usable { rest.while_usable } else { rest.without };
            pause.saturating_sub(now.since(rest.start))
        });
        let paced = self.pacer.next(now.uptime).saturating_sub(now.uptime);
        rest.unwrap_or_default().max(paced)
    }

    /// The most requests that the acquisition which starts at `now` may send: one while a token
    /// is usable, since nobody waits and the next one comes anyway; otherwise what the minute has
    /// room for. At least one.
    #[must_use]
    pub fn allowance(&self, now: Moment) -> u32 {
        if self.is_usable(now) { 1 } else { self.pacer.free(now.uptime).max(1) }
    }

    /// A request of the acquisition under way goes out at `now`.
    pub fn sent(&mut self, now: Moment) {
        self.last_sent = Some(now);
        // It goes out in any case; whoever keeps to the allowance finds a place free.
        let _ = self.pacer.reserve(now.uptime, Duration::MAX);
    }

    /// The acquisition brought a token, received at `received`. Answers its generation.
    ///
    /// A token of unknown lifetime counts as a generation and is not kept. Where one that is still
    /// good is kept, that one stays, and the next acquisition waits for a minute.
    pub fn succeeded(&mut self, lifetime: Lifetime, received: Moment, jitter: Jitter) -> u64 {
        self.under_way = false;
        self.failures = 0;
        self.generation += 1;
        let fresh = Freshness::new(lifetime, received, jitter);
        let stays = fresh.is_none() && self.is_usable(received);
        self.rest = stays.then_some(Rest {
            start: received,
            while_usable: MINUTE,
            without: Duration::ZERO,
        });
        if !stays {
            self.kept = fresh.map(|fresh| (self.generation, fresh));
        }
        self.generation
    }

    /// The acquisition failed, at `now`: with a response, or without one (`None`).
    pub fn failed(&mut self, response: Option<&ResponseError>, now: Moment, jitter: Jitter) {
        self.under_way = false;
        self.failures = self.failures.saturating_add(1);
        self.rest = Some(self.rest_after(response, now, jitter));
    }

    fn rest_after(&self, response: Option<&ResponseError>, now: Moment, jitter: Jitter) -> Rest {
        if let Some(error) = response {
            let least = Some(REFUSED_PAUSE).filter(|_| !may_change_soon(error.kind()));
            if let Some(pause) = error.retry_after().or(least) {
                return Rest::fixed(now, pause);
            }
        }
        let doublings = (self.failures - 1).min(16);
        let most = FIRST_PAUSE.saturating_mul(1 << doublings);
        let backoff =
            |longest: Duration| jitter.between(Duration::ZERO, most.min(longest)).max(FIRST_PAUSE);
        let while_usable = if most < LONGEST_WITH_TOKEN {
            backoff(LONGEST_WITH_TOKEN)
        } else {
            // By now the instances of a fleet are scattered; what counts is one request a minute.
            LONGEST_WITH_TOKEN
        };
        // From request to request: one that hung for long has waited already.
        let waited = self.last_sent.map_or(Duration::ZERO, |sent| now.since(sent));
        Rest {
            start: now,
            while_usable: while_usable.saturating_sub(waited),
            without: backoff(LONGEST_WITHOUT).saturating_sub(waited),
        }
    }

    /// The token of this generation was refused by the service. Answers whether that was news: a
    /// report about an older token is ignored, and so is a second one about the same.
    pub fn invalidate(&mut self, generation: u64) -> bool {
        self.kept.take_if(|(kept, _)| *kept == generation).is_some()
    }
}

/// Whether asking again soon may bring something else: the trouble passes, or somebody registers or
/// unbans the user. Everything else, such as refused credentials or a 429 without a wish of its own,
/// is remembered for a while.
fn may_change_soon(kind: ResponseErrorKind) -> bool {
    use ResponseErrorKind as Kind;

    matches!(
        kind,
        Kind::ServerError
            | Kind::Malformed
            | Kind::Conflict
            | Kind::UserNotFound
            | Kind::UserDeactivated
            | Kind::InvalidUsername
    )
}

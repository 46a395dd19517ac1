//! The time in which the service is healthy, with noise and two revocations only.

use std::time::Duration;

use super::Call;

/// How long a revocation may have an effect: until then, another app token is in use.
pub(crate) const REPLACED_WITHIN: Duration = Duration::from_secs(10);

/// Requests for app tokens that noise may cause immediately; after them it is one per minute.
const AT_ONCE: usize = 2;
const MINUTE: Duration = Duration::from_secs(60);
/// Requests that are sent a minute apart may arrive a little closer.
const EARLY: Duration = Duration::from_secs(1);

/// The events of one client in that time.
#[derive(Debug, Default)]
pub(crate) struct Healthy {
    started: Option<Duration>,
    ended: Option<Duration>,
    revocations: Vec<Revocation>,
    /// The longest call that succeeded.
    pub(crate) longest: Duration,
    /// Calls that failed between a revocation and its replacement.
    pub(crate) excused: u64,
}

#[derive(Clone, Copy, Debug)]
struct Revocation {
    at: Duration,
    /// The first success with an app token that was issued later.
    replaced: Option<Duration>,
}

/// Requests for app tokens, and how many are allowed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Requests {
    pub(crate) sent: usize,
    pub(crate) allowed: usize,
    /// The most by which any stretch of the time exceeds what is allowed in it.
    pub(crate) excess: usize,
}

impl Healthy {
    /// The service is healthy from now on.
    pub(crate) fn begin(&mut self, now: Duration) {
        self.started = Some(now);
    }

    pub(crate) fn has_begun(&self) -> bool {
        self.started.is_some()
    }

    pub(crate) fn end(&mut self, now: Duration) {
        self.ended = Some(now);
    }

    /// All app tokens are revoked now.
    pub(crate) fn revoke(&mut self, now: Duration) {
        self.revocations.push(Revocation { at: now, replaced: None });
    }

    /// The service accepted an app token that was issued at `made`.
    pub(super) fn accepted(&mut self, made: Option<Duration>, at: Duration) {
        for revocation in &mut self.revocations {
            if made.is_some_and(|made| made > revocation.at) {
                revocation.replaced.get_or_insert(at);
            }
        }
    }

    /// A call for a user token succeeded.
    pub(super) fn succeeded(&mut self, call: Call) {
        if self.contains(call) {
            self.longest = self.longest.max(call.took());
        }
    }

    /// Whether a failed call is excused: the app token was revoked and not yet replaced during a part
    /// of it.
    pub(super) fn excuses(&mut self, call: Call) -> bool {
        let is_excused = self.revocations.iter().any(|revocation| {
            let latest = revocation.at + REPLACED_WITHIN;
            let replaced = revocation.replaced.unwrap_or(latest).min(latest);
            revocation.at <= call.end && call.start <= replaced
        });
        self.excused += u64::from(is_excused);
        is_excused
    }

    /// Whether the service was healthy from the start to the end of this call.
    pub(super) fn contains(&self, call: Call) -> bool {
        self.started.is_some_and(|started| started <= call.start)
            && self.ended.is_none_or(|ended| call.end <= ended)
    }

    /// From each revocation to the first success with a new token; `None` if there was none.
    pub(crate) fn replacements(&self) -> Vec<Option<Duration>> {
        let took = |it: &Revocation| it.replaced.map(|replaced| replaced.saturating_sub(it.at));
        self.revocations.iter().map(took).collect()
    }

    /// Counts the requests for app tokens in this time, and how many are allowed.
    pub(crate) fn requests(&self, arrivals: &[Duration]) -> Requests {
        let (Some(started), Some(ended)) = (self.started, self.ended) else {
            return Requests::default();
        };
        let mut arrivals: Vec<_> =
            arrivals.iter().copied().filter(|at| (started..=ended).contains(at)).collect();
        arrivals.sort_unstable();
        let excess = |first: usize, last: usize| {
            let allowed = self.allowed(arrivals[first], arrivals[last]);
            (last + 1 - first).saturating_sub(allowed)
        };
        let firsts = 0..arrivals.len();
        let stretches =
            firsts.flat_map(|first| (first..arrivals.len()).map(move |last| (first, last)));
        Requests {
            sent: arrivals.len(),
            allowed: self.allowed(started, ended),
            excess: stretches.map(|(first, last)| excess(first, last)).max().unwrap_or_default(),
        }
    }

    /// How many are allowed between two times.
    fn allowed(&self, from: Duration, to: Duration) -> usize {
        let time = to.saturating_sub(from) + EARLY;
        let minutes = usize::try_from(time.as_secs() / MINUTE.as_secs()).unwrap_or(usize::MAX);
        let revocations =
            self.revocations.iter().filter(|it| it.at + REPLACED_WITHIN >= from && it.at <= to);
        minutes.saturating_add(AT_ONCE).saturating_add(revocations.count())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(1_000_000 + seconds)
    }

    fn call(start: u64, end: u64) -> Call {
        Call { start: at(start), end: at(end) }
    }

    /// From 0 to 240, with revocations at 15 and 45.
    fn healthy() -> Healthy {
        let mut healthy = Healthy::default();
        healthy.begin(at(0));
        healthy.revoke(at(15));
        healthy.revoke(at(45));
        healthy.end(at(240));
        healthy
    }

    fn excess(seconds: &[u64]) -> usize {
        let arrivals: Vec<_> = seconds.iter().map(|&seconds| at(seconds)).collect();
        healthy().requests(&arrivals).excess
    }

    #[test]
    fn noise_costs_two_requests_and_one_a_minute_and_a_revocation_one_each() {
        // Two at once, the revocations, and one a minute.
        assert_eq!(excess(&[0, 1, 16, 46, 60, 120, 180, 240]), 0);
        assert_eq!(excess(&[0, 1, 2]), 1, "no revocation yet");
        assert_eq!(excess(&[100, 110, 120]), 1, "the revocations are long past");
        assert_eq!(excess(&[100, 110, 160, 170, 171]), 2);
        let requests = healthy().requests(&[at(3), at(300)]);
        assert_eq!(requests, Requests { sent: 1, allowed: 8, excess: 0 });
    }

    #[test]
    fn a_revocation_is_replaced_when_the_service_accepts_a_token_that_was_made_later() {
        let mut healthy = healthy();
        healthy.accepted(Some(at(14)), at(16));
        healthy.accepted(None, at(16));
        assert_eq!(healthy.replacements(), [None, None]);
        healthy.accepted(Some(at(17)), at(18));
        healthy.accepted(Some(at(17)), at(19));
        assert_eq!(healthy.replacements(), [Some(Duration::from_secs(3)), None]);
        healthy.accepted(Some(at(46)), at(47));
        assert_eq!(healthy.replacements()[1], Some(Duration::from_secs(2)));
    }

    #[test]
    fn only_the_time_without_a_usable_token_excuses_a_failure() {
        let mut healthy = healthy();
        healthy.accepted(Some(at(16)), at(18));
        assert!(!healthy.excuses(call(12, 14)));
        assert!(healthy.excuses(call(14, 16)));
        assert!(healthy.excuses(call(18, 19)));
        assert!(!healthy.excuses(call(19, 20)));
        // The second one was never replaced.
        assert!(healthy.excuses(call(55, 56)));
        assert!(!healthy.excuses(call(56, 57)));
        assert_eq!(healthy.excused, 3);
    }

    #[test]
    fn the_longest_call_in_this_time_counts() {
        let mut healthy = healthy();
        healthy.succeeded(call(1, 3));
        healthy.succeeded(call(5, 6));
        healthy.succeeded(call(230, 250));
        assert_eq!(healthy.longest, Duration::from_secs(2));
    }
}

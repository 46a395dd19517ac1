//! Evidence of whether the service still accepts a token: refused and accepted requests.

use std::num::NonZeroU32;
use std::time::Duration;

use super::{RateLimiter, Uptime};
use crate::token::UserId;

/// Limit on replacements that one reporter causes: two at once, then one a minute.
const PERIOD: Duration = Duration::from_secs(60);
const IN_A_PERIOD: NonZeroU32 = NonZeroU32::new(3).unwrap();
const AT_ONCE: NonZeroU32 = NonZeroU32::new(2).unwrap();

/// A 401 for a request that carried the token.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// The time at which the refused request was sent; the present if that is unknown.
    pub sent: Uptime,
    /// The user whose token was requested, if the token endpoint refused; `None` for any other
    /// endpoint.
    pub user: Option<UserId>,
}

/// Strength of the evidence that a refusal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Strength {
    /// Nothing: the service accepted the token in a later request.
    Disproved,
    /// Little: it may be about one endpoint or one user.
    Single,
    /// More: the token endpoint refused the token for two users in a row. It never accepted this token,
    /// so it may refuse all of them.
    Repeated,
    /// Much: the token endpoint accepted the token, and then refused it for two users in a row.
    Confirmed,
}

#[derive(Clone, Debug)]
pub(super) struct Evidence {
    /// The time of the latest refused request, unless a later one was accepted.
    refused: Option<Uptime>,
    /// The user for whom the token endpoint refused the token first.
    user: Option<UserId>,
    /// The time of the latest accepted request.
    accepted: Option<Uptime>,
    /// The service issued the refused token once more, so another request would gain nothing.
    unchanged: bool,
    budget: RateLimiter,
}

impl Evidence {
    pub(super) fn new() -> Self {
        let budget = RateLimiter::new(IN_A_PERIOD, PERIOD, AT_ONCE);
        Self { refused: None, user: None, accepted: None, unchanged: false, budget }
    }

    pub(super) fn refused(&mut self, refusal: &Refusal) -> Strength {
        if self.accepted.is_some_and(|accepted| accepted > refusal.sent) {
            return Strength::Disproved;
        }
        self.refused = self.refused.max(Some(refusal.sent));
        match (&self.user, &refusal.user) {
            (Some(first), Some(user)) if !self.unchanged && first != user => {
                if self.accepted.is_some() { Strength::Confirmed } else { Strength::Repeated }
            }
            (None, Some(user)) => {
                self.user = Some(user.clone());
                Strength::Single
            }
            _ => Strength::Single,
        }
    }

    /// Records that the service accepted the token in a request sent at this time. Returns whether that
    /// clears a refusal.
    pub(super) fn accepted(&mut self, sent: Uptime) -> bool {
        self.accepted = self.accepted.max(Some(sent));
        let is_cleared = self.refused.is_some_and(|refused| sent > refused);
        if is_cleared {
            (self.refused, self.user) = (None, None);
        }
        is_cleared
    }

    /// Whether it is as good as new: no report, and the whole budget.
    pub(super) fn is_blank(&self, now: Uptime) -> bool {
        let is_new = self.refused.is_none() && self.accepted.is_none() && !self.unchanged;
        is_new && self.budget.taken() <= now
    }

    /// Takes one replacement from the budget of a single reporter.
    pub(super) fn try_spend(&mut self, now: Uptime) -> bool {
        self.budget.try_take(now)
    }

    /// Starts anew with another token, or with the same one once more.
    pub(super) fn renewed(&mut self, unchanged: bool) {
        let budget = self.budget.clone();
        *self = Self { unchanged, budget, ..Self::new() };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Uptime {
        Uptime::from_origin(Duration::from_secs(seconds))
    }

    fn grant(sent: u64, user: &str) -> Refusal {
        Refusal { sent: at(sent), user: Some(UserId::new(user).unwrap()) }
    }

    #[test]
    fn two_users_confirm_what_one_user_and_any_endpoint_do_not() {
        let mut evidence = Evidence::new();
        evidence.accepted(at(0));
        let endpoint = Refusal { sent: at(1), user: None };
        for refusal in [&endpoint, &grant(1, "alice"), &grant(2, "ALICE"), &endpoint] {
            assert_eq!(evidence.refused(refusal), Strength::Single);
        }
        assert_eq!(evidence.refused(&grant(2, "bob")), Strength::Confirmed);
    }

    #[test]
    fn a_token_that_was_never_accepted_is_not_confirmed_as_refused() {
        let mut evidence = Evidence::new();
        assert_eq!(evidence.refused(&grant(1, "alice")), Strength::Single);
        for user in ["bob", "carol"] {
            assert_eq!(evidence.refused(&grant(1, user)), Strength::Repeated);
        }
    }

    #[test]
    fn a_request_that_was_sent_later_and_accepted_clears_the_refusals() {
        let mut evidence = Evidence::new();
        assert_eq!(evidence.refused(&grant(2, "alice")), Strength::Single);
        assert!(!evidence.accepted(at(1)), "it was sent before");
        assert!(evidence.accepted(at(3)));
        assert_eq!(evidence.refused(&grant(2, "bob")), Strength::Disproved);
        assert_eq!(evidence.refused(&grant(4, "bob")), Strength::Single, "alice is forgotten");
    }

    #[test]
    fn the_same_token_once_more_is_never_confirmed_as_refused() {
        let mut evidence = Evidence::new();
        evidence.renewed(true);
        evidence.accepted(at(0));
        for user in ["alice", "bob", "carol"] {
            assert_eq!(evidence.refused(&grant(1, user)), Strength::Single);
        }
        evidence.renewed(false);
        evidence.accepted(at(0));
        evidence.refused(&grant(1, "alice"));
        assert_eq!(evidence.refused(&grant(1, "bob")), Strength::Confirmed);
    }

    #[test]
    fn the_budget_is_two_at_once_and_then_one_a_minute_whatever_is_renewed() {
        let mut evidence = Evidence::new();
        let spent: Vec<u64> = (0..600)
            .filter(|&second| {
                evidence.renewed(false);
                evidence.try_spend(at(second))
            })
            .collect();
        assert_eq!(spent, [0, 1, 60, 120, 180, 240, 300, 360, 420, 480, 540]);
    }
}

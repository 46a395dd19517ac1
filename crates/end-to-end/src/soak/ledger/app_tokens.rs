//! App tokens: when each was issued and returned, until when it is usable, and for whom it was refused.

use std::collections::HashMap;
use std::time::Duration;

use easemob_token::Lifetime;

use super::{Breach, Broken, Call, TICK, is_due, is_old};

#[derive(Debug, Default)]
pub(crate) struct AppTokens {
    known: HashMap<String, Known>,
    /// How many different app tokens were returned.
    pub(crate) acquired: u64,
}

/// One app token. The fields after `seen` are set when it is first returned or refused.
#[derive(Debug, Default)]
struct Known {
    /// When the service issued it.
    made: Option<Duration>,
    /// When a caller first got it.
    seen: Option<Duration>,
    received: Duration,
    /// Its expiry without the margin of the client.
    usable_until: Duration,
    /// The first user for whom the token endpoint refused it, and when.
    refused: Option<(String, Duration)>,
    /// When the token endpoint refused it for a second user. After a refusal for one user only, it
    /// stays in use.
    confirmed: Option<Duration>,
}

impl AppTokens {
    /// The service issued this token.
    pub(super) fn made(&mut self, text: &str, at: Duration) {
        self.known.entry(text.to_owned()).or_default().made = Some(at);
    }

    pub(super) fn made_at(&self, text: &str) -> Option<Duration> {
        self.known.get(text)?.made
    }

    /// The token endpoint refused this token in a request for this user.
    pub(super) fn refused(&mut self, text: &str, user: Option<&str>, at: Duration) {
        // Not known yet if no caller requested the app token itself.
        let known = self.known.entry(text.to_owned()).or_default();
        let user = user.unwrap_or_default();
        match &known.refused {
            None => known.refused = Some((user.to_owned(), at)),
            Some((first, _)) if first == user => {}
            Some((_, first)) => {
                let at = at.max(*first);
                known.confirmed = Some(known.confirmed.map_or(at, |earlier| earlier.min(at)));
            }
        }
    }

    /// A caller got this token.
    pub(super) fn got(
        &mut self,
        text: &str,
        received: Duration,
        lifetime: Lifetime,
        call: Call,
    ) -> Option<Breach> {
        let life = match lifetime {
            Lifetime::Expires(life) => life,
            Lifetime::Permanent => Duration::MAX,
            // Cached for a while, without a promise.
            Lifetime::Unknown => Duration::ZERO,
        };
        let known = self.known.entry(text.to_owned()).or_default();
        if known.seen.is_none() {
            self.acquired += 1;
            let margin = Duration::from_secs(60).min(life / 10);
            known.seen = Some(call.end);
            known.received = received;
            let usable = life.saturating_sub(margin).saturating_sub(TICK);
            known.usable_until = received.saturating_add(usable);
        }
        let is_over = lifetime != Lifetime::Unknown && received.saturating_add(life) < call.start;
        let what = if is_over {
            "expired"
        } else if self.has_newer(received, call.start) {
            "replaced"
        } else {
            return None;
        };
        Some(Breach { broken: Broken::DeadToken, at: call.end, what: what.to_owned() })
    }

    /// Whether a caller got a token before `start` that was received later than `received`.
    fn has_newer(&self, received: Duration, start: Duration) -> bool {
        self.known.values().any(|known| {
            // A token of unknown lifetime does not replace a valid one.
            let is_cached = known.usable_until > known.received;
            let is_seen = known.seen.is_some_and(|seen| seen.saturating_add(TICK) < start);
            is_cached && is_seen && known.received > received.saturating_add(TICK)
        })
    }

    /// How much longer a token was usable, if the client held it during the whole call.
    pub(super) fn held(&self, call: Call) -> Option<Duration> {
        let is_gone = |known: &Known| known.confirmed.is_some_and(|at| at <= call.end);
        let seen = self.known.values().filter(|it| it.seen.is_some_and(|at| at <= call.start));
        let last = seen.max_by_key(|known| known.received)?;
        // A later token, which no caller got, may have replaced it and been refused.
        let since = last.made.unwrap_or(last.received);
        let is_later =
            |known: &Known| known.seen != last.seen && known.made.is_some_and(|at| at >= since);
        if is_gone(last) || self.known.values().any(|known| is_later(known) && is_gone(known)) {
            return None;
        }
        last.usable_until.checked_sub(call.end)
    }

    /// Finds tokens that the service did not issue, and drops old entries.
    pub(super) fn settle(&mut self, now: Duration) -> Vec<Breach> {
        let mut breaches = Vec::new();
        for known in self.known.values_mut().filter(|known| known.made.is_none()) {
            if let Some(at) = known.seen.filter(|&at| is_due(at, now)) {
                known.made = Some(Duration::ZERO);
                let what = "an app token that the service did not issue".to_owned();
                breaches.push(Breach { broken: Broken::WrongToken, at, what });
            }
        }
        self.known.retain(|_, known| {
            let refused = known.refused.as_ref().map(|(_, at)| *at);
            let last = [known.made, known.seen, refused].into_iter().flatten().max();
            !is_old(known.usable_until, now) || last.is_some_and(|at| !is_old(at, now))
        });
        breaches
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: u64 = 1_000_000;
    const LIFE: Lifetime = Lifetime::Expires(Duration::from_secs(100));

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(START + seconds)
    }

    fn call(seconds: u64) -> Call {
        Call { start: at(seconds), end: at(seconds) }
    }

    /// With the token `a`, valid for 100 s, which was issued and returned at 0.
    fn with_a_token() -> AppTokens {
        let mut tokens = AppTokens::default();
        tokens.made("a", at(0));
        assert!(tokens.got("a", at(0), LIFE, call(0)).is_none());
        tokens
    }

    #[test]
    fn a_token_is_held_until_its_margin() {
        let tokens = with_a_token();
        for (seconds, expected) in [(1, true), (89, true), (90, false)] {
            assert_eq!(tokens.held(call(seconds)).is_some(), expected, "{seconds}");
        }
    }

    #[test]
    fn only_refusals_for_two_users_end_a_token() {
        let mut tokens = with_a_token();
        tokens.refused("a", Some("user1"), at(3));
        tokens.refused("a", Some("user1"), at(4));
        assert!(tokens.held(call(5)).is_some(), "the reason may be the user");
        tokens.refused("a", Some("user2"), at(6));
        assert!(tokens.held(call(5)).is_some(), "the refusal came later");
        assert!(tokens.held(call(6)).is_none());
    }

    #[test]
    fn only_the_refusal_of_a_newer_token_is_an_excuse() {
        let refuse = |tokens: &mut AppTokens, text: &str, seconds: u64| {
            tokens.refused(text, Some("user1"), at(seconds));
            tokens.refused(text, Some("user2"), at(seconds));
        };
        let mut tokens = with_a_token();
        refuse(&mut tokens, "older", 1);
        assert!(tokens.held(call(5)).is_some());

        let mut tokens = with_a_token();
        tokens.made("b", at(2));
        refuse(&mut tokens, "b", 3);
        assert!(tokens.held(call(5)).is_none());
    }

    #[test]
    fn a_token_that_was_not_issued_is_found() {
        let mut tokens = with_a_token();
        assert!(tokens.got("b", at(1), Lifetime::Permanent, call(1)).is_none());
        assert_eq!(tokens.settle(at(100)).len(), 1);
        assert_eq!(with_a_token().settle(at(100)).len(), 0);
    }

    #[test]
    fn an_expired_or_replaced_token_is_dead() {
        let what = |breach: Option<Breach>| breach.map(|it| (it.broken, it.what));
        let dead = |what: &str| Some((Broken::DeadToken, what.to_owned()));
        let mut tokens = with_a_token();
        assert_eq!(what(tokens.got("a", at(0), LIFE, call(101))), dead("expired"));

        let mut tokens = with_a_token();
        assert_eq!(what(tokens.got("b", at(5), LIFE, call(5))), None);
        let earlier = Call { start: at(4), end: at(6) };
        assert_eq!(what(tokens.got("a", at(0), LIFE, earlier)), None);
        assert_eq!(what(tokens.got("a", at(0), LIFE, call(6))), dead("replaced"));
    }

    #[test]
    fn a_refused_token_stays_in_use_until_it_is_replaced() {
        let mut tokens = with_a_token();
        tokens.refused("a", Some("user1"), at(1));
        assert!(tokens.got("a", at(0), LIFE, call(5)).is_none());
    }

    #[test]
    fn old_entries_are_dropped() {
        let mut tokens = with_a_token();
        tokens.settle(at(300));
        assert_eq!(tokens.known.len(), 1);
        tokens.settle(at(400));
        assert!(tokens.known.is_empty());
    }
}

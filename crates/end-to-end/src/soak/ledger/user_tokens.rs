//! User tokens: for whom each was issued and returned, and until when it is cached.

use std::collections::HashMap;
use std::time::Duration;

use easemob_token::Lifetime;

use super::{Breach, Broken, Call, TICK, is_due, is_old};
use crate::record::Record;

#[derive(Debug)]
pub(super) struct UserTokens {
    /// Whether the client caches them, so that each may be returned several times.
    are_cached: bool,
    /// Tokens that the service issued, and, unless they are cached, that no caller got yet.
    made: HashMap<String, Made>,
    /// Tokens that a caller got before the record of the service arrived: for whom, and when.
    got: HashMap<String, (String, Duration)>,
    /// For each cached token of a user: when it was first returned, and until when it is usable.
    held: HashMap<String, (Duration, Duration)>,
}

#[derive(Debug)]
struct Made {
    requested: Option<String>,
    returned: Option<String>,
    at: Duration,
}

impl Made {
    fn judge(&self, user: &str, at: Duration) -> Option<Breach> {
        let same = |name: &Option<String>| name.as_deref().is_some_and(|name| name == user);
        if same(&self.requested) && same(&self.returned) {
            return None;
        }
        let what = "a user token of another user".to_owned();
        Some(Breach { broken: Broken::WrongToken, at, what })
    }
}

impl UserTokens {
    pub(super) fn new(are_cached: bool) -> Self {
        Self { are_cached, made: HashMap::new(), got: HashMap::new(), held: HashMap::new() }
    }

    /// The service issued this token.
    pub(super) fn made(&mut self, text: &str, record: &Record) -> Option<Breach> {
        let (requested, returned) = (record.requested_user.clone(), record.returned_user.clone());
        let made = Made { requested, returned, at: record.ended };
        let got = self.got.remove(text);
        let breach = got.as_ref().and_then(|(user, at)| made.judge(user, *at));
        if got.is_none() || self.are_cached {
            self.made.insert(text.to_owned(), made);
        }
        breach
    }

    /// A caller got this token for this user.
    pub(super) fn got(&mut self, text: &str, user: &str, at: Duration) -> Option<Breach> {
        let Some(made) = self.made.get(text) else {
            // A token that is not cached and returned twice is no longer in `made`.
            self.got.insert(text.to_owned(), (user.to_owned(), at));
            return None;
        };
        let breach = made.judge(user, at);
        if !self.are_cached {
            self.made.remove(text);
        }
        breach
    }

    /// A caller got a token for this user, which is cached from now on.
    pub(super) fn holds(
        &mut self,
        user: &str,
        received: Duration,
        lifetime: Lifetime,
        at: Duration,
    ) {
        let Lifetime::Expires(life) = lifetime else { return };
        if self.are_cached {
            let margin = Duration::from_secs(60).min(life / 10);
            let until = received + life.saturating_sub(margin).saturating_sub(TICK);
            let held = self.held.entry(user.to_owned()).or_insert((at, until));
            if until > held.1 {
                *held = (at, until);
            }
        }
    }

    /// Whether the client held a usable token of this user from the start to the end of this call.
    pub(super) fn held(&self, user: &str, call: Call) -> bool {
        self.held.get(user).is_some_and(|&(since, until)| since <= call.start && call.end <= until)
    }

    /// Finds tokens that the service did not issue, and drops old entries.
    pub(super) fn settle(&mut self, now: Duration) -> Vec<Breach> {
        let mut breaches = Vec::new();
        self.got.retain(|_, (_, at)| {
            if is_due(*at, now) {
                let what =
                    "a user token that the service did not issue, or that was returned twice";
                let what = what.to_owned();
                breaches.push(Breach { broken: Broken::WrongToken, at: *at, what });
            }
            !is_due(*at, now)
        });
        self.made.retain(|_, made| !is_old(made.at, now));
        breaches
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(1_000_000 + seconds)
    }

    fn record(requested: &str, returned: &str) -> Record {
        Record {
            is_app: false,
            arrived: at(0),
            ended: at(0),
            status: Some(200),
            client: None,
            bearer: None,
            requested_user: Some(requested.to_owned()),
            returned_user: Some(returned.to_owned()),
            token: Some("t".to_owned()),
        }
    }

    fn breaches(mut tokens: UserTokens, known: [Option<Breach>; 2]) -> usize {
        known.into_iter().flatten().count() + tokens.settle(at(1_000)).len()
    }

    #[test]
    fn a_user_token_is_for_the_requested_user() {
        for (record, expected) in [
            (record("user1", "user1"), 0),
            (record("user1", "stranger"), 1),
            (record("user2", "user2"), 1),
        ] {
            for are_cached in [false, true] {
                // In both orders.
                let mut tokens = UserTokens::new(are_cached);
                let known = [tokens.made("t", &record), tokens.got("t", "user1", at(0))];
                assert_eq!(breaches(tokens, known), expected);
                let mut tokens = UserTokens::new(are_cached);
                let known = [tokens.got("t", "user1", at(0)), tokens.made("t", &record)];
                assert_eq!(breaches(tokens, known), expected);
            }
        }
    }

    #[test]
    fn only_a_cached_token_is_returned_twice() {
        for (are_cached, expected) in [(false, 1), (true, 0)] {
            let mut tokens = UserTokens::new(are_cached);
            assert!(tokens.made("t", &record("user1", "user1")).is_none());
            let known = [tokens.got("t", "user1", at(0)), tokens.got("t", "user1", at(1))];
            assert_eq!(breaches(tokens, known), expected);

            // The same if the record of the service arrives between the two.
            let mut tokens = UserTokens::new(are_cached);
            assert!(tokens.got("t", "user1", at(0)).is_none());
            let known =
                [tokens.made("t", &record("user1", "user1")), tokens.got("t", "user1", at(1))];
            assert_eq!(breaches(tokens, known), expected);
        }
    }

    #[test]
    fn a_cached_token_is_held_until_its_margin() {
        let call = |start, end| Call { start: at(start), end: at(end) };
        let life = Lifetime::Expires(Duration::from_secs(100));
        let mut tokens = UserTokens::new(true);
        tokens.holds("user1", at(0), life, at(1));
        assert!(tokens.held("user1", call(1, 89)));
        assert!(!tokens.held("user1", call(0, 5)), "it was not there at the start");
        assert!(!tokens.held("user1", call(1, 91)));
        assert!(!tokens.held("user2", call(1, 89)));
        let mut tokens = UserTokens::new(false);
        tokens.holds("user1", at(0), life, at(1));
        assert!(!tokens.held("user1", call(1, 89)));
    }

    #[test]
    fn old_entries_are_dropped() {
        let mut tokens = UserTokens::new(false);
        assert!(tokens.made("t", &record("user1", "user1")).is_none());
        tokens.settle(at(300));
        assert!(tokens.made.is_empty());
    }
}

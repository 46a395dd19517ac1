//! User tokens: made for whom, handed out to whom, and kept until when.

use std::collections::HashMap;
use std::time::Duration;

use easemob_token::Lifetime;

use super::{Breach, Broken, Call, TICK, is_due, is_old};
use crate::record::Record;

#[derive(Debug)]
pub(super) struct UserTokens {
    /// The client keeps them, so that each may be handed out many times.
    are_kept: bool,
    /// Those that the service has made, and nobody was seen to get unless they are kept.
    made: HashMap<String, Made>,
    /// Those that somebody got and the service was not heard to make: for whom, and when.
    got: HashMap<String, (String, Duration)>,
    /// For each user whose token is kept: when it was handed out first, and until when it is usable.
    held: HashMap<String, (Duration, Duration)>,
}

#[derive(Debug)]
struct Made {
    asked: Option<String>,
    answered: Option<String>,
    at: Duration,
}

impl Made {
    fn judge(&self, user: &str, at: Duration) -> Option<Breach> {
        let same = |name: &Option<String>| name.as_deref().is_some_and(|name| name == user);
        if same(&self.asked) && same(&self.answered) {
            return None;
        }
        let what = "a user token of somebody else".to_owned();
        Some(Breach { broken: Broken::WrongToken, at, what })
    }
}

impl UserTokens {
    pub(super) fn new(are_kept: bool) -> Self {
        Self { are_kept, made: HashMap::new(), got: HashMap::new(), held: HashMap::new() }
    }

    /// The service made this token.
    pub(super) fn made(&mut self, text: &str, record: &Record) -> Option<Breach> {
        let (asked, answered) = (record.asked.clone(), record.answered.clone());
        let made = Made { asked, answered, at: record.ended };
        let got = self.got.remove(text);
        let breach = got.as_ref().and_then(|(user, at)| made.judge(user, *at));
        if got.is_none() || self.are_kept {
            self.made.insert(text.to_owned(), made);
        }
        breach
    }

    /// A caller got this token for this user.
    pub(super) fn got(&mut self, text: &str, user: &str, at: Duration) -> Option<Breach> {
        let Some(made) = self.made.get(text) else {
            // One that is not kept and handed out twice is no longer among those that were made.
            self.got.insert(text.to_owned(), (user.to_owned(), at));
            return None;
        };
        let breach = made.judge(user, at);
        if !self.are_kept {
            self.made.remove(text);
        }
        breach
    }

    /// A caller got a token for this user, which is kept from now on.
    pub(super) fn holds(
        &mut self,
        user: &str,
        received: Duration,
        lifetime: Lifetime,
        at: Duration,
    ) {
        let Lifetime::Expires(life) = lifetime else { return };
        if self.are_kept {
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

    /// Finds tokens that the service never made, and forgets what is no longer needed.
    pub(super) fn settle(&mut self, now: Duration) -> Vec<Breach> {
        let mut breaches = Vec::new();
        self.got.retain(|_, (_, at)| {
            if is_due(*at, now) {
                let what = "a user token that the service never made, or made once and not twice";
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
    use easemob_token_emulator::Grant;

    use super::*;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(1_000_000 + seconds)
    }

    fn record(asked: &str, answered: &str) -> Record {
        Record {
            grant: Some(Grant::Inherit),
            arrived: at(0),
            ended: at(0),
            status: Some(200),
            client: None,
            bearer: None,
            asked: Some(asked.to_owned()),
            answered: Some(answered.to_owned()),
            token: Some("t".to_owned()),
        }
    }

    fn breaches(mut tokens: UserTokens, known: [Option<Breach>; 2]) -> usize {
        known.into_iter().flatten().count() + tokens.settle(at(1_000)).len()
    }

    #[test]
    fn a_user_token_is_for_the_user_who_asked() {
        for (record, expected) in [
            (record("user1", "user1"), 0),
            (record("user1", "stranger"), 1),
            (record("user2", "user2"), 1),
        ] {
            for are_kept in [false, true] {
                // Whichever of the two is heard of first.
                let mut tokens = UserTokens::new(are_kept);
                let known = [tokens.made("t", &record), tokens.got("t", "user1", at(0))];
                assert_eq!(breaches(tokens, known), expected);
                let mut tokens = UserTokens::new(are_kept);
                let known = [tokens.got("t", "user1", at(0)), tokens.made("t", &record)];
                assert_eq!(breaches(tokens, known), expected);
            }
        }
    }

    #[test]
    fn only_a_token_that_is_kept_is_handed_out_twice() {
        for (are_kept, expected) in [(false, 1), (true, 0)] {
            let mut tokens = UserTokens::new(are_kept);
            assert!(tokens.made("t", &record("user1", "user1")).is_none());
            let known = [tokens.got("t", "user1", at(0)), tokens.got("t", "user1", at(1))];
            assert_eq!(breaches(tokens, known), expected);

            // The same if the service is heard of between the two.
            let mut tokens = UserTokens::new(are_kept);
            assert!(tokens.got("t", "user1", at(0)).is_none());
            let known =
                [tokens.made("t", &record("user1", "user1")), tokens.got("t", "user1", at(1))];
            assert_eq!(breaches(tokens, known), expected);
        }
    }

    #[test]
    fn a_kept_token_is_held_until_its_margin() {
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
    fn what_is_no_longer_needed_is_forgotten() {
        let mut tokens = UserTokens::new(false);
        assert!(tokens.made("t", &record("user1", "user1")).is_none());
        tokens.settle(at(300));
        assert!(tokens.made.is_empty());
    }
}

//! What is known of every token from outside: who made it, who got it, who refused it.
//!
//! The callers tell what they got, the service tells what it did. The two arrive by different ways,
//! so what looks wrong is judged some seconds later, when both are known.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use easemob_token::{AppToken, Lifetime};
use easemob_token_emulator::Grant;

use crate::record::Record;
use crate::wall;

/// How long after the fact the service's word on it has arrived.
const GRACE: Duration = Duration::from_secs(10);

/// How long a call may take for which a token is there.
const AT_ONCE: Duration = Duration::from_secs(2);

/// How much earlier than by the precise clock the client may take a token to be too old: it reads the
/// kernel's coarse ones, which are a tick behind.
const TICK: Duration = Duration::from_millis(50);

/// How long a token that nobody has fetched is remembered.
const MEMORY: Duration = Duration::from_secs(300);

/// From when to when a call took, on the wall clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) start: Duration,
    pub(crate) end: Duration,
}

/// What is broken, each with a few words on the first time.
// Complete: the verdict has a sentence for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Broken {
    /// An app-token call failed while a usable token was held.
    FailedWhileHeld,
    /// An app-token call took long while a usable token was held.
    SlowWhileHeld,
    /// A token that the service never made, or made for somebody else.
    WrongToken,
    /// An app token past its end, or one that was reported as refused before.
    DeadToken,
}

#[derive(Debug, Default)]
pub(crate) struct Ledger {
    /// When the run began.
    begun: Duration,
    app: HashMap<String, Known>,
    /// User tokens that the service has made and nobody was seen to get.
    made: HashMap<String, Made>,
    /// User tokens that somebody got and the service was not heard to make: for whom, and when.
    got: HashMap<String, (String, Duration)>,
    suspicious: Vec<(Call, Broken, &'static str)>,
    broken: BTreeMap<Broken, (u64, String)>,
    /// When requests for app tokens arrived.
    app_requests: Vec<Duration>,
    requests: u64,
    acquired: u64,
}

/// One app token. Everything but the first two is known only from where it says.
#[derive(Debug, Default)]
struct Known {
    /// Answered by the service.
    made: Option<Duration>,
    /// First handed out to a caller.
    seen: Option<Duration>,
    received: Duration,
    /// A margin before its end.
    usable_until: Duration,
    /// The service answered 401 to it, or a caller reported it.
    refused: Option<Duration>,
    /// A report of a caller has been taken in.
    reported: Option<Duration>,
}

#[derive(Debug)]
struct Made {
    asked: Option<String>,
    answered: Option<String>,
    at: Duration,
}

impl Made {
    fn is_for(&self, user: &str) -> bool {
        let same = |name: &Option<String>| name.as_deref().is_some_and(|name| name == user);
        same(&self.asked) && same(&self.answered)
    }
}

impl Ledger {
    /// The ledger of a run that begins now.
    pub(crate) fn new() -> Self {
        Self { begun: wall::now(), ..Self::default() }
    }

    /// What the service did.
    pub(crate) fn record(&mut self, record: &Record) {
        self.requests += 1;
        if record.grant == Some(Grant::ClientCredentials) {
            self.app_requests.push(record.arrived);
        }
        if let (Some(401), Some(bearer)) = (record.status, &record.bearer) {
            // Not yet known where only user tokens were asked for with it.
            refuse(&mut self.app.entry(bearer.clone()).or_default().refused, record.ended);
        }
        let Some(token) = record.token.clone() else { return };
        if record.grant == Some(Grant::ClientCredentials) {
            self.app.entry(token).or_default().made = Some(record.ended);
            return;
        }
        let (asked, answered) = (record.asked.clone(), record.answered.clone());
        let made = Made { asked, answered, at: record.ended };
        match self.got.remove(&token) {
            Some((user, at)) => self.judge_user_token(&made, &user, at),
            None => drop(self.made.insert(token, made)),
        }
    }

    /// A caller got this app token.
    pub(crate) fn app_token(&mut self, token: &AppToken, call: Call) {
        let (received, lifetime) = (wall::since_epoch(token.received_at()), token.lifetime());
        self.app_token_is(token.access_token().expose(), received, lifetime, call);
    }

    fn app_token_is(&mut self, text: &str, received: Duration, lifetime: Lifetime, call: Call) {
        let life = match lifetime {
            Lifetime::Expires(life) => life,
            Lifetime::Permanent => Duration::MAX,
            // Not kept, so nothing is promised.
            Lifetime::Unknown => Duration::ZERO,
        };
        let held = self.held(call).is_some();
        if !self.app.contains_key(text) {
            self.app.insert(text.to_owned(), Known::default());
        }
        let Some(known) = self.app.get_mut(text) else { return };
        if known.seen.is_none() {
            self.acquired += 1;
            let margin = Duration::from_secs(60).min(life / 10);
            known.seen = Some(call.end);
            known.received = received;
            let usable = life.saturating_sub(margin).saturating_sub(TICK);
            known.usable_until = received.saturating_add(usable);
        }
        let dead = lifetime != Lifetime::Unknown && received.saturating_add(life) < call.start;
        if dead || known.reported.is_some_and(|at| at < call.start) {
            let what = if dead { "past its end" } else { "reported before" };
            self.breaks(Broken::DeadToken, call.end, what);
        }
        if held && call.end.saturating_sub(call.start) > AT_ONCE {
            self.suspicious.push((call, Broken::SlowWhileHeld, "took long"));
        }
    }

    /// An app-token call ended with an error of this kind.
    pub(crate) fn app_token_failed(&mut self, call: Call, kind: &'static str) {
        // The service's word can only excuse, so most are settled here.
        if self.held(call).is_some() {
            self.suspicious.push((call, Broken::FailedWhileHeld, kind));
        }
    }

    /// A caller is about to report this token as refused.
    pub(crate) fn reporting(&mut self, text: &str) {
        refuse(&mut self.app.entry(text.to_owned()).or_default().refused, wall::now());
    }

    /// The report was taken in.
    pub(crate) fn reported(&mut self, text: &str) {
        refuse(&mut self.app.entry(text.to_owned()).or_default().reported, wall::now());
    }

    /// A caller got this user token for this user.
    pub(crate) fn user_token(&mut self, text: &str, user: &str, at: Duration) {
        match self.made.remove(text) {
            Some(made) => self.judge_user_token(&made, user, at),
            None => {
                // Handed out twice, it is no longer among those that were made.
                self.got.insert(text.to_owned(), (user.to_owned(), at));
            }
        }
    }

    /// A caller was let in with a wrong password.
    pub(crate) fn let_in(&mut self, at: Duration) {
        self.breaks(Broken::WrongToken, at, "a wrong password was enough");
    }

    fn judge_user_token(&mut self, made: &Made, user: &str, at: Duration) {
        if !made.is_for(user) {
            self.breaks(Broken::WrongToken, at, "a user token of somebody else");
        }
    }

    /// Judges what happened long enough ago, and forgets what is no longer needed.
    pub(crate) fn settle(&mut self, now: Duration) {
        let due = |at: Duration| at.saturating_add(GRACE) <= now;
        let suspicious = std::mem::take(&mut self.suspicious);
        for (call, broken, what) in suspicious {
            if !due(call.end) {
                self.suspicious.push((call, broken, what));
            } else if let Some(left) = self.held(call) {
                let what = format!("{what}, {:.1} s before its margin", left.as_secs_f64());
                self.breaks(broken, call.end, &what);
            }
        }
        let unmade: Vec<_> = self
            .app
            .values_mut()
            .filter(|known| known.made.is_none() && known.seen.is_some_and(due))
            .filter_map(|known| {
                known.made = Some(Duration::ZERO);
                known.seen
            })
            .collect();
        for at in unmade {
            self.breaks(Broken::WrongToken, at, "an app token that the service never made");
        }
        let unmade: Vec<_> = self.got.values().map(|(_, at)| *at).filter(|&at| due(at)).collect();
        for at in unmade {
            let what = "a user token that the service never made, or made once and not twice";
            self.breaks(Broken::WrongToken, at, what);
        }
        self.got.retain(|_, (_, at)| !due(*at));
        let old = |at: Duration| at.saturating_add(MEMORY) <= now;
        self.made.retain(|_, made| !old(made.at));
        self.app.retain(|_, known| {
            let last = [known.made, known.seen, known.refused].into_iter().flatten().max();
            !old(known.usable_until) || last.is_some_and(|at| !old(at))
        });
    }

    /// Where the client held a usable token for sure, from the start to the end of this call: for how
    /// much longer it was usable.
    fn held(&self, call: Call) -> Option<Duration> {
        let refused = |known: &Known| known.refused.is_some_and(|at| at <= call.end);
        let seen = self.app.values().filter(|known| known.seen.is_some_and(|at| at <= call.start));
        let last = seen.max_by_key(|known| known.received)?;
        // A later one, which no caller has seen, may have taken its place and been refused.
        let since = last.made.unwrap_or(last.received);
        let later =
            |known: &Known| known.seen != last.seen && known.made.is_some_and(|at| at >= since);
        if refused(last) || self.app.values().any(|known| later(known) && refused(known)) {
            return None;
        }
        last.usable_until.checked_sub(call.end)
    }

    fn breaks(&mut self, broken: Broken, at: Duration, what: &str) {
        let time = at.saturating_sub(self.begun).as_secs_f64();
        let entry = self
            .broken
            .entry(broken)
            .or_insert_with(|| (0, format!("{what}, {time:.1} s after the start")));
        entry.0 += 1;
    }

    /// How often this was broken, and the first time.
    pub(crate) fn broken(&self, broken: Broken) -> (u64, &str) {
        self.broken.get(&broken).map_or((0, ""), |(count, first)| (*count, first))
    }

    /// Requests for whatever token.
    pub(crate) fn requests(&self) -> u64 {
        self.requests
    }

    /// How many app tokens were handed out, each counted once.
    pub(crate) fn acquired(&self) -> u64 {
        self.acquired
    }

    /// When requests for app tokens arrived.
    pub(crate) fn app_requests(&self) -> &[Duration] {
        &self.app_requests
    }
}

/// The first time counts.
fn refuse(time: &mut Option<Duration>, at: Duration) {
    *time = Some(time.map_or(at, |earlier| earlier.min(at)));
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: u64 = 1_000_000;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(START + seconds)
    }

    fn call(seconds: u64) -> Call {
        Call { start: at(seconds), end: at(seconds) }
    }

    fn answer(grant: Grant, token: &str, seconds: u64) -> Record {
        Record {
            grant: Some(grant),
            arrived: at(seconds),
            ended: at(seconds),
            status: Some(200),
            bearer: None,
            asked: None,
            answered: None,
            token: Some(token.to_owned()),
        }
    }

    fn refusal(bearer: &str, seconds: u64) -> Record {
        let (status, bearer) = (Some(401), Some(bearer.to_owned()));
        Record { status, bearer, token: None, ..answer(Grant::Inherit, "", seconds) }
    }

    /// A ledger in which the token `a`, good for 100 s, was made and handed out at 0.
    fn with_a_token() -> Ledger {
        let mut ledger = Ledger::default();
        ledger.record(&answer(Grant::ClientCredentials, "a", 0));
        ledger.app_token_is("a", at(0), Lifetime::Expires(Duration::from_secs(100)), call(0));
        ledger
    }

    fn settled(mut ledger: Ledger, broken: Broken) -> u64 {
        ledger.settle(at(100_000));
        ledger.broken(broken).0
    }

    #[test]
    fn a_failure_while_a_usable_token_is_held_is_a_broken_promise() {
        for (seconds, expected) in [(1, 1), (89, 1), (90, 0)] {
            let mut ledger = with_a_token();
            ledger.app_token_failed(call(seconds), "connect");
            assert_eq!(settled(ledger, Broken::FailedWhileHeld), expected, "{seconds}");
        }
    }

    #[test]
    fn a_refusal_excuses_it_whoever_tells_of_it_and_however_late() {
        let mut ledger = with_a_token();
        ledger.app_token_failed(call(5), "connect");
        ledger.record(&refusal("a", 4));
        assert_eq!(settled(ledger, Broken::FailedWhileHeld), 0);

        let mut ledger = with_a_token();
        ledger.reporting("a");
        let now = wall::now();
        ledger.app_token_failed(Call { start: now, end: now }, "connect");
        assert_eq!(settled(ledger, Broken::FailedWhileHeld), 0);

        // One that came after the failure does not.
        let mut ledger = with_a_token();
        ledger.app_token_failed(call(5), "connect");
        ledger.record(&refusal("a", 6));
        assert_eq!(settled(ledger, Broken::FailedWhileHeld), 1);
    }

    #[test]
    fn the_refusal_of_an_older_token_is_no_excuse_and_that_of_a_newer_unseen_one_is() {
        let mut ledger = with_a_token();
        ledger.record(&refusal("older", 1));
        ledger.app_token_failed(call(5), "connect");
        assert_eq!(settled(ledger, Broken::FailedWhileHeld), 1);

        let mut ledger = with_a_token();
        ledger.record(&answer(Grant::ClientCredentials, "b", 2));
        ledger.record(&refusal("b", 3));
        ledger.app_token_failed(call(5), "connect");
        assert_eq!(settled(ledger, Broken::FailedWhileHeld), 0);
    }

    #[test]
    fn a_long_wait_while_a_usable_token_is_held_is_a_broken_promise() {
        let life = Lifetime::Expires(Duration::from_secs(100));
        let mut ledger = with_a_token();
        ledger.app_token_is("a", at(0), life, Call { start: at(1), end: at(2) });
        ledger.app_token_is("a", at(0), life, Call { start: at(1), end: at(5) });
        assert_eq!(settled(ledger, Broken::SlowWhileHeld), 1);
    }

    #[test]
    fn a_token_that_was_never_made_is_found() {
        let mut ledger = with_a_token();
        ledger.app_token_is("b", at(1), Lifetime::Permanent, call(1));
        ledger.user_token("c", "user1", at(1));
        assert_eq!(settled(ledger, Broken::WrongToken), 2);
        assert_eq!(settled(with_a_token(), Broken::WrongToken), 0);
    }

    #[test]
    fn a_user_token_is_for_the_user_who_asked_and_is_handed_out_once() {
        let user = |name: &str| Some(name.to_owned());
        let made = |asked, answered| Record {
            asked: user(asked),
            answered: user(answered),
            ..answer(Grant::Inherit, "t", 0)
        };
        for (record, expected) in [
            (made("user1", "user1"), 0),
            (made("user1", "stranger"), 1),
            (made("user2", "user2"), 1),
        ] {
            // Whichever of the two is heard of first.
            let mut ledger = Ledger::default();
            ledger.record(&record);
            ledger.user_token("t", "user1", at(0));
            assert_eq!(settled(ledger, Broken::WrongToken), expected);
            let mut ledger = Ledger::default();
            ledger.user_token("t", "user1", at(0));
            ledger.record(&record);
            assert_eq!(settled(ledger, Broken::WrongToken), expected);
        }
        let mut ledger = Ledger::default();
        ledger.record(&made("user1", "user1"));
        ledger.user_token("t", "user1", at(0));
        ledger.user_token("t", "user1", at(1));
        assert_eq!(settled(ledger, Broken::WrongToken), 1);
    }

    #[test]
    fn a_token_past_its_end_or_reported_before_is_dead() {
        let life = Lifetime::Expires(Duration::from_secs(100));
        let mut ledger = with_a_token();
        ledger.app_token_is("a", at(0), life, call(101));
        assert_eq!(settled(ledger, Broken::DeadToken), 1);

        let mut ledger = with_a_token();
        ledger.reporting("a");
        ledger.reported("a");
        let later = wall::now() + Duration::from_secs(1);
        let received = wall::now();
        ledger.app_token_is("a", received, life, Call { start: later, end: later });
        assert_eq!(settled(ledger, Broken::DeadToken), 1);
    }

    #[test]
    fn what_is_no_longer_needed_is_forgotten() {
        let mut ledger = with_a_token();
        ledger.record(&answer(Grant::Password, "u", 0));
        ledger.settle(at(350));
        assert!(ledger.made.is_empty());
        ledger.settle(at(400));
        assert!(ledger.app.is_empty());
    }
}

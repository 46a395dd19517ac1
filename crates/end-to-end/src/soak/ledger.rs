//! What is known of one client from outside: which tokens were made for it, handed out and refused.
//!
//! The callers tell what they got, the service tells what it did. The two arrive by different ways,
//! so what looks wrong is judged some seconds later, when both are known.

mod app_tokens;
mod healthy;
mod user_tokens;

use std::collections::BTreeMap;
use std::time::Duration;

use easemob_token::{AppToken, UserToken};
use easemob_token_emulator::Grant;

use self::app_tokens::AppTokens;
pub(crate) use self::healthy::{Healthy, REPLACED_WITHIN, Requests};
use self::user_tokens::UserTokens;
use crate::clients::ClientKind;
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

impl Call {
    pub(crate) fn took(self) -> Duration {
        self.end.saturating_sub(self.start)
    }
}

/// What is broken, each with a few words on the first time.
// Complete: the verdict has a sentence for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Broken {
    /// A call failed while a usable token was held.
    FailedWhileHeld,
    /// A call failed while the service was well.
    FailedWhileHealthy,
    /// An app-token call took long while a usable token was held.
    SlowWhileHeld,
    /// A token that the service never made, or made for somebody else.
    WrongToken,
    /// An app token past its end, or one that had been replaced before.
    DeadToken,
}

/// A promise that was broken in one call.
#[derive(Debug)]
struct Breach {
    broken: Broken,
    at: Duration,
    what: String,
}

#[derive(Debug)]
pub(crate) struct Ledger {
    /// When the run began.
    begun: Duration,
    app: AppTokens,
    users: UserTokens,
    healthy: Healthy,
    suspicious: Vec<(Call, Broken, &'static str)>,
    /// Calls that failed while the service was well, and how.
    failed: Vec<(Call, String)>,
    broken: BTreeMap<Broken, (u64, String)>,
    /// When requests for app tokens arrived.
    app_requests: Vec<Duration>,
    requests: u64,
}

impl Ledger {
    /// The ledger of a run that begins now.
    pub(crate) fn new(kind: ClientKind) -> Self {
        Self {
            begun: wall::now(),
            app: AppTokens::default(),
            users: UserTokens::new(kind.keeps_user_tokens()),
            healthy: Healthy::default(),
            suspicious: Vec::new(),
            failed: Vec::new(),
            broken: BTreeMap::new(),
            app_requests: Vec::new(),
            requests: 0,
        }
    }

    /// What the service did.
    pub(crate) fn record(&mut self, record: &Record) {
        self.requests += 1;
        let is_app = record.grant == Some(Grant::ClientCredentials);
        if is_app {
            self.app_requests.push(record.arrived);
        }
        if let Some(bearer) = &record.bearer {
            match record.status {
                Some(401) => self.app.refused(bearer, record.asked.as_deref(), record.ended),
                Some(200) => {
                    let made = self.app.made_at(bearer);
                    self.healthy.accepted(made, record.ended);
                }
                _ => {}
            }
        }
        let Some(token) = &record.token else { return };
        if is_app {
            self.app.made(token, record.ended);
        } else if let Some(breach) = self.users.made(token, record) {
            self.breaks(&breach);
        }
    }

    /// A caller got this app token.
    pub(crate) fn app_token(&mut self, token: &AppToken, call: Call) {
        let received = wall::since_epoch(token.received_at());
        let text = token.access_token().expose();
        let held = self.app.held(call).is_some();
        if let Some(breach) = self.app.got(text, received, token.lifetime(), call) {
            self.breaks(&breach);
        }
        if held && call.took() > AT_ONCE {
            self.suspicious.push((call, Broken::SlowWhileHeld, "took long"));
        }
    }

    /// An app-token call ended with an error of this kind.
    pub(crate) fn app_token_failed(&mut self, call: Call, kind: &'static str) {
        // The service's word can only excuse, so most are settled here.
        if self.app.held(call).is_some() {
            self.suspicious.push((call, Broken::FailedWhileHeld, kind));
        } else if self.healthy.contains(call) {
            self.failed.push((call, format!("the app token, {kind}")));
        }
    }

    /// A caller got this user token for this user.
    pub(crate) fn user_token(&mut self, token: &UserToken, user: &str, call: Call) {
        self.healthy.answered(call);
        let received = wall::since_epoch(token.received_at());
        self.users.holds(user, received, token.lifetime(), call.end);
        if let Some(breach) = self.users.got(token.access_token().expose(), user, call.end) {
            self.breaks(&breach);
        }
    }

    /// A call for this user's token ended with an error of this kind.
    pub(crate) fn user_token_failed(&mut self, user: &str, call: Call, kind: &str) {
        let what = format!("a user token, {kind}");
        if self.users.held(user, call) {
            self.breaks(&Breach { broken: Broken::FailedWhileHeld, at: call.end, what });
        } else if self.healthy.contains(call) {
            self.failed.push((call, what));
        }
    }

    /// A caller was let in with a wrong password.
    pub(crate) fn let_in(&mut self, at: Duration) {
        let what = "a wrong password was enough".to_owned();
        self.breaks(&Breach { broken: Broken::WrongToken, at, what });
    }

    /// Judges what happened long enough ago, and forgets what is no longer needed.
    pub(crate) fn settle(&mut self, now: Duration) {
        let suspicious = std::mem::take(&mut self.suspicious);
        for (call, broken, what) in suspicious {
            if !is_due(call.end, now) {
                self.suspicious.push((call, broken, what));
            } else if let Some(left) = self.app.held(call) {
                let what = format!("{what}, {:.1} s before its margin", left.as_secs_f64());
                self.breaks(&Breach { broken, at: call.end, what });
            }
        }
        let mut breaches = self.app.settle(now);
        let (failed, undue) = std::mem::take(&mut self.failed)
            .into_iter()
            .partition::<Vec<_>, _>(|(call, _)| is_due(call.end, now));
        self.failed = undue;
        for (call, what) in failed {
            if !self.healthy.excuses(call) {
                let (broken, at) = (Broken::FailedWhileHealthy, call.end);
                breaches.push(Breach { broken, at, what });
            }
        }
        breaches.extend(self.users.settle(now));
        for breach in breaches {
            self.breaks(&breach);
        }
    }

    fn breaks(&mut self, breach: &Breach) {
        let time = breach.at.saturating_sub(self.begun).as_secs_f64();
        let entry = self
            .broken
            .entry(breach.broken)
            .or_insert_with(|| (0, format!("{}, {time:.1} s after the start", breach.what)));
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
        self.app.acquired()
    }

    /// When requests for app tokens arrived.
    pub(crate) fn app_requests(&self) -> &[Duration] {
        &self.app_requests
    }

    /// Those that arrived while the service was well.
    pub(crate) fn healthy_requests(&self) -> Requests {
        self.healthy.requests(&self.app_requests)
    }

    /// The time in which only noise and revocations disturb.
    pub(crate) fn healthy(&mut self) -> &mut Healthy {
        &mut self.healthy
    }
}

/// Whether the service's word on what happened then has arrived.
fn is_due(at: Duration, now: Duration) -> bool {
    at.saturating_add(GRACE) <= now
}

fn is_old(at: Duration, now: Duration) -> bool {
    at.saturating_add(MEMORY) <= now
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(start: u64, end: u64) -> Call {
        Call { start: Duration::from_secs(start), end: Duration::from_secs(end) }
    }

    #[test]
    fn a_call_that_fails_while_the_service_is_well_is_a_broken_promise() {
        let mut ledger = Ledger::new(ClientKind::Noisy);
        ledger.user_token_failed("user1", call(1, 2), "timeout");
        ledger.healthy().begin(Duration::from_secs(10));
        ledger.user_token_failed("user1", call(9, 11), "timeout");
        ledger.settle(Duration::from_secs(100));
        assert_eq!(ledger.broken(Broken::FailedWhileHealthy).0, 0);
        ledger.user_token_failed("user1", call(10, 11), "timeout");
        ledger.settle(Duration::from_secs(20));
        assert_eq!(ledger.broken(Broken::FailedWhileHealthy).0, 0, "a revocation may excuse it");
        ledger.settle(Duration::from_secs(21));
        assert_eq!(ledger.broken(Broken::FailedWhileHealthy).0, 1);
        ledger.app_token_failed(call(10, 11), "rate_limited");
        ledger.settle(Duration::from_secs(21));
        assert_eq!(ledger.broken(Broken::FailedWhileHealthy).0, 2);
    }

    #[test]
    fn the_first_breach_is_remembered_and_all_are_counted() {
        let mut ledger = Ledger::new(ClientKind::Noisy);
        ledger.begun = Duration::from_secs(100);
        ledger.let_in(Duration::from_secs(103));
        ledger.let_in(Duration::from_secs(104));
        let (count, first) = ledger.broken(Broken::WrongToken);
        assert_eq!((count, first), (2, "a wrong password was enough, 3.0 s after the start"));
    }
}

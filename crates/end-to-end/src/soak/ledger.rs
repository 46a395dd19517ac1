//! The ledger of one client: which tokens were issued for it, returned to callers, and refused.
//!
//! Callers report what they got, and the service reports what it did. The two arrive independently, so
//! doubtful calls are judged some seconds later, when both are known.

mod app_tokens;
mod healthy;
mod user_tokens;

use std::collections::BTreeMap;
use std::time::Duration;

use easemob_token::{AppToken, UserToken};

use self::app_tokens::AppTokens;
pub(crate) use self::healthy::{Healthy, REPLACED_WITHIN, Requests};
use self::user_tokens::UserTokens;
use crate::clients::ClientKind;
use crate::record::Record;
use crate::unix_time;

/// How long after an event the record of the service has arrived for sure.
const GRACE: Duration = Duration::from_secs(10);

/// How long a call may take if a token is held.
const AT_ONCE: Duration = Duration::from_secs(2);

/// The error of the client's clock: it reads the coarse clocks of the kernel, which are a tick behind.
const TICK: Duration = Duration::from_millis(50);

/// How long a token is remembered that no caller got.
const MEMORY: Duration = Duration::from_secs(300);

/// Start and end of a call, since the Unix epoch.
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

/// A way in which a call breaks a promise.
// Exhaustive: the verdict has a sentence for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Broken {
    /// A call failed while a usable token was held.
    FailedWhileHeld,
    /// A call failed while the service was healthy.
    FailedWhileHealthy,
    /// An app-token call took long while a usable token was held.
    SlowWhileHeld,
    /// A token that the service did not issue, or issued for another user.
    WrongToken,
    /// An app token that had expired or been replaced.
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
    /// The start of the run.
    started: Duration,
    pub(crate) app: AppTokens,
    users: UserTokens,
    /// The time in which only noise and revocations occur.
    pub(crate) healthy: Healthy,
    doubtful: Vec<(Call, Broken, &'static str)>,
    /// Calls that failed while the service was healthy, and their errors.
    failed: Vec<(Call, String)>,
    broken: BTreeMap<Broken, (u64, String)>,
    /// When requests for app tokens arrived.
    pub(crate) app_requests: Vec<Duration>,
    pub(crate) requests: u64,
}

impl Ledger {
    /// Creates the ledger of a run that starts now.
    pub(crate) fn new(kind: ClientKind) -> Self {
        Self {
            started: unix_time::now(),
            app: AppTokens::default(),
            users: UserTokens::new(kind.caches_user_tokens()),
            healthy: Healthy::default(),
            doubtful: Vec::new(),
            failed: Vec::new(),
            broken: BTreeMap::new(),
            app_requests: Vec::new(),
            requests: 0,
        }
    }

    /// Adds the record of a request.
    pub(crate) fn record(&mut self, record: &Record) {
        self.requests += 1;
        if record.is_app {
            self.app_requests.push(record.arrived);
        }
        if let Some(bearer) = &record.bearer {
            match record.status {
                Some(401) => {
                    self.app.refused(bearer, record.requested_user.as_deref(), record.ended);
                }
                Some(200) => {
                    let made = self.app.made_at(bearer);
                    self.healthy.accepted(made, record.ended);
                }
                _ => {}
            }
        }
        let Some(token) = &record.token else { return };
        if record.is_app {
            self.app.made(token, record.ended);
        } else if let Some(breach) = self.users.made(token, record) {
            self.breaks(&breach);
        }
    }

    /// A caller got this app token.
    pub(crate) fn app_token(&mut self, token: &AppToken, call: Call) {
        let received = unix_time::since_epoch(token.received_at());
        let text = token.access_token().expose();
        let held = self.app.held(call).is_some();
        if let Some(breach) = self.app.got(text, received, token.lifetime(), call) {
            self.breaks(&breach);
        }
        if held && call.took() > AT_ONCE {
            self.doubtful.push((call, Broken::SlowWhileHeld, "took long"));
        }
    }

    /// An app-token call ended with an error of this kind.
    pub(crate) fn app_token_failed(&mut self, call: Call, kind: &'static str) {
        // Records of the service can only excuse a failure, so most are decided here.
        if self.app.held(call).is_some() {
            self.doubtful.push((call, Broken::FailedWhileHeld, kind));
        } else if self.healthy.contains(call) {
            self.failed.push((call, format!("the app token, {kind}")));
        }
    }

    /// A caller got this user token for this user.
    pub(crate) fn user_token(&mut self, token: &UserToken, user: &str, call: Call) {
        self.healthy.succeeded(call);
        let received = unix_time::since_epoch(token.received_at());
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

    /// A caller got a token with a wrong password.
    pub(crate) fn accepted_wrong_password(&mut self, at: Duration) {
        let what = "a wrong password was accepted".to_owned();
        self.breaks(&Breach { broken: Broken::WrongToken, at, what });
    }

    /// Judges calls whose records have arrived, and drops old entries.
    pub(crate) fn settle(&mut self, now: Duration) {
        let doubtful = std::mem::take(&mut self.doubtful);
        for (call, broken, what) in doubtful {
            if !is_due(call.end, now) {
                self.doubtful.push((call, broken, what));
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
        let time = breach.at.saturating_sub(self.started).as_secs_f64();
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

    /// The requests for app tokens while the service was healthy.
    pub(crate) fn healthy_requests(&self) -> Requests {
        self.healthy.requests(&self.app_requests)
    }
}

/// Whether the record of an event at this time has arrived for sure.
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
    fn a_call_that_fails_while_the_service_is_healthy_breaks_a_promise() {
        let mut ledger = Ledger::new(ClientKind::Noisy);
        ledger.user_token_failed("user1", call(1, 2), "timeout");
        ledger.healthy.begin(Duration::from_secs(10));
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
        ledger.started = Duration::from_secs(100);
        ledger.accepted_wrong_password(Duration::from_secs(103));
        ledger.accepted_wrong_password(Duration::from_secs(104));
        let (count, first) = ledger.broken(Broken::WrongToken);
        assert_eq!((count, first), (2, "a wrong password was accepted, 3.0 s after the start"));
    }
}

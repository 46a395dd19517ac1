//! State shared by the callers of one client, and all clients of a run.

use std::collections::HashMap;
use std::future::IntoFuture;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use easemob_token::{AppToken, Client, ConfigError, Error, UserToken, UserTokenFuture};

use crate::clients::ClientKind;
use crate::figures::{CallKind, Tally};
use crate::ledger::{Call, Ledger};
use crate::options::Transport;
use crate::record::Record;
use crate::unix_time;

/// A client with its ledger and counters.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) kind: ClientKind,
    pub(crate) client: Client,
    /// The lifetime of the short-lived client's app tokens.
    pub(crate) life: Duration,
    ledger: Mutex<Ledger>,
    tally: Mutex<Tally>,
    /// The last successful call for the app token.
    last_success: Mutex<Option<Instant>>,
    stop: AtomicBool,
}

/// The start of a call in progress.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CallStart {
    instant: Instant,
    wall: Duration,
}

impl CallStart {
    pub(crate) fn now() -> Self {
        Self { instant: Instant::now(), wall: unix_time::now() }
    }

    /// The call, if it ends now.
    fn ended(self) -> Call {
        Call { start: self.wall, end: self.wall + self.instant.elapsed() }
    }
}

impl Shared {
    fn new(kind: ClientKind, client: Client, life: Duration) -> Self {
        Self {
            kind,
            client,
            life,
            ledger: Mutex::new(Ledger::new(kind)),
            tally: Mutex::default(),
            last_success: Mutex::default(),
            stop: AtomicBool::new(false),
        }
    }

    pub(crate) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn last_success(&self) -> Option<Instant> {
        *self.last_success.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    pub(crate) fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Requests the app token and records the result.
    pub(crate) async fn app_token(&self) -> Option<AppToken> {
        let started = CallStart::now();
        let result = self.client.app_token().await;
        let call = started.ended();
        match result {
            Ok(token) => {
                // The client may hand out a guard in place of the token.
                let token: &AppToken = &token;
                self.ledger().app_token(token, call);
                self.tally().succeeded(CallKind::App, call.took());
                *self.last_success.lock().unwrap_or_else(PoisonError::into_inner) =
                    Some(Instant::now());
                Some(token.clone())
            }
            Err(error) => {
                self.ledger().app_token_failed(call, error.kind().as_str());
                self.tally().failed(CallKind::App, error.kind().as_str(), call.took());
                None
            }
        }
    }

    /// Builds a request for a user token by user ID, with the lifetime of this client.
    pub(crate) fn user_token_request<'a>(&'a self, user: &'a str) -> UserTokenFuture<'a> {
        let request = self.client.user_token(user);
        match self.kind.user_token_life() {
            Some(life) => request.ttl(life).into_future(),
            None => request.into_future(),
        }
    }

    /// Records the result of a call for a user token.
    pub(crate) fn user_token(
        &self,
        call_kind: CallKind,
        user: &str,
        started: CallStart,
        result: Result<UserToken, Error>,
    ) {
        let call = started.ended();
        match result {
            Ok(token) => {
                self.ledger().user_token(&token, user, call);
                self.tally().succeeded(call_kind, call.took());
            }
            Err(error) => {
                let kind = error.kind().as_str();
                self.ledger().user_token_failed(user, call, kind);
                self.tally().failed(call_kind, kind, call.took());
            }
        }
    }

    /// Records that a wrong password was refused.
    pub(crate) fn wrong_password_refused(&self, started: CallStart) {
        self.tally().succeeded(CallKind::ByPassword, started.ended().took());
    }
}

/// All clients of a run.
#[derive(Debug)]
pub(crate) struct Clients {
    all: Vec<Arc<Shared>>,
    /// The client of each app token.
    owners: Mutex<HashMap<String, ClientKind>>,
}

impl Clients {
    pub(crate) fn build(
        transport: Transport,
        base_url: &str,
        life: Duration,
    ) -> Result<Self, ConfigError> {
        let one = |kind: ClientKind| {
            let client = kind.build(transport, base_url, life)?;
            Ok(Arc::new(Shared::new(kind, client, life)))
        };
        let all = ClientKind::ALL.into_iter().map(one).collect::<Result<_, ConfigError>>()?;
        Ok(Self { all, owners: Mutex::default() })
    }

    pub(crate) fn all(&self) -> &[Arc<Shared>] {
        &self.all
    }

    pub(crate) fn get(&self, kind: ClientKind) -> &Arc<Shared> {
        &self.all[kind as usize]
    }

    /// Adds a record of the service to the ledger of its client.
    pub(crate) fn record(&self, record: &Record) {
        let mut owners = self.owners.lock().unwrap_or_else(PoisonError::into_inner);
        let named = |name: &String| ClientKind::ALL.into_iter().find(|it| it.name() == name);
        let client = record.client.as_ref().and_then(named);
        if let (Some(kind), Some(token)) = (client, &record.token) {
            owners.insert(token.clone(), kind);
        }
        let owner = record.bearer.as_ref().and_then(|bearer| owners.get(bearer)).copied();
        drop(owners);
        // Requests by password show no client; only the short-lived client sends them.
        let kind = client.or(owner).unwrap_or(ClientKind::ShortLived);
        self.get(kind).ledger().record(record);
    }
}

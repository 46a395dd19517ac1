//! One app token for all processes of an app, in a store that they share.

mod access;
mod driver;
mod name;
mod place;
mod rate;
mod seal;

use std::sync::{Arc, PoisonError, Weak};
use std::time::Duration;

use easemob_token_core::{FleetStart, TokenEndpoint, Ttl};
use easemob_token_store::TokenStore;

use self::access::StoreAccess;
use self::driver::{Driven, Driver};
pub(crate) use self::name::check as check_name;
use self::place::{Place, random};
pub(crate) use self::rate::SharedRate;
use crate::acquire::{RequestContext, RetryRun};
use crate::cache::{EntryInFlight, EntryRetryRun, Fetched};
use crate::error::Error;
use crate::issued::AppToken;
use crate::sync::{Mutex, MutexGuard};
use crate::tokens::{AppCredentials, AppTokenCache, Known};

/// The store of a client, and what the client remembers between acquisitions.
pub(crate) struct Fleet {
    shared: Arc<Shared>,
    /// The key that the application chose, if it did.
    key: Option<String>,
    ttl: Ttl,
}

/// What an acquisition shares with the next one, and with the task that gives its lease back.
struct Shared {
    access: StoreAccess,
    memory: Mutex<Memory>,
}

/// What is remembered about one record.
#[derive(Default)]
struct Memory {
    /// The name of the record; with other credentials it is another one.
    name: String,
    fleet: easemob_token_core::Fleet,
    /// The acquisition that has not ended yet, as far as is known.
    last: Option<(u128, Weak<EntryInFlight<AppToken>>)>,
}

impl Fleet {
    pub(crate) fn new(
        store: Arc<dyn TokenStore>,
        timeout: Duration,
        key: Option<String>,
        ttl: Ttl,
    ) -> Self {
        let (access, memory) = (StoreAccess::new(store, timeout), Mutex::default());
        Self { shared: Arc::new(Shared { access, memory }), key, ttl }
    }

    /// The rate that the clients of this context share with others.
    pub(crate) fn rate(
        &self,
        endpoint: &TokenEndpoint,
        known: &Known,
        context: Weak<RequestContext>,
    ) -> SharedRate {
        SharedRate::new(self.shared.access.another(), self.key.as_deref(), endpoint, known, context)
    }

    /// Runs one acquisition: takes the token from the store, or fetches it for the fleet.
    pub(crate) async fn acquire(
        &self,
        source: &AppCredentials,
        cache: &Arc<AppTokenCache>,
        in_flight: &Arc<EntryInFlight<AppToken>>,
        max_attempts: u32,
    ) -> Result<Fetched<AppToken>, Error> {
        let (mut known, mut others) = (source.credentials.current(), None);
        let mut retry = RetryRun::new(&source.context, in_flight, max_attempts);
        loop {
            let driven = self.drive(source, cache, in_flight, &known, &mut retry).await;
            let (failed, error) = match driven {
                Driven::Alone => {
                    let alone = source.fetch_with(&known, in_flight, retry).await;
                    return alone.map(Fetched::Token);
                }
                Driven::Failed(error) => (Err(error.clone()), error),
                Driven::Ended(Ok(Fetched::Rested(error, pause))) => {
                    (Ok(Fetched::Rested(error.clone(), pause)), error)
                }
                Driven::Ended(result) => return result,
            };
            // Other credentials have another record, so the refusal in this one is not about them.
            others = match (source.credentials.instead_of(&known, &error), others) {
                (Some(other), None) => Some(other),
                _ => return failed,
            };
            known = others.clone().unwrap_or(known);
            retry = RetryRun::last(&source.context, in_flight, retry.end());
        }
    }

    async fn drive(
        &self,
        source: &AppCredentials,
        cache: &Arc<AppTokenCache>,
        in_flight: &Arc<EntryInFlight<AppToken>>,
        known: &Known,
        retry: &mut EntryRetryRun<'_, AppToken>,
    ) -> Driven {
        let context = &source.context;
        let place = Place::new(self.key.as_deref(), &context.endpoint, known, self.ttl);
        let Some(owner) = self.shared.memory(&place.name).owner(in_flight) else {
            return Driven::Alone;
        };
        let ((held, reported), request_timeout) = (cache.held(), context.request_timeout);
        let start = FleetStart { owner, held, reported, request_timeout, deadline: retry.end() };
        let (mut driver, step) =
            Driver::start(&self.shared, context, in_flight, Arc::new(place), start);
        let driven = driver.drive(step, retry, &known.grant).await;
        driver.ended();
        driven
    }
}

impl Shared {
    /// The memory of the record of this name.
    fn memory(&self, name: &str) -> MutexGuard<'_, Memory> {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        if memory.name != name {
            *memory = Memory { name: name.to_owned(), ..Memory::default() };
        }
        memory
    }
}

impl Memory {
    /// The owner of the leases of this acquisition; `None` if the system has no randomness.
    ///
    /// It is that of the acquisition before if that one was abandoned: so its lease is not waited for.
    fn owner(&mut self, in_flight: &Arc<EntryInFlight<AppToken>>) -> Option<u128> {
        let owner = match &self.last {
            Some((owner, _)) => *owner,
            None => u128::from_be_bytes(random()?),
        };
        self.last = Some((owner, Arc::downgrade(in_flight)));
        Some(owner)
    }

    /// Records that this acquisition has ended, and holds no lease any more.
    fn ended(&mut self, in_flight: &Arc<EntryInFlight<AppToken>>) {
        self.last.take_if(|(_, last)| std::ptr::eq(last.as_ptr(), Arc::as_ptr(in_flight)));
    }
}

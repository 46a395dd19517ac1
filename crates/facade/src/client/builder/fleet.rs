//! Settings of the store in which the processes of a fleet share one app token.

use std::num::NonZeroU32;
use std::sync::{Arc, Weak};
use std::time::Duration;

use easemob_token_core::TokenEndpoint;
use easemob_token_store::TokenStore;
use easemob_token_transport::ConfigError;

use super::ClientBuilder;
use crate::acquire::{RequestContext, RequestQueue};
use crate::fleet::{Fleet, SharedRate, check_name};
use crate::tokens::Known;

/// The default time limit of one operation of the store.
const TIMEOUT: Duration = Duration::from_millis(250);

/// What was set about the store.
#[derive(Clone, Default)]
pub(super) struct FleetSettings {
    store: Option<Arc<dyn TokenStore>>,
    timeout: Option<Duration>,
    key: Option<String>,
}

impl ClientBuilder {
    /// Sets a store in which all processes of an app share their app token.
    ///
    /// Fifty processes then send one request for each lifetime of the token, not fifty: one fetches
    /// it, the others take it from the store. A cached token is returned as before, without the
    /// store. If the store fails, the client gets its token by itself: a store's failure is an
    /// [event](crate::Event::StoreFailed), never an error of a call.
    ///
    /// What is stored is sealed with a key that comes from the client secret, so the store sees no
    /// token. [`crate::store`] has the port, for a store of your own.
    ///
    /// ```
    /// # #[cfg(feature = "hyper")]
    /// # fn run() -> Result<(), easemob_token::ConfigError> {
    /// use easemob_token::{Client, hyper::HyperTransport, store::MemoryStore};
    ///
    /// // For tests; the crates easemob-token-store-file and -redis have those for real fleets.
    /// let store = MemoryStore::new();
    /// let client = Client::builder("https://a1.easemob.com", "easemob-demo#testapp")
    ///     .client_credentials("id", "secret")
    ///     .transport(HyperTransport::new())
    ///     .token_store(store)
    ///     .build()?;
    /// # Ok(()) }
    /// # #[cfg(feature = "hyper")]
    /// # run().unwrap();
    /// ```
    pub fn token_store(mut self, store: impl TokenStore) -> Self {
        self.fleet.store = Some(Arc::new(store));
        self
    }

    /// Sets the time limit of one operation of the [store](Self::token_store). Default: 250 ms.
    ///
    /// It must be shorter than the [`acquisition_deadline`](Self::acquisition_deadline), which covers it.
    pub fn store_timeout(mut self, timeout: Duration) -> Self {
        self.fleet.timeout = Some(timeout);
        self
    }

    /// Sets the key of the record in the [store](Self::token_store). Default: `easemob-token:v1:` and a
    /// hash of base URL, App Key, client ID, requested lifetime, units and client secret.
    ///
    /// Only clients with the same key share a token, so set it alike in all processes, such as when they
    /// reach the service by different base URLs. `:` and 16 hexadecimal digits are appended, which
    /// change with the client secret: processes with an old and a new secret then do not overwrite each
    /// other's record. It has 1 to 128 of the characters `A-Z a-z 0-9 : . _ - { }`.
    pub fn store_key(mut self, key: impl Into<String>) -> Self {
        self.fleet.key = Some(key.into());
        self
    }

    /// The store and its settings, checked; `None` without a store.
    pub(super) fn checked_fleet(
        &self,
        has_credentials: bool,
    ) -> Result<Option<Fleet>, ConfigError> {
        let FleetSettings { store, timeout, key } = &self.fleet;
        let Some(store) = store else {
            let setting = timeout.map(|_| "store_timeout").or(key.as_ref().map(|_| "store_key"));
            return setting.map_or(Ok(None), |setting| {
                Err(ConfigError::new(setting, "has no effect; set a token_store too"))
            });
        };
        if !has_credentials {
            return Err(ConfigError::new(
                "client_credentials",
                "missing; token_store is for the app token, which needs them",
            ));
        }
        let timeout = timeout.unwrap_or(TIMEOUT.min(self.limits.deadline / 4));
        if timeout.is_zero() {
            return Err(ConfigError::new(
                "store_timeout",
                "is zero; every operation of the store would time out",
            ));
        }
        if timeout >= self.limits.deadline {
            return Err(ConfigError::new(
                "store_timeout",
                "is not shorter than acquisition_deadline; a store that hangs would fail every call",
            ));
        }
        if let Some(key) = key {
            check_name(key).map_err(|problem| ConfigError::new("store_key", problem))?;
        }
        Ok(Some(Fleet::new(Arc::clone(store), timeout, key.clone(), self.app_token_ttl)))
    }
}

/// The queue of a client, whose slots come from a store if it has one.
pub(super) fn queue(per_second: NonZeroU32, is_shared: bool) -> RequestQueue {
    if is_shared {
        RequestQueue::shared(per_second, fastrand::u64(..))
    } else {
        RequestQueue::new(per_second)
    }
}

/// The rate that the client shares with others, if it has a store.
pub(super) fn rate(
    fleet: Option<&Fleet>,
    known: Option<&Known>,
    endpoint: &TokenEndpoint,
    context: &Weak<RequestContext>,
) -> Option<SharedRate> {
    Some(fleet?.rate(endpoint, known?, Weak::clone(context)))
}

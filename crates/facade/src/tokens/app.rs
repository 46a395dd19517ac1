//! The shared app token, by client ID and client secret.

use std::sync::Arc;
use std::time::Duration;

use easemob_token_core::GrantType;

use super::{Credentials, Known};
use crate::acquire::{Plain, RequestContext, RetryRun};
use crate::cache::{EntryInFlight, EntryRetryRun, Fetched, TokenCache, TokenSource};
use crate::error::Error;
use crate::issued::AppToken;
use crate::telemetry::Event;

/// The one app token of a client.
pub(crate) type AppTokenCache = TokenCache<AppCredentials>;

/// The source of app tokens.
pub(crate) struct AppCredentials {
    pub(crate) context: Arc<RequestContext>,
    pub(crate) credentials: Credentials,
    /// `None` without a store.
    #[cfg(feature = "fleet")]
    pub(crate) fleet: Option<crate::fleet::Fleet>,
}

impl AppCredentials {
    /// The provider's credentials now, if there is a provider.
    #[cfg(feature = "dynamic")]
    pub(crate) fn provided(&self) -> Option<Arc<Known>> {
        self.credentials.provided()
    }

    /// Fetches a token with these credentials, or with others if the service refuses them.
    pub(crate) async fn fetch_with(
        &self,
        known: &Arc<Known>,
        in_flight: &EntryInFlight<AppToken>,
        retry: EntryRetryRun<'_, AppToken>,
    ) -> Result<AppToken, Error> {
        let context = &self.context;
        let error = match retry.run(&Plain(&known.grant)).await {
            Err(error) => error,
            Ok(token) => return Ok(token),
        };
        let Some(other) = self.credentials.instead_of(known, &error) else { return Err(error) };
        let (grant, pause) = (Self::GRANT, Duration::ZERO);
        context.telemetry.emit(&Event::Retrying { grant, error: &error, pause });
        let result = RetryRun::new(context, in_flight, 1).run(&Plain(&other.grant)).await;
        if let Err(error) = &result {
            self.credentials.instead_of(&other, error);
        }
        result
    }
}

impl TokenSource for AppCredentials {
    type Token = AppToken;
    const GRANT: GrantType = GrantType::ClientCredentials;

    fn context(&self) -> &RequestContext {
        &self.context
    }

    async fn fetch(
        &self,
        #[cfg_attr(not(feature = "fleet"), expect(unused_variables, reason = "for the store"))]
        cache: &Arc<AppTokenCache>,
        in_flight: &Arc<EntryInFlight<AppToken>>,
        max_attempts: u32,
    ) -> Result<Fetched<AppToken>, Error> {
        #[cfg(feature = "fleet")]
        if let Some(fleet) = &self.fleet {
            return fleet.acquire(self, cache, in_flight, max_attempts).await;
        }
        let retry = RetryRun::new(&self.context, in_flight, max_attempts);
        let known = self.credentials.current();
        self.fetch_with(&known, in_flight, retry).await.map(Fetched::Token)
    }

    fn can_retry(&self, error: &Error) -> bool {
        self.credentials.have_changed(error, self.context.clock.uptime())
    }
}

//! The shared app token, by client ID and client secret.

use std::sync::Arc;
use std::time::Duration;

use easemob_token_core::GrantType;

use super::Credentials;
#[cfg(feature = "dynamic")]
use super::Known;
use crate::acquire::{Plain, RequestContext, RetryRun};
use crate::cache::{EntryInFlight, TokenCache, TokenSource};
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
}

impl TokenSource for AppCredentials {
    type Token = AppToken;
    const GRANT: GrantType = GrantType::ClientCredentials;

    fn context(&self) -> &RequestContext {
        &self.context
    }

    async fn fetch(
        &self,
        in_flight: &EntryInFlight<AppToken>,
        max_attempts: u32,
    ) -> Result<AppToken, Error> {
        let context = &self.context;
        let known = self.credentials.current();
        let run = RetryRun::new(context, in_flight, max_attempts);
        let error = match run.run(&Plain(&known.grant)).await {
            Err(error) => error,
            Ok(token) => return Ok(token),
        };
        let Some(other) = self.credentials.instead_of(&known, &error) else { return Err(error) };
        let (grant, pause) = (Self::GRANT, Duration::ZERO);
        context.telemetry.emit(&Event::Retrying { grant, error: &error, pause });
        let result = RetryRun::new(context, in_flight, 1).run(&Plain(&other.grant)).await;
        if let Err(error) = &result {
            self.credentials.instead_of(&other, error);
        }
        result
    }

    fn can_retry(&self, error: &Error) -> bool {
        self.credentials.have_changed(error, self.context.clock.uptime())
    }
}

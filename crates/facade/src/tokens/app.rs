//! The shared app token, by client ID and client secret.

use std::sync::Arc;

use easemob_token_core::{ClientCredentials, GrantType};

use crate::acquire::{Plain, RequestContext, RetryRun};
use crate::cache::{EntryInFlight, TokenCache, TokenSource};
use crate::error::Error;
use crate::issued::AppToken;

/// The one app token of a client.
pub(crate) type AppTokenCache = TokenCache<AppCredentials>;

/// The source of app tokens.
pub(crate) struct AppCredentials {
    pub(crate) context: Arc<RequestContext>,
    pub(crate) grant: ClientCredentials,
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
        RetryRun::new(&self.context, in_flight, max_attempts).run(&Plain(&self.grant)).await
    }
}

//! The app token that all callers share, by client ID and client secret.

use easemob_token_core::{AppToken, ClientCredentials};
use std::sync::Arc;

use crate::acquire::Acquirer;
use crate::cache::{Source, TokenCache};
use crate::error::Error;
use crate::event::GrantType;

/// The one app token of a client.
pub(crate) type AppTokenCache = TokenCache<Credentials>;

/// Where app tokens come from.
pub(crate) struct Credentials {
    pub(crate) acquirer: Arc<Acquirer>,
    pub(crate) grant: ClientCredentials,
}

impl Source for Credentials {
    type Token = AppToken;
    const GRANT: GrantType = GrantType::ClientCredentials;

    fn acquirer(&self) -> &Acquirer {
        &self.acquirer
    }

    async fn fetch(
        &self,
        attempts: u32,
        on_send: impl Fn() + Send + Sync,
    ) -> Result<AppToken, Error> {
        self.acquirer.start(Self::GRANT, attempts, on_send).acquire(&self.grant).await
    }
}

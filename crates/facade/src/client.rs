//! The client: one method a grant.

use std::fmt;
use std::sync::Arc;

use easemob_token_core::{
    AppKey, AppToken, ClientCredentials, Inherit, Password, Secret, Ttl, UserToken,
};

use crate::acquire::Acquirer;
use crate::builder::ClientBuilder;
use crate::error::Error;
use crate::request::{PasswordTokenRequest, UserTokenRequest};

/// Gets tokens of one app. Cheap to clone: all clones share one transport and one set of settings.
///
/// `Debug` shows no secret.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) acquirer: Acquirer,
    /// The grant for the app token, or why there is none.
    pub(crate) credentials: Option<ClientCredentials>,
    pub(crate) authorize_password: bool,
}

impl Client {
    /// Starts with nothing set.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::new()
    }

    pub(crate) fn new(shared: Shared) -> Self {
        Self { shared: Arc::new(shared) }
    }

    /// The app whose tokens these are.
    #[must_use]
    pub fn app_key(&self) -> &AppKey {
        self.shared.acquirer.endpoint.app_key()
    }

    /// An app token, by the app's client ID and client secret (grant `client_credentials`).
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) where the client has no credentials; any
    /// other kind as the service or the network has it.
    pub async fn app_token(&self) -> Result<AppToken, Error> {
        let grant = self.shared.credentials.as_ref().ok_or_else(|| {
            Error::invalid_input("client_credentials: missing; the app token needs them")
        })?;
        self.shared.acquirer.acquire(grant).await
    }

    /// A user token, by user ID (grant `inherit`): upstream's recommendation. The app token that
    /// it needs is fetched first.
    ///
    /// The request goes out when the value is awaited.
    pub fn user_token(&self, username: impl Into<String>) -> UserTokenRequest {
        UserTokenRequest::new(self.clone(), username.into())
    }

    /// A user token, by user ID and password (grant `password`): upstream calls it deprecated and
    /// still serves it. The service checks the password every time.
    ///
    /// The request goes out when the value is awaited.
    pub fn user_token_by_password(
        &self,
        username: impl Into<String>,
        password: impl Into<Secret>,
    ) -> PasswordTokenRequest {
        PasswordTokenRequest::new(self.clone(), username.into(), password.into())
    }

    pub(crate) async fn inherit(
        &self,
        username: String,
        auto_create_user: bool,
        ttl: Ttl,
    ) -> Result<UserToken, Error> {
        // The user ID is checked before an app token is fetched in vain.
        if username.is_empty() {
            return Err(Error::invalid_input("user ID: is empty"));
        }
        let app_token = self.app_token().await?;
        let grant = Inherit::new(username, app_token.access_token())?
            .with_auto_create_user(auto_create_user)
            .with_ttl(ttl);
        self.shared.acquirer.acquire(&grant).await
    }

    pub(crate) async fn password(&self, grant: Password) -> Result<UserToken, Error> {
        let grant = if self.shared.authorize_password {
            grant.authorized_by(&self.app_token().await?)
        } else {
            grant
        };
        self.shared.acquirer.acquire(&grant).await
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shared = &self.shared;
        f.debug_struct("Client")
            .field("uri", shared.acquirer.endpoint.uri())
            .field("units", &shared.acquirer.endpoint.units())
            .field("credentials", &shared.credentials)
            .field("transport", &shared.acquirer.transport)
            .field("timeout", &shared.acquirer.timeout)
            .finish_non_exhaustive()
    }
}

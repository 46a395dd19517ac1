//! The client: one method a grant.

use std::fmt;
use std::pin::pin;
use std::sync::Arc;
#[cfg(feature = "dynamic")]
use std::time::Duration;

#[cfg(feature = "dynamic")]
use easemob_token_core::dynamic::{DynamicToken, Signer};
use easemob_token_core::{AccessToken, AppKey, AppToken, Password, Secret, UserToken};

use crate::acquire::Acquirer;
use crate::app_token::AppTokenCache;
use crate::authorization::Authorization;
use crate::builder::ClientBuilder;
use crate::cache::Shared;
use crate::error::Error;
use crate::event::GrantType;
use crate::on_behalf::OnBehalf;
use crate::request::{PasswordTokenRequest, UserTokenRequest};
use crate::user_tokens::{UserTokens, Wish};

/// Gets tokens of one app. Cheap to clone: all clones share one transport, one set of settings and
/// one app token.
///
/// `Debug` shows no secret.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Settled>,
}

/// What the clones of a client share.
pub(crate) struct Settled {
    pub(crate) acquirer: Arc<Acquirer>,
    /// The shared app token and what it permits; `None` where the client has no credentials.
    pub(crate) behalf: Option<OnBehalf>,
    /// `None` where user tokens are not kept.
    pub(crate) user_tokens: Option<UserTokens>,
    pub(crate) authorize_password: bool,
    /// `None` where the client has no credentials.
    #[cfg(feature = "dynamic")]
    pub(crate) signer: Option<Signer>,
}

impl Client {
    /// Starts with nothing set.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::new()
    }

    pub(crate) fn new(settled: Settled) -> Self {
        Self { shared: Arc::new(settled) }
    }

    /// The app whose tokens these are.
    #[must_use]
    pub fn app_key(&self) -> &AppKey {
        self.shared.acquirer.endpoint.app_key()
    }

    /// The app token, by the app's client ID and client secret (grant `client_credentials`).
    ///
    /// It is kept and shared. A token that is good is handed out at once, without a lock, an
    /// allocation or a shared counter, whatever the service does meanwhile; one that nears its end
    /// is renewed beside the callers. However many callers want it, one acquisition runs, and a
    /// caller that gives up does not stop it: at most [three](ClientBuilder::max_attempts)
    /// requests at least a second apart, within [twenty seconds](ClientBuilder::deadline). A failure
    /// is shared by all who waited for it, and remembered for a moment: refused credentials for a
    /// minute, passing trouble for ten seconds at most. Whatever callers do, no more than ten
    /// requests for it go out in a minute.
    ///
    /// A token whose lifetime the service does not tell is handed out and not kept.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) where the client has no credentials; any
    /// other kind as the service or the network has it.
    pub async fn app_token(&self) -> Result<Shared<AppToken>, Error> {
        self.app_tokens()?.get().await
    }

    /// The app token for a call of another endpoint of the REST API, as the header that such a call
    /// carries, with help for a 401: see [`Authorization`].
    ///
    /// # Errors
    ///
    /// As [`app_token`](Self::app_token).
    pub async fn authorize(&self) -> Result<Authorization, Error> {
        self.authorization(&*self.app_token().await?)
    }

    pub(crate) fn authorization(&self, token: &AppToken) -> Result<Authorization, Error> {
        Ok(Authorization::new(self.app_tokens()?, token))
    }

    /// Tells that the service refused this app token (401): the next call gets another one.
    ///
    /// A thousand reports of one token cause one request, and a report about an older token none.
    /// [`authorize`](Self::authorize) does it for one call; this is for those who hold a token by
    /// themselves.
    pub fn invalidate_app_token(&self, refused: &AppToken) {
        if let Ok(app_tokens) = self.app_tokens() {
            app_tokens.invalidate(refused.access_token());
        }
    }

    /// A user token, by user ID (grant `inherit`): upstream's recommendation. It carries the shared
    /// app token, and a new one, once, where the service refuses that.
    ///
    /// The request goes out when the value is awaited. Each call asks the service, unless the
    /// client keeps user tokens ([`ClientBuilder::keep_user_tokens`]).
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

    /// A dynamic user token, made here: no request, no rate limit, nothing is sent.
    ///
    /// It lives for `ttl`, in whole seconds from now, and belongs to the user `username` in lower
    /// case; whether there is such a user is not asked. One that lives longer than a day
    /// ([`LONG_TTL`](crate::dynamic::LONG_TTL)) is made and warned about, once, through `tracing`.
    /// What the rule behind these tokens does not protect from is in [`crate::dynamic`].
    ///
    /// ```
    /// # #[cfg(feature = "hyper")]
    /// # fn run() -> Result<(), Box<dyn std::error::Error>> {
    /// # use easemob_token::{Client, hyper::HyperTransport};
    /// use std::time::Duration;
    ///
    /// let client = Client::builder()
    ///     .base_url("https://a1.easemob.com")
    ///     .app_key("easemob-demo#testapp")
    ///     .client_credentials("YXA6i-Ak8Ol4Eei2l11ZjV-EAg", "YXA6VunqiNxoB7IwXHInk1cGiXOOJfc")
    ///     .transport(HyperTransport::new())
    ///     .build()?;
    /// let token = client.dynamic_token("alice", Duration::from_secs(600))?;
    /// assert!(token.access_token().expose().starts_with("ZHQt"));
    /// # Ok(()) }
    /// # #[cfg(feature = "hyper")]
    /// # run().unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) where the client has no credentials, the
    /// user ID is not 1 to 64 bytes of `a-z 0-9 _ . -` in whatever case, `ttl` is shorter than a
    /// second, or this machine's clock is before 1970.
    #[cfg(feature = "dynamic")]
    pub fn dynamic_token(&self, username: &str, ttl: Duration) -> Result<DynamicToken, Error> {
        let signer = self.shared.signer.as_ref().ok_or_else(|| {
            Error::invalid_input("client_credentials: missing; a dynamic token is signed with them")
        })?;
        let acquirer = &self.shared.acquirer;
        let token = signer.token(username, ttl, acquirer.clock.now().wall)?;
        acquirer.telemetry.warnings.made(&token);
        Ok(token)
    }

    #[cfg(all(test, any(feature = "hyper", all(feature = "isahc", feature = "blocking"))))]
    pub(crate) fn clock(&self) -> &crate::clock::Clock {
        &self.shared.acquirer.clock
    }

    /// The kept app token where it may be handed out.
    #[cfg(feature = "blocking")]
    pub(crate) fn app_token_at_hand(&self) -> Result<Option<Shared<AppToken>>, Error> {
        Ok(self.app_tokens()?.at_hand())
    }

    /// The kept user token where it may be handed out.
    #[cfg(feature = "blocking")]
    pub(crate) fn user_token_at_hand(&self, wish: &Wish) -> Option<UserToken> {
        self.shared.user_tokens.as_ref()?.at_hand(wish)
    }

    #[cfg(feature = "blocking")]
    pub(crate) fn runtime(&self) -> &Arc<dyn easemob_token_transport::Runtime> {
        &self.shared.acquirer.runtime
    }

    pub(crate) async fn inherit(&self, wish: Wish) -> Result<UserToken, Error> {
        // The user ID is checked before an app token is fetched in vain.
        if wish.username.is_empty() {
            return Err(Error::invalid_input("user ID: is empty"));
        }
        let behalf = self.behalf()?;
        match &self.shared.user_tokens {
            Some(user_tokens) => user_tokens.get(&wish).await,
            None => {
                let fetch = pin!(wish.fetch(behalf, u32::MAX, || {}));
                self.shared.acquirer.unkept(GrantType::Inherit, fetch).await
            }
        }
    }

    pub(crate) fn invalidate_user_token(&self, wish: &Wish, refused: &AccessToken) {
        if let Some(user_tokens) = &self.shared.user_tokens {
            user_tokens.invalidate(wish, refused);
        }
    }

    /// Never from a cache: whoever gave a wrong password would be let in.
    pub(crate) async fn password(&self, grant: Password) -> Result<UserToken, Error> {
        const GRANT: GrantType = GrantType::Password;
        let acquirer = &self.shared.acquirer;
        if self.shared.authorize_password {
            let make = |app_token: &AppToken| Ok(grant.clone().authorized_by(app_token));
            let fetch = pin!(self.behalf()?.acquire(GRANT, u32::MAX, || {}, make));
            acquirer.unkept(GRANT, fetch).await
        } else {
            let fetch = pin!(acquirer.start(GRANT, u32::MAX, || {}).acquire(&grant));
            acquirer.unkept(GRANT, fetch).await
        }
    }

    fn app_tokens(&self) -> Result<&Arc<AppTokenCache>, Error> {
        self.behalf().map(|behalf| &behalf.app_token)
    }

    fn behalf(&self) -> Result<&OnBehalf, Error> {
        self.shared.behalf.as_ref().ok_or_else(|| {
            Error::invalid_input("client_credentials: missing; the app token needs them")
        })
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shared = &self.shared;
        f.debug_struct("Client")
            .field("uri", shared.acquirer.endpoint.uri())
            .field("units", &shared.acquirer.endpoint.units())
            .field("app_token", &shared.behalf.as_ref().map(|behalf| &behalf.app_token))
            .field("user_tokens", &shared.user_tokens)
            .field("transport", &shared.acquirer.transport)
            .field("timeout", &shared.acquirer.timeout)
            .finish_non_exhaustive()
    }
}

//! The client: one method a grant.

use std::fmt;
use std::sync::Arc;
#[cfg(feature = "dynamic")]
use std::time::Duration;

use easemob_token_core::Secret;
#[cfg(feature = "dynamic")]
use easemob_token_core::dynamic::{DynamicToken, Signer};
use easemob_token_core::{
    AppKey, AppToken, BuildError, Grant, Inherit, NextStep, Password, Ttl, UserToken,
};

use crate::acquire::Acquirer;
use crate::app_token::AppTokenCache;
use crate::builder::ClientBuilder;
use crate::error::Error;
use crate::request::{PasswordTokenRequest, UserTokenRequest};
use crate::warnings::Received;

/// Gets tokens of one app. Cheap to clone: all clones share one transport, one set of settings and
/// one app token.
///
/// `Debug` shows no secret.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) acquirer: Arc<Acquirer>,
    /// The shared app token; `None` where the client has no credentials for one.
    pub(crate) app_token: Option<Arc<AppTokenCache>>,
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

    pub(crate) fn new(shared: Shared) -> Self {
        Self { shared: Arc::new(shared) }
    }

    /// The app whose tokens these are.
    #[must_use]
    pub fn app_key(&self) -> &AppKey {
        self.shared.acquirer.endpoint.app_key()
    }

    /// The app token, by the app's client ID and client secret (grant `client_credentials`).
    ///
    /// It is kept and shared. A token that is good is handed out at once, without a lock, whatever
    /// the service does meanwhile; one that nears its end is renewed beside the callers. However
    /// many callers want it, one acquisition runs, at most three requests at least a second apart,
    /// and a caller that gives up does not stop it. A failure is shared by all who waited for it,
    /// and remembered for a moment: refused credentials for a minute.
    ///
    /// A token whose lifetime the service does not tell is handed out and not kept.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) where the client has no credentials; any
    /// other kind as the service or the network has it.
    pub async fn app_token(&self) -> Result<AppToken, Error> {
        self.cache()?.get().await
    }

    /// Tells that the service refused this app token (401): the next call gets another one.
    ///
    /// A thousand reports of one token cause one request, and a report about an older token none.
    /// For those who call other REST endpoints with it:
    ///
    /// ```no_run
    /// # async fn call(_: http::HeaderValue) -> u16 { 200 }
    /// # async fn run(client: easemob_token::Client) -> Result<(), easemob_token::Error> {
    /// let token = client.app_token().await?;
    /// if call(token.authorization()).await == 401 {
    ///     client.invalidate_app_token(&token);
    ///     call(client.app_token().await?.authorization()).await;
    /// }
    /// # Ok(()) }
    /// ```
    pub fn invalidate_app_token(&self, refused: &AppToken) {
        if let Some(cache) = &self.shared.app_token {
            cache.invalidate(refused);
        }
    }

    /// A user token, by user ID (grant `inherit`): upstream's recommendation. It carries the shared
    /// app token, and a new one, once, where the service refuses that.
    ///
    /// The request goes out when the value is awaited. User tokens are not kept.
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
        acquirer.warnings.made(&token);
        Ok(token)
    }

    #[cfg(all(test, feature = "hyper"))]
    pub(crate) fn clock(&self) -> &crate::clock::Clock {
        &self.shared.acquirer.clock
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
        self.on_behalf_of_the_app(|app_token| {
            let grant = Inherit::new(&*username, app_token.access_token())?;
            Ok(grant.with_auto_create_user(auto_create_user).with_ttl(ttl))
        })
        .await
    }

    pub(crate) async fn password(&self, grant: Password) -> Result<UserToken, Error> {
        if self.shared.authorize_password {
            self.on_behalf_of_the_app(|app_token| Ok(grant.clone().authorized_by(app_token))).await
        } else {
            self.shared.acquirer.acquire(&grant, || {}).await
        }
    }

    /// The token of a grant that carries the app token; with a new one, once, after a 401.
    async fn on_behalf_of_the_app<G: Grant<Token: Received>>(
        &self,
        grant: impl Fn(&AppToken) -> Result<G, BuildError>,
    ) -> Result<G::Token, Error> {
        let (cache, acquirer) = (self.cache()?, &self.shared.acquirer);
        let mut app_token = cache.get().await?;
        let mut flow = acquirer.start();
        loop {
            let error = match acquirer.send(&grant(&app_token)?, &flow).await {
                Ok(token) => return Ok(token),
                Err(error) => error,
            };
            match acquirer.next_step(&error, &mut flow).await {
                NextStep::SendAt(_) => {}
                NextStep::SendWithNewAppTokenAt(_) => {
                    cache.invalidate(&app_token);
                    app_token = cache.get().await?;
                }
                NextStep::GiveUp => return Err(error),
            }
        }
    }

    fn cache(&self) -> Result<&Arc<AppTokenCache>, Error> {
        self.shared.app_token.as_ref().ok_or_else(|| {
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
            .field("app_token", &shared.app_token)
            .field("transport", &shared.acquirer.transport)
            .field("timeout", &shared.acquirer.timeout)
            .finish_non_exhaustive()
    }
}

//! The client: one method a grant.

mod authorization;
mod builder;
mod request;

use std::fmt;
use std::sync::Arc;
#[cfg(any(feature = "blocking", feature = "dynamic"))]
use std::time::Duration;

#[cfg(feature = "dynamic")]
use easemob_token_core::dynamic::{DynamicToken, Signer};
use easemob_token_core::{
    AccessToken, AppKey, AppToken, BuildError, Password, Refusal, Secret, UserToken,
};

pub use self::authorization::Authorization;
pub use self::builder::ClientBuilder;
pub use self::request::{PasswordTokenRequest, UserTokenRequest};
use crate::acquire::{Plain, RequestContext};
use crate::cache::TokenGuard;
use crate::error::Error;
use crate::tokens::{AppAuthorized, AppTokenCache, UserTokenKey, UserTokens, WithAppToken};

/// Gets tokens of one app. Cheap to clone: all clones share one transport, one set of settings and
/// one app token.
///
/// `Debug` shows no secret.
#[derive(Clone)]
pub struct Client {
    inner: Arc<ClientInner>,
}

/// What the clones of a client share.
pub(crate) struct ClientInner {
    pub(crate) context: Arc<RequestContext>,
    /// The shared app token and what it permits; `None` if the client has no credentials.
    pub(crate) with_app_token: Option<WithAppToken>,
    /// `None` if user tokens are not cached.
    pub(crate) user_tokens: Option<Arc<UserTokens>>,
    pub(crate) authorize_password: bool,
    /// `None` if the client has no credentials.
    #[cfg(feature = "dynamic")]
    pub(crate) signer: Option<Signer>,
}

impl Client {
    /// Starts with nothing set.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::new()
    }

    pub(crate) fn new(inner: ClientInner) -> Self {
        Self { inner: Arc::new(inner) }
    }

    /// The app whose tokens these are.
    #[must_use]
    pub fn app_key(&self) -> &AppKey {
        self.inner.context.endpoint.app_key()
    }

    /// The app token, by the app's client ID and client secret (grant `client_credentials`).
    ///
    /// It is cached and shared. A token that is good is handed out at once, without a lock, an
    /// allocation or a shared counter, whatever the service does meanwhile; one that nears its end
    /// is renewed beside the callers. However many callers want it, one acquisition runs, and a
    /// caller that gives up does not stop it: at most [three](ClientBuilder::max_attempts)
    /// requests at least a second apart, within [twenty seconds](ClientBuilder::acquisition_deadline), which is
    /// also as long as a caller waits. A failure is shared by all who waited for it, and remembered
    /// for a moment: a refusal of the service's own for a minute, passing trouble for ten seconds at
    /// most. Whatever callers do, no more than ten requests for it are sent in a minute.
    ///
    /// A token whose lifetime the service does not tell is used for a minute, or for as long as it
    /// says itself, an hour at most.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) if the client has no credentials;
    /// [`Timeout`](crate::ErrorKind::Timeout) if the deadline passes; any other kind as the service
    /// or the network has it.
    pub async fn app_token(&self) -> Result<TokenGuard<AppToken>, Error> {
        self.app_tokens()?.get(|| self.inner.context.deadline()).await
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
        Ok(Authorization::new(self.with_app_token()?, token))
    }

    /// Reports that the service refused this app token (401).
    ///
    /// A report is evidence and no order: an endpoint can refuse a good token. The token is replaced,
    /// and stays in use for all callers until the new one is there. A thousand reports of one token
    /// cause one request, and a report about an older token none; reports cause two replacements
    /// at once and then one a minute. A token that the token endpoint itself has accepted, and then
    /// refuses for two users in a row, is not used any more.
    ///
    /// To wait for the new token and repeat one call, use [`authorize`](Self::authorize).
    pub fn invalidate_app_token(&self, refused: &AppToken) {
        if let Ok(app_tokens) = self.app_tokens() {
            let refusal = Refusal { sent: self.inner.context.clock.uptime(), user: None };
            let _ = app_tokens.report(refused.access_token(), &refusal);
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
        let signer = self.inner.signer.as_ref().ok_or_else(|| {
            Error::invalid_input("client_credentials: missing; a dynamic token is signed with them")
        })?;
        let context = &self.inner.context;
        let token = signer.token(username, ttl, context.clock.now().wall)?;
        context.telemetry.warnings.made(&token);
        Ok(token)
    }

    #[cfg(all(test, any(feature = "hyper", all(feature = "isahc", feature = "blocking"))))]
    pub(crate) fn clock(&self) -> &crate::clock::Clock {
        &self.inner.context.clock
    }

    /// The cached app token if it may be handed out.
    #[cfg(feature = "blocking")]
    pub(crate) fn peek_app_token(&self) -> Result<Option<TokenGuard<AppToken>>, Error> {
        Ok(self.app_tokens()?.peek())
    }

    /// The cached user token if it may be handed out.
    #[cfg(feature = "blocking")]
    pub(crate) fn peek_user_token(&self, key: &UserTokenKey) -> Option<UserToken> {
        self.inner.user_tokens.as_ref()?.peek(key)
    }

    #[cfg(feature = "blocking")]
    pub(crate) fn runtime(&self) -> (&dyn easemob_token_transport::Runtime, Duration) {
        let context = &self.inner.context;
        (&*context.runtime, context.limits.deadline)
    }

    pub(crate) async fn inherit(&self, key: UserTokenKey) -> Result<UserToken, Error> {
        let with_app_token = self.with_app_token()?;
        match &self.inner.user_tokens {
            Some(user_tokens) => user_tokens.get(&key).await,
            None => self.inner.context.acquire_uncached(&key.source(with_app_token)).await,
        }
    }

    pub(crate) fn invalidate_user_token(&self, key: &UserTokenKey, refused: &AccessToken) {
        if let Some(user_tokens) = &self.inner.user_tokens {
            user_tokens.invalidate(key, refused);
        }
    }

    /// Never from a cache: otherwise a caller with a wrong password would be let in.
    pub(crate) async fn password(&self, grant: Password) -> Result<UserToken, Error> {
        let context = &self.inner.context;
        if !self.inner.authorize_password {
            return context.acquire_uncached(&Plain(&grant)).await;
        }
        let make = |app_token: &AppToken| -> Result<Password, BuildError> {
            Ok(grant.clone().authorized_by(app_token))
        };
        let app_tokens = self.app_tokens()?;
        let source = AppAuthorized { app_tokens, user_id: grant.user_id(), make };
        context.acquire_uncached(&source).await
    }

    fn app_tokens(&self) -> Result<&Arc<AppTokenCache>, Error> {
        self.with_app_token().map(|it| &it.app_tokens)
    }

    fn with_app_token(&self) -> Result<&WithAppToken, Error> {
        self.inner.with_app_token.as_ref().ok_or_else(|| {
            Error::invalid_input("client_credentials: missing; the app token needs them")
        })
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (inner, context) = (&self.inner, &self.inner.context);
        f.debug_struct("Client")
            .field("uri", context.endpoint.uri())
            .field("units", &context.endpoint.units())
            .field("app_token", &inner.with_app_token.as_ref().map(|it| &it.app_tokens))
            .field("user_tokens", &inner.user_tokens)
            .field("transport", &context.transport)
            .field("timeout", &context.request_timeout)
            .finish_non_exhaustive()
    }
}

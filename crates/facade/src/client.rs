//! The client: one method per grant.

mod authorization;
mod builder;
mod request;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
#[cfg(any(feature = "blocking", feature = "dynamic"))]
use std::time::Duration;

#[cfg(feature = "dynamic")]
use easemob_token_core::dynamic::{DynamicToken, Signer};
use easemob_token_core::{AppKey, BaseUrl, BuildError, Password, Refusal, Secret};

pub use self::authorization::Authorization;
pub use self::builder::ClientBuilder;
pub use self::request::{PasswordTokenRequest, UserTokenFuture, UserTokenRequest};
use crate::acquire::{Plain, RequestContext, acquire_uncached};
use crate::cache::TokenGuard;
use crate::error::Error;
use crate::issued::{AppToken, UserToken};
use crate::tokens::{AppAuthorized, AppTokenCache, Lookup, UserTokenKey, UserTokens, WithAppToken};

/// A client that gets tokens of one app.
///
/// Cheap to clone: all clones share one transport, one set of settings and one app token. `Debug`
/// shows no secret.
#[derive(Clone)]
pub struct Client {
    inner: Arc<ClientInner>,
}

/// State that the clones of a client share.
pub(crate) struct ClientInner {
    pub(crate) context: Arc<RequestContext>,
    /// `None` if the client has no credentials.
    pub(crate) with_app_token: Option<WithAppToken>,
    /// `None` if user tokens are not cached.
    pub(crate) user_tokens: Option<Arc<UserTokens>>,
    pub(crate) authorize_password: bool,
    /// `None` if the client has no credentials.
    #[cfg(feature = "dynamic")]
    pub(crate) signer: Option<Signer>,
}

impl Client {
    /// Starts a builder for the app `app_key` on the cluster at `base_url`.
    ///
    /// Each is text or a parsed value: the base URL is scheme, host and port of the cluster's REST
    /// API, such as `https://a1.easemob.com`; the App Key is `org#app`, as the console shows it. An
    /// invalid one is an error of [`build`](ClientBuilder::build).
    ///
    /// ```
    /// use easemob_token::{AppKey, Client};
    ///
    /// let app_key = AppKey::new("easemob-demo", "testapp")?;
    /// let builder = Client::builder("https://a1.easemob.com", app_key);
    /// # Ok::<(), easemob_token::BuildError>(())
    /// ```
    pub fn builder(
        base_url: impl TryInto<BaseUrl, Error: Into<BuildError>>,
        app_key: impl TryInto<AppKey, Error: Into<BuildError>>,
    ) -> ClientBuilder {
        let (base_url, app_key) = (base_url.try_into(), app_key.try_into());
        ClientBuilder::new(base_url.map_err(Into::into), app_key.map_err(Into::into))
    }

    pub(crate) fn new(inner: ClientInner) -> Self {
        Self { inner: Arc::new(inner) }
    }

    /// The App Key of the app whose tokens this client gets.
    #[must_use]
    pub fn app_key(&self) -> &AppKey {
        self.inner.context.endpoint.app_key()
    }

    /// The base URL of the cluster's REST API.
    #[must_use]
    pub fn base_url(&self) -> &BaseUrl {
        self.inner.context.endpoint.base_url()
    }

    /// The URL of another REST endpoint of the app, `{base URL}/{org}/{app}/{segments}`, for calls with
    /// [`authorize`](Self::authorize).
    ///
    /// Each segment is percent-encoded, so that a user ID cannot lead to another endpoint. Append a
    /// query yourself.
    ///
    /// ```
    /// use easemob_token::{Client, Error, transport::http};
    ///
    /// async fn request_of(client: &Client, user_id: &str) -> Result<http::Request<()>, Error> {
    ///     let request = http::Request::delete(client.endpoint_url(["users", user_id])?)
    ///         .header("authorization", client.authorize().await?.header());
    ///     Ok(request.body(()).expect("a URL is valid"))
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) if a segment is empty, `.` or `..`.
    pub fn endpoint_url(
        &self,
        segments: impl IntoIterator<Item: AsRef<str>>,
    ) -> Result<String, Error> {
        Ok(self.inner.context.endpoint.app_url(segments)?)
    }

    /// Gets the app token, by the app's client ID and client secret (grant `client_credentials`).
    ///
    /// The token is cached and shared. A fresh token is returned at once, whatever the service does;
    /// a token near its end is returned too, and refreshed in the background. Otherwise the call
    /// waits for an acquisition, at most for the
    /// [deadline](ClientBuilder::acquisition_deadline). All callers share one acquisition, and one
    /// that is cancelled does not stop it.
    ///
    /// All waiters of a failed acquisition get the same error. It is remembered: a refusal by the
    /// service for a minute, a passing failure for at most ten seconds.
    ///
    /// If the service does not report how long a token lives, the token is used for a minute, or as
    /// long as the token itself says, at most an hour.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) if the client has no credentials,
    /// [`Timeout`](crate::ErrorKind::Timeout) if the deadline passes; otherwise the failure of the
    /// service or the network.
    pub async fn app_token(&self) -> Result<TokenGuard<AppToken>, Error> {
        self.app_tokens()?.get(|| self.inner.context.deadline()).await
    }

    /// Gets an `Authorization` header for a call of another REST endpoint, with help for a 401: see
    /// [`Authorization`].
    ///
    /// # Errors
    ///
    /// See [`app_token`](Self::app_token).
    pub async fn authorize(&self) -> Result<Authorization, Error> {
        self.authorization(&*self.app_token().await?)
    }

    pub(crate) fn authorization(&self, token: &AppToken) -> Result<Authorization, Error> {
        Ok(Authorization::new(self.with_app_token()?, token))
    }

    /// Reports that the service refused this app token (401).
    ///
    /// A report is evidence, since an endpoint can refuse a good token: the token is replaced in the
    /// background and stays in use until the new one is there. Many reports of one token cause one
    /// request; reports of an older token cause none. Reports cause two replacements at once and
    /// then one a minute. Only a token that the token endpoint refuses for two users, with no success
    /// in between, is dropped at once.
    ///
    /// To wait for the new token and repeat a call, use [`authorize`](Self::authorize).
    pub fn invalidate_app_token(&self, refused: &AppToken) {
        if let Ok(app_tokens) = self.app_tokens() {
            let refusal = Refusal { sent: self.inner.context.clock.uptime(), user: None };
            let _ = app_tokens.report(refused.access_token(), &refusal);
        }
    }

    /// Gets a user token by user ID (grant `inherit`), which the service recommends.
    ///
    /// The request carries the shared app token; if the service refuses that, it is sent once more
    /// with a new one. It is sent when the returned value is awaited. Every call sends a request,
    /// unless user tokens are [cached](ClientBuilder::cache_user_tokens).
    ///
    /// The request borrows the client, so that a hit costs neither an allocation nor a shared counter. For
    /// a task of its own, move a clone of the client into it:
    ///
    /// ```
    /// use easemob_token::{Client, Error, UserToken};
    ///
    /// fn task(client: &Client, user_id: &str) -> impl Future<Output = Result<UserToken, Error>> + use<> {
    ///     let (client, user_id) = (client.clone(), user_id.to_owned());
    ///     async move { client.user_token(user_id).await }
    /// }
    /// ```
    pub fn user_token<'a>(&'a self, user_id: impl Into<Cow<'a, str>>) -> UserTokenRequest<'a> {
        UserTokenRequest::new(self, user_id.into())
    }

    /// Reports that the service refused this user token (401).
    ///
    /// The cache will not return it again, whatever options it was fetched with. The next call for
    /// it sends a request.
    ///
    /// Does nothing if the token is not the cached one, or if it cannot be replaced now: reports
    /// drop two tokens of a user and options at once, then one a minute.
    pub fn invalidate_user_token(&self, refused: &UserToken) {
        if let Some(user_tokens) = &self.inner.user_tokens {
            user_tokens.invalidate(refused);
        }
    }

    /// Gets a user token by user ID and password (grant `password`), which the service calls
    /// deprecated and still supports.
    ///
    /// The request is sent when the returned value is awaited. Every call sends a request, so that
    /// the service checks the password every time.
    pub fn user_token_by_password(
        &self,
        user_id: impl Into<String>,
        password: impl Into<Secret>,
    ) -> PasswordTokenRequest {
        PasswordTokenRequest::new(self.clone(), user_id.into(), password.into())
    }

    /// Makes a dynamic user token locally: nothing is sent.
    ///
    /// The token lives for `ttl`, in whole seconds from now, and belongs to the user `user_id` in
    /// lower case; whether that user exists is not checked. A lifetime of more than a day
    /// ([`LONG_TTL`](crate::dynamic::LONG_TTL)) is warned about once, through `tracing`. For the
    /// limits of these tokens' protection, see [`crate::dynamic`].
    ///
    /// ```
    /// # #[cfg(feature = "hyper")]
    /// # fn run() -> Result<(), Box<dyn std::error::Error>> {
    /// # use easemob_token::{Client, hyper::HyperTransport};
    /// use std::time::Duration;
    ///
    /// let client = Client::builder("https://a1.easemob.com", "easemob-demo#testapp")
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
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) if the client has no credentials, the user ID
    /// is not 1 to 64 bytes of `a-z 0-9 _ . -` in any case, `ttl` is shorter than a second, or this
    /// machine's clock is before 1970.
    #[cfg(feature = "dynamic")]
    pub fn dynamic_token(&self, user_id: &str, ttl: Duration) -> Result<DynamicToken, Error> {
        let signer = self.signer()?;
        let context = &self.inner.context;
        let token = signer.token(user_id, ttl, context.clock.now().wall.into())?;
        context.telemetry.warnings.made(&token);
        Ok(token)
    }

    /// A signer with the credentials of now.
    #[cfg(feature = "dynamic")]
    fn signer(&self) -> Result<Cow<'_, Signer>, Error> {
        let provided =
            self.inner.with_app_token.as_ref().and_then(|it| it.app_tokens.source().provided());
        if let Some(known) = provided {
            let signer = Signer::new(self.app_key(), &known.client_id, &known.secret)?;
            return Ok(Cow::Owned(signer));
        }
        let signer = self.inner.signer.as_ref().ok_or_else(|| {
            Error::invalid_input("client_credentials: missing; a dynamic token is signed with them")
        })?;
        Ok(Cow::Borrowed(signer))
    }

    /// The cached app token if it is usable.
    #[cfg(feature = "blocking")]
    pub(crate) fn peek_app_token(&self) -> Result<Option<TokenGuard<AppToken>>, Error> {
        Ok(self.app_tokens()?.peek())
    }

    /// The cached user token if it is usable.
    #[cfg(feature = "blocking")]
    pub(crate) fn peek_user_token(&self, key: &UserTokenKey) -> Option<UserToken> {
        self.inner.user_tokens.as_ref()?.peek(key)
    }

    #[cfg(feature = "blocking")]
    pub(crate) fn runtime(&self) -> (&dyn easemob_token_transport::Runtime, Duration) {
        let context = &self.inner.context;
        (&*context.runtime, context.limits.deadline)
    }

    /// The cached user token if it is fresh.
    pub(crate) fn fresh_user_token(&self, lookup: &Lookup<'_>) -> Option<UserToken> {
        self.inner.user_tokens.as_ref()?.try_fresh(lookup)
    }

    pub(crate) async fn inherit(&self, key: UserTokenKey) -> Result<UserToken, Error> {
        let with_app_token = self.with_app_token()?;
        match &self.inner.user_tokens {
            Some(user_tokens) => user_tokens.get(&key).await,
            None => acquire_uncached(&self.inner.context, &key.source(with_app_token)).await,
        }
    }

    /// Never uses a cache: otherwise a wrong password would get a token.
    pub(crate) async fn password(&self, grant: Password) -> Result<UserToken, Error> {
        let context = &self.inner.context;
        if !self.inner.authorize_password {
            return acquire_uncached(context, &Plain(&grant)).await;
        }
        let make = |app_token: &AppToken| -> Result<Password, BuildError> {
            Ok(grant.clone().authorized_by(app_token))
        };
        let app_tokens = self.app_tokens()?;
        let source = AppAuthorized { app_tokens, user_id: grant.user_id(), make };
        // On the heap, so that the future of the other case stays small.
        Box::pin(acquire_uncached(context, &source)).await
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
            .field("request_timeout", &context.request_timeout)
            .finish_non_exhaustive()
    }
}

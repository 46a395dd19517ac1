//! Requests for user tokens: options, then `.await` or `.send().await`.

use std::borrow::Cow;
use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::task::{Context, Poll};

#[cfg(feature = "blocking")]
use easemob_token_core::BuildError;
use easemob_token_core::{Password, Secret, Ttl};

use super::Client;
use crate::error::Error;
use crate::issued::UserToken;
use crate::tokens::Lookup;
#[cfg(feature = "blocking")]
use crate::tokens::UserTokenKey;

type TokenFuture = Pin<Box<dyn Future<Output = Result<UserToken, Error>> + Send>>;

/// A request for a user token by user ID, sent when it is awaited. Made by [`Client::user_token`].
#[must_use = "nothing is sent until it is awaited"]
#[derive(Debug)]
pub struct UserTokenRequest<'a> {
    client: &'a Client,
    lookup: Lookup<'a>,
}

impl<'a> UserTokenRequest<'a> {
    pub(crate) fn new(client: &'a Client, user_id: Cow<'a, str>) -> Self {
        Self { client, lookup: Lookup::new(user_id) }
    }

    /// Creates the user if it does not exist. Default: `false`.
    pub fn auto_create_user(mut self, create: bool) -> Self {
        self.lookup.options = self.lookup.options.with_auto_create_user(create);
        self
    }

    /// Requests this lifetime instead of the server's default.
    pub fn ttl(mut self, ttl: impl Into<Ttl>) -> Self {
        self.lookup.options = self.lookup.options.with_ttl(ttl.into());
        self
    }

    /// Sends the request and waits for the token; awaiting the request itself does the same.
    ///
    /// # Errors
    ///
    /// See [`Client::user_token`].
    pub async fn send(self) -> Result<UserToken, Error> {
        self.await
    }

    /// The cached token if it is fresh.
    fn fresh(&self) -> Option<UserToken> {
        self.client.fresh_user_token(&self.lookup)
    }

    /// The client, and what it needs to send the request later.
    #[cfg(feature = "blocking")]
    pub(crate) fn into_parts(self) -> Result<(&'a Client, UserTokenKey), BuildError> {
        Ok((self.client, self.lookup.key()?))
    }
}

impl<'a> IntoFuture for UserTokenRequest<'a> {
    type Output = Result<UserToken, Error>;
    type IntoFuture = UserTokenFuture<'a>;

    fn into_future(self) -> UserTokenFuture<'a> {
        UserTokenFuture(State::New(self))
    }
}

/// The future of a [`UserTokenRequest`]. With a fresh token in the cache it is ready at once.
#[must_use = "nothing is sent until it is awaited"]
pub struct UserTokenFuture<'a>(State<'a>);

enum State<'a> {
    New(UserTokenRequest<'a>),
    /// Only a call that has to wait takes the memory of an acquisition.
    Waiting(TokenFuture),
    Ended,
}

impl Future for UserTokenFuture<'_> {
    type Output = Result<UserToken, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if let State::New(request) = &self.0 {
            if let Some(token) = request.fresh() {
                self.0 = State::Ended;
                return Poll::Ready(Ok(token));
            }
            let (client, key) = (request.client.clone(), request.lookup.key());
            self.0 = State::Waiting(Box::pin(async move { client.inherit(key?).await }));
        }
        let State::Waiting(waiting) = &mut self.0 else {
            // As a future of an `async` block does.
            panic!("a future was polled after it had ended");
        };
        let result = waiting.as_mut().poll(cx);
        if result.is_ready() {
            self.0 = State::Ended;
        }
        result
    }
}

impl fmt::Debug for UserTokenFuture<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserTokenFuture").finish_non_exhaustive()
    }
}

/// A request for a user token by user ID and password, sent when it is awaited. Made by
/// [`Client::user_token_by_password`].
#[must_use = "nothing is sent until it is awaited"]
pub struct PasswordTokenRequest {
    client: Client,
    user_id: String,
    password: Secret,
    ttl: Ttl,
}

impl PasswordTokenRequest {
    pub(crate) fn new(client: Client, user_id: String, password: Secret) -> Self {
        Self { client, user_id, password, ttl: Ttl::ServerDefault }
    }

    /// Requests this lifetime instead of the server's default.
    pub fn ttl(mut self, ttl: impl Into<Ttl>) -> Self {
        self.ttl = ttl.into();
        self
    }

    /// Sends the request and waits for the token; awaiting the request itself does the same.
    ///
    /// # Errors
    ///
    /// See [`Client::user_token_by_password`].
    pub async fn send(self) -> Result<UserToken, Error> {
        self.await
    }
}

impl IntoFuture for PasswordTokenRequest {
    type Output = Result<UserToken, Error>;
    type IntoFuture = TokenFuture;

    fn into_future(self) -> TokenFuture {
        let Self { client, user_id, password, ttl } = self;
        Box::pin(async move {
            let grant = Password::new(user_id, password)?.with_ttl(ttl);
            client.password(grant).await
        })
    }
}

impl fmt::Debug for PasswordTokenRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordTokenRequest")
            .field("user_id", &self.user_id)
            .field("ttl", &self.ttl)
            .finish_non_exhaustive()
    }
}

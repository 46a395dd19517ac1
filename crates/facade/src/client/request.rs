//! Requests for user tokens: options, then `.await` or `.send().await`.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::task::{Context, Poll};

use easemob_token_core::{BuildError, Password, Secret, Ttl, UserId};

use super::Client;
use crate::error::Error;
use crate::issued::UserToken;
use crate::tokens::UserTokenKey;

type TokenFuture = Pin<Box<dyn Future<Output = Result<UserToken, Error>> + Send>>;

/// A request for a user token by user ID, sent when it is awaited. Made by [`Client::user_token`].
#[must_use = "nothing is sent until it is awaited"]
#[derive(Debug)]
pub struct UserTokenRequest {
    client: Client,
    key: Result<UserTokenKey, BuildError>,
}

impl UserTokenRequest {
    pub(crate) fn new(client: Client, user_id: &str) -> Self {
        let ttl = Ttl::ServerDefault;
        let user_id = UserId::new(user_id);
        let key = user_id.map(|user_id| UserTokenKey { user_id, auto_create_user: false, ttl });
        Self { client, key }
    }

    /// Creates the user if it does not exist. Default: `false`.
    pub fn auto_create_user(mut self, create: bool) -> Self {
        if let Ok(key) = &mut self.key {
            key.auto_create_user = create;
        }
        self
    }

    /// Requests this lifetime instead of the server's default.
    pub fn ttl(mut self, ttl: impl Into<Ttl>) -> Self {
        if let Ok(key) = &mut self.key {
            key.ttl = ttl.into();
        }
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

    /// The cached token if it is usable.
    #[cfg(feature = "blocking")]
    pub(crate) fn peek(&self) -> Option<UserToken> {
        self.client.peek_user_token(self.key.as_ref().ok()?)
    }
}

impl IntoFuture for UserTokenRequest {
    type Output = Result<UserToken, Error>;
    type IntoFuture = UserTokenFuture;

    fn into_future(self) -> UserTokenFuture {
        UserTokenFuture(State::New(self))
    }
}

/// The future of a [`UserTokenRequest`]. With a fresh token in the cache it is ready at once.
#[must_use = "nothing is sent until it is awaited"]
pub struct UserTokenFuture(State);

enum State {
    New(UserTokenRequest),
    /// Only a call that has to wait takes the memory of an acquisition.
    Waiting(TokenFuture),
    Ended,
}

impl Future for UserTokenFuture {
    type Output = Result<UserToken, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut waiting = match std::mem::replace(&mut self.0, State::Ended) {
            State::New(UserTokenRequest { client, key }) => {
                let key = key?;
                if let Some(token) = client.fresh_user_token(&key) {
                    return Poll::Ready(Ok(token));
                }
                Box::pin(async move { client.inherit(key).await })
            }
            State::Waiting(waiting) => waiting,
            // As a future of an `async` block does.
            State::Ended => panic!("a future was polled after it had ended"),
        };
        let result = waiting.as_mut().poll(cx);
        if result.is_pending() {
            self.0 = State::Waiting(waiting);
        }
        result
    }
}

impl fmt::Debug for UserTokenFuture {
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

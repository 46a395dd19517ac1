//! A user token to be asked for: its options, and the moment of `.await`.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;

use easemob_token_core::{BuildError, Password, Secret, Ttl, UserId, UserToken};

use super::Client;
use crate::error::Error;
use crate::tokens::UserTokenKey;

type TokenFuture = Pin<Box<dyn Future<Output = Result<UserToken, Error>> + Send>>;

/// A user token by user ID, to be awaited. Made by [`Client::user_token`].
#[must_use = "nothing is sent until it is awaited"]
#[derive(Debug)]
pub struct UserTokenRequest {
    client: Client,
    key: Result<UserTokenKey, BuildError>,
}

impl UserTokenRequest {
    pub(crate) fn new(client: Client, username: String) -> Self {
        let ttl = Ttl::ServerDefault;
        let user_id = UserId::new(username);
        let key = user_id.map(|user_id| UserTokenKey { user_id, auto_create_user: false, ttl });
        Self { client, key }
    }

    /// Creates the user where there is none. Off unless asked for.
    pub fn auto_create_user(mut self, create: bool) -> Self {
        if let Ok(key) = &mut self.key {
            key.auto_create_user = create;
        }
        self
    }

    /// Asks for another lifetime than the server's default.
    pub fn ttl(mut self, ttl: impl Into<Ttl>) -> Self {
        if let Ok(key) = &mut self.key {
            key.ttl = ttl.into();
        }
        self
    }

    /// The cached token if it may be handed out.
    #[cfg(feature = "blocking")]
    pub(crate) fn peek(&self) -> Option<UserToken> {
        self.client.peek_user_token(self.key.as_ref().ok()?)
    }

    /// Marks this token, which was got with these very options, as refused, so that the cache does not
    /// return it again. Without
    /// [`ClientBuilder::keep_user_tokens`](crate::ClientBuilder::keep_user_tokens) it does
    /// nothing.
    ///
    /// A second report, and one about an older token, change nothing. Neither does a report of a token
    /// that cannot be replaced now: two of a user's tokens can be marked at once, then one a minute.
    pub fn invalidate(self, refused: &UserToken) {
        if let Ok(key) = &self.key {
            self.client.invalidate_user_token(key, refused.access_token());
        }
    }
}

impl IntoFuture for UserTokenRequest {
    type Output = Result<UserToken, Error>;
    type IntoFuture = TokenFuture;

    fn into_future(self) -> TokenFuture {
        let Self { client, key } = self;
        Box::pin(async move { client.inherit(key?).await })
    }
}

/// A user token by user ID and password, to be awaited. Made by
/// [`Client::user_token_by_password`].
#[must_use = "nothing is sent until it is awaited"]
pub struct PasswordTokenRequest {
    client: Client,
    username: String,
    password: Secret,
    ttl: Ttl,
}

impl PasswordTokenRequest {
    pub(crate) fn new(client: Client, username: String, password: Secret) -> Self {
        Self { client, username, password, ttl: Ttl::ServerDefault }
    }

    /// Asks for another lifetime than the server's default.
    pub fn ttl(mut self, ttl: impl Into<Ttl>) -> Self {
        self.ttl = ttl.into();
        self
    }
}

impl IntoFuture for PasswordTokenRequest {
    type Output = Result<UserToken, Error>;
    type IntoFuture = TokenFuture;

    fn into_future(self) -> TokenFuture {
        let Self { client, username, password, ttl } = self;
        Box::pin(async move {
            let grant = Password::new(username, password)?.with_ttl(ttl);
            client.password(grant).await
        })
    }
}

impl fmt::Debug for PasswordTokenRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordTokenRequest")
            .field("username", &self.username)
            .field("ttl", &self.ttl)
            .finish_non_exhaustive()
    }
}

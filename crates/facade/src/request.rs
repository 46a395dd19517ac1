//! A user token to be asked for: its options, and the moment of `.await`.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;

use easemob_token_core::{Password, Secret, Ttl, UserToken};

use crate::client::Client;
use crate::error::Error;
use crate::user_tokens::Wish;

type TokenFuture = Pin<Box<dyn Future<Output = Result<UserToken, Error>> + Send>>;

/// A user token by user ID, to be awaited. Made by [`Client::user_token`].
#[must_use = "nothing is sent until it is awaited"]
#[derive(Debug)]
pub struct UserTokenRequest {
    client: Client,
    wish: Wish,
}

impl UserTokenRequest {
    pub(crate) fn new(client: Client, username: String) -> Self {
        let wish = Wish { username, auto_create_user: false, ttl: Ttl::ServerDefault };
        Self { client, wish }
    }

    /// Creates the user where there is none. Off unless asked for.
    pub fn auto_create_user(mut self, create: bool) -> Self {
        self.wish.auto_create_user = create;
        self
    }

    /// Asks for another lifetime than the server's default.
    pub fn ttl(mut self, ttl: impl Into<Ttl>) -> Self {
        self.wish.ttl = ttl.into();
        self
    }

    /// What awaiting it would give without any waiting, where there is such a token.
    #[cfg(feature = "blocking")]
    pub(crate) fn at_hand(&self) -> Option<UserToken> {
        self.client.user_token_at_hand(&self.wish)
    }

    /// Instead of asking: tells that this token, which was got with these very options, is not good
    /// any more, so that it is not handed out again. Only where the client keeps user tokens
    /// ([`ClientBuilder::keep_user_tokens`](crate::ClientBuilder::keep_user_tokens)); elsewhere
    /// it does nothing. A second report, and one about an older token, change nothing.
    pub fn invalidate(self, refused: &UserToken) {
        self.client.invalidate_user_token(&self.wish, refused.access_token());
    }
}

impl IntoFuture for UserTokenRequest {
    type Output = Result<UserToken, Error>;
    type IntoFuture = TokenFuture;

    fn into_future(self) -> TokenFuture {
        let Self { client, wish } = self;
        Box::pin(async move { client.inherit(wish).await })
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

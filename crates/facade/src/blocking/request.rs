//! Requests for user tokens: options, then `send`; blocking.

use easemob_token_core::Ttl;

use super::wait::wait;
use crate::Client;
use crate::error::Error;
use crate::issued::UserToken;

/// A request for a user token by user ID. Made by
/// [`Client::user_token`](super::Client::user_token).
#[must_use = "nothing is sent until `send`"]
#[derive(Debug)]
pub struct UserTokenRequest<'a>(crate::UserTokenRequest<'a>);

impl<'a> UserTokenRequest<'a> {
    pub(super) fn new(request: crate::UserTokenRequest<'a>) -> Self {
        Self(request)
    }

    /// Creates the user if it does not exist. Default: `false`.
    pub fn auto_create_user(mut self, create: bool) -> Self {
        self.0 = self.0.auto_create_user(create);
        self
    }

    /// Requests this lifetime instead of the server's default.
    pub fn ttl(mut self, ttl: impl Into<Ttl>) -> Self {
        self.0 = self.0.ttl(ttl);
        self
    }

    /// Sends the request and waits for the token. A cached token that is usable is returned at once,
    /// also inside an async runtime.
    ///
    /// # Errors
    ///
    /// Those of the async request, and [`Internal`](crate::ErrorKind::Internal) if it would have to
    /// wait inside an async runtime.
    pub fn send(self) -> Result<UserToken, Error> {
        let (client, key) = self.0.into_parts()?;
        if let Some(token) = client.peek_user_token(&key) {
            return Ok(token);
        }
        let on_runtime = client.clone();
        wait(client, async move { on_runtime.inherit(key).await })
    }
}

/// A request for a user token by user ID and password. Made by
/// [`Client::user_token_by_password`](super::Client::user_token_by_password).
#[must_use = "nothing is sent until `send`"]
#[derive(Debug)]
pub struct PasswordTokenRequest {
    client: Client,
    request: crate::PasswordTokenRequest,
}

impl PasswordTokenRequest {
    pub(super) fn new(client: Client, request: crate::PasswordTokenRequest) -> Self {
        Self { client, request }
    }

    /// Requests this lifetime instead of the server's default.
    pub fn ttl(mut self, ttl: impl Into<Ttl>) -> Self {
        self.request = self.request.ttl(ttl);
        self
    }

    /// Sends the request and waits for the token.
    ///
    /// # Errors
    ///
    /// Those of the async request, and [`Internal`](crate::ErrorKind::Internal) inside an async
    /// runtime.
    pub fn send(self) -> Result<UserToken, Error> {
        wait(&self.client, self.request.into_future())
    }
}

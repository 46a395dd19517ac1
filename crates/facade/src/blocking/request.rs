//! A user token to be asked for: its options, and the moment of `send`.

use easemob_token_core::{Ttl, UserToken};

use super::wait::wait;
use crate::Client;
use crate::error::Error;

/// A user token by user ID, to be sent. Made by
/// [`Client::user_token`](super::Client::user_token).
#[must_use = "nothing is sent until `send`"]
#[derive(Debug)]
pub struct UserTokenRequest {
    client: Client,
    request: crate::UserTokenRequest,
}

impl UserTokenRequest {
    pub(super) fn new(client: Client, request: crate::UserTokenRequest) -> Self {
        Self { client, request }
    }

    /// Creates the user where there is none. Off unless asked for.
    pub fn auto_create_user(mut self, create: bool) -> Self {
        self.request = self.request.auto_create_user(create);
        self
    }

    /// Asks for another lifetime than the server's default.
    pub fn ttl(mut self, ttl: impl Into<Ttl>) -> Self {
        self.request = self.request.ttl(ttl);
        self
    }

    /// Sends the request and waits for the token. A kept one that is good is handed out at once, also
    /// inside an async runtime.
    ///
    /// # Errors
    ///
    /// As the async request, and [`Internal`](crate::ErrorKind::Internal) where it would have to wait
    /// inside an async runtime.
    pub fn send(self) -> Result<UserToken, Error> {
        if let Some(token) = self.request.peek() {
            return Ok(token);
        }
        wait(&self.client, self.request.into_future())
    }

    /// Instead of asking: tells that this token is not good any more
    /// ([`crate::UserTokenRequest::invalidate`]).
    pub fn invalidate(self, refused: &UserToken) {
        self.request.invalidate(refused);
    }
}

/// A user token by user ID and password, to be sent. Made by
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

    /// Asks for another lifetime than the server's default.
    pub fn ttl(mut self, ttl: impl Into<Ttl>) -> Self {
        self.request = self.request.ttl(ttl);
        self
    }

    /// Sends the request and waits for the token.
    ///
    /// # Errors
    ///
    /// As the async request, and [`Internal`](crate::ErrorKind::Internal) inside an async runtime.
    pub fn send(self) -> Result<UserToken, Error> {
        wait(&self.client, self.request.into_future())
    }
}

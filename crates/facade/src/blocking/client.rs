//! The blocking client: one method a grant.

use easemob_token_core::{AppKey, AppToken, Secret};

use super::wait::wait;
use super::{Authorization, PasswordTokenRequest, UserTokenRequest};
use crate::cache::TokenGuard;
use crate::error::Error;

/// Gets tokens of one app, and waits for them. Made by
/// [`ClientBuilder::build_blocking`](crate::ClientBuilder::build_blocking).
///
/// Cheap to clone: all clones share one transport, one set of settings and one app token. What a
/// method promises, it promises as the one of [`crate::Client`] that has its name.
#[derive(Clone, Debug)]
pub struct Client {
    inner: crate::Client,
}

impl Client {
    pub(crate) fn new(inner: crate::Client) -> Self {
        Self { inner }
    }

    /// The app whose tokens these are.
    #[must_use]
    pub fn app_key(&self) -> &AppKey {
        self.inner.app_key()
    }

    /// The app token, kept and shared ([`crate::Client::app_token`]). One that is good is handed out
    /// at once, also inside an async runtime.
    ///
    /// # Errors
    ///
    /// As the async method, and [`Internal`](crate::ErrorKind::Internal) where it would have to wait
    /// inside an async runtime.
    pub fn app_token(&self) -> Result<TokenGuard<AppToken>, Error> {
        if let Some(token) = self.inner.peek_app_token()? {
            return Ok(token);
        }
        let client = self.inner.clone();
        wait(&self.inner, async move { client.app_token().await })
    }

    /// The app token for a call of another endpoint ([`crate::Client::authorize`]).
    ///
    /// # Errors
    ///
    /// As [`app_token`](Self::app_token).
    pub fn authorize(&self) -> Result<Authorization, Error> {
        let token = self.app_token()?;
        Ok(Authorization::new(self.inner.authorization(&token)?, self.inner.clone()))
    }

    /// Tells that the service refused this app token
    /// ([`crate::Client::invalidate_app_token`]).
    pub fn invalidate_app_token(&self, refused: &AppToken) {
        self.inner.invalidate_app_token(refused);
    }

    /// A user token, by user ID ([`crate::Client::user_token`]). The request goes out by
    /// [`send`](UserTokenRequest::send).
    pub fn user_token(&self, username: impl Into<String>) -> UserTokenRequest {
        UserTokenRequest::new(self.inner.clone(), self.inner.user_token(username))
    }

    /// A user token, by user ID and password ([`crate::Client::user_token_by_password`]). The
    /// request goes out by [`send`](PasswordTokenRequest::send).
    pub fn user_token_by_password(
        &self,
        username: impl Into<String>,
        password: impl Into<Secret>,
    ) -> PasswordTokenRequest {
        let request = self.inner.user_token_by_password(username, password);
        PasswordTokenRequest::new(self.inner.clone(), request)
    }

    /// A dynamic user token, made here ([`crate::Client::dynamic_token`]).
    ///
    /// # Errors
    ///
    /// As the async client's method of this name, which does not wait either.
    #[cfg(feature = "dynamic")]
    pub fn dynamic_token(
        &self,
        username: &str,
        ttl: std::time::Duration,
    ) -> Result<easemob_token_core::dynamic::DynamicToken, Error> {
        self.inner.dynamic_token(username, ttl)
    }
}

#[cfg(test)]
#[cfg(any(feature = "hyper", feature = "isahc"))]
mod tests;

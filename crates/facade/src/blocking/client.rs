//! The blocking client: one method per grant.

use std::borrow::Cow;

use easemob_token_core::{AppKey, BaseUrl, Secret};
use easemob_token_transport::{ConfigError, Transport};

use super::wait::wait;
use super::{Authorization, PasswordTokenRequest, UserTokenRequest};
use crate::ClientBuilder;
use crate::cache::TokenGuard;
use crate::error::Error;
use crate::issued::{AppToken, UserToken};

/// A client that gets tokens of one app and blocks until it has them. Made by
/// [`ClientBuilder::build_blocking`].
///
/// Cheap to clone: all clones share one transport, one set of settings and one app token. Each
/// method does what the method of [`crate::Client`] with the same name does.
#[derive(Clone, Debug)]
pub struct Client {
    inner: crate::Client,
}

impl Client {
    /// The App Key of the app whose tokens this client gets.
    #[must_use]
    pub fn app_key(&self) -> &AppKey {
        self.inner.app_key()
    }

    /// The base URL of the cluster's REST API.
    #[must_use]
    pub fn base_url(&self) -> &BaseUrl {
        self.inner.base_url()
    }

    /// The URL of another REST endpoint of the app ([`crate::Client::endpoint_url`]).
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) if a segment is empty, `.` or `..`.
    pub fn endpoint_url(
        &self,
        segments: impl IntoIterator<Item: AsRef<str>>,
    ) -> Result<String, Error> {
        self.inner.endpoint_url(segments)
    }

    /// Gets the app token, cached and shared ([`crate::Client::app_token`]). A usable token is
    /// returned at once, also inside an async runtime.
    ///
    /// # Errors
    ///
    /// Those of the async method, and [`Internal`](crate::ErrorKind::Internal) if it would have to
    /// wait inside an async runtime.
    pub fn app_token(&self) -> Result<TokenGuard<AppToken>, Error> {
        if let Some(token) = self.inner.peek_app_token()? {
            return Ok(token);
        }
        let client = self.inner.clone();
        wait(&self.inner, async move { client.app_token().await })
    }

    /// Gets an `Authorization` header for a call of another REST endpoint
    /// ([`crate::Client::authorize`]).
    ///
    /// # Errors
    ///
    /// See [`app_token`](Self::app_token).
    pub fn authorize(&self) -> Result<Authorization, Error> {
        let token = self.app_token()?;
        Ok(Authorization::new(self.inner.authorization(&token)?, self.inner.clone()))
    }

    /// Reports that the service refused this app token ([`crate::Client::invalidate_app_token`]).
    pub fn invalidate_app_token(&self, refused: &AppToken) {
        self.inner.invalidate_app_token(refused);
    }

    /// Gets a user token by user ID ([`crate::Client::user_token`]). The request is sent by
    /// [`send`](UserTokenRequest::send).
    pub fn user_token<'a>(&'a self, user_id: impl Into<Cow<'a, str>>) -> UserTokenRequest<'a> {
        UserTokenRequest::new(self.inner.user_token(user_id))
    }

    /// Reports that the service refused this user token
    /// ([`crate::Client::invalidate_user_token`]).
    pub fn invalidate_user_token(&self, refused: &UserToken) {
        self.inner.invalidate_user_token(refused);
    }

    /// Gets a user token by user ID and password ([`crate::Client::user_token_by_password`]). The
    /// request is sent by [`send`](PasswordTokenRequest::send).
    pub fn user_token_by_password(
        &self,
        user_id: impl Into<String>,
        password: impl Into<Secret>,
    ) -> PasswordTokenRequest {
        let request = self.inner.user_token_by_password(user_id, password);
        PasswordTokenRequest::new(self.inner.clone(), request)
    }

    /// Makes a dynamic user token locally ([`crate::Client::dynamic_token`]).
    ///
    /// # Errors
    ///
    /// Those of [`crate::Client::dynamic_token`].
    #[cfg(feature = "dynamic")]
    pub fn dynamic_token(
        &self,
        user_id: &str,
        ttl: std::time::Duration,
    ) -> Result<easemob_token_core::dynamic::DynamicToken, Error> {
        self.inner.dynamic_token(user_id, ttl)
    }
}

impl ClientBuilder {
    /// Builds a [blocking client](Client), for programs without an async runtime.
    ///
    /// Its transport runs on a [runtime of its own](Transport::own_runtime), unless
    /// [`runtime`](Self::runtime) sets one that runs on another thread.
    ///
    /// # Errors
    ///
    /// Returns a [`ConfigError`] that names the setting that is missing or invalid.
    pub fn build_blocking(self) -> Result<Client, ConfigError> {
        let own_runtime = |transport: &dyn Transport| {
            transport.own_runtime().map_err(|error| {
                ConfigError::new("runtime", "the transport cannot start its own").with_source(error)
            })
        };
        Ok(Client { inner: self.build_on(own_runtime)? })
    }
}

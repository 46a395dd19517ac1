//! The grant `client_credentials`: a token of the app itself.

use super::payload::{Payload, Value};
use super::{Grant, GrantType, Sealed};
use crate::build_error::{BuildError, Field, require_visible};
use crate::response::TokenResponse;
use crate::secret::Secret;
use crate::token::{AccessToken, AppToken, Ttl, UserId};

/// Requests an app token, by the app's client ID and client secret.
///
/// App tokens have administrator rights: every other REST call and the [`Inherit`](super::Inherit)
/// grant carry one. Keep them on the app server.
#[derive(Clone, Debug)]
pub struct ClientCredentials {
    client_id: String,
    client_secret: Secret,
    former_secret: Option<Secret>,
    ttl: Ttl,
}

impl ClientCredentials {
    /// The grant for these credentials, with the server's default lifetime.
    ///
    /// # Errors
    ///
    /// [`Field::ClientId`] or [`Field::ClientSecret`] if it is empty, in quotes, or has a character that is
    /// not visible ASCII, such as a line end or a no-break space.
    pub fn new(
        client_id: impl Into<String>,
        client_secret: impl Into<Secret>,
    ) -> Result<Self, BuildError> {
        let (client_id, client_secret) = (client_id.into(), client_secret.into());
        require_visible(Field::ClientId, &client_id)?;
        require_visible(Field::ClientSecret, client_secret.expose())?;
        Ok(Self { client_id, client_secret, former_secret: None, ttl: Ttl::ServerDefault })
    }

    /// Masks this secret too in the service's text: the one before, which was replaced while the
    /// process ran.
    #[must_use]
    pub fn with_former_secret(mut self, secret: impl Into<Secret>) -> Self {
        self.former_secret = Some(secret.into());
        self
    }

    /// Requests another lifetime.
    #[must_use]
    pub fn with_ttl(mut self, ttl: impl Into<Ttl>) -> Self {
        self.ttl = ttl.into();
        self
    }
}

impl Grant for ClientCredentials {
    type Token = AppToken;
    const TYPE: GrantType = GrantType::ClientCredentials;
}

impl Sealed for ClientCredentials {
    fn token(&self, response: TokenResponse<'_>) -> Result<AppToken, &'static str> {
        Ok(response.into_app_token())
    }

    fn ttl(&self) -> Ttl {
        self.ttl
    }

    fn body(&self, ttl: Option<i64>) -> Result<Payload, BuildError> {
        Payload::write(&[
            ("grant_type", Value::Text(Self::TYPE.as_str())),
            ("client_id", Value::Text(&self.client_id)),
            ("client_secret", Value::Secret(self.client_secret.expose())),
            ("ttl", Value::Count(ttl)),
        ])
    }

    fn authorization(&self) -> Option<&AccessToken> {
        None
    }

    fn secret(&self) -> Option<&str> {
        Some(self.client_secret.expose())
    }

    fn former_secret(&self) -> Option<&str> {
        self.former_secret.as_ref().map(Secret::expose)
    }

    fn user_id(&self) -> Option<&UserId> {
        None
    }
}

//! `POST /{org}/{app}/token` with `grant_type: client_credentials`: a token of the app itself.

use super::payload::{Payload, Value};
use super::{Grant, GrantType, Sealed, required};
use crate::build_error::{BuildError, Field};
use crate::response::Answer;
use crate::secret::Secret;
use crate::token::{AccessToken, AppToken, Ttl};

/// Asks for an app token, by the app's client ID and client secret.
///
/// App tokens have administrator rights: every other REST call and the [`Inherit`](super::Inherit)
/// grant carry one. They belong on the app server alone.
#[derive(Clone, Debug)]
pub struct ClientCredentials {
    client_id: String,
    client_secret: Secret,
    ttl: Ttl,
}

impl ClientCredentials {
    /// The grant for these credentials, with the server's default lifetime.
    ///
    /// # Errors
    ///
    /// [`Field::ClientId`] or [`Field::ClientSecret`] where it is empty.
    pub fn new(
        client_id: impl Into<String>,
        client_secret: impl Into<Secret>,
    ) -> Result<Self, BuildError> {
        let client_id = required(Field::ClientId, client_id.into())?;
        let client_secret = client_secret.into();
        if client_secret.expose().is_empty() {
            return Err(BuildError::new(Field::ClientSecret, "is empty"));
        }
        Ok(Self { client_id, client_secret, ttl: Ttl::ServerDefault })
    }

    /// Asks for another lifetime.
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
    fn token(&self, answer: Answer<'_>) -> Result<AppToken, &'static str> {
        let application = answer.application.text("application is not a string")?.map(Into::into);
        Ok(AppToken::new(answer.granted, application))
    }

    fn ttl(&self) -> Ttl {
        self.ttl
    }

    fn body(&self, ttl: Option<i64>) -> Result<Payload, BuildError> {
        Payload::write(&[
            ("grant_type", Value::Text("client_credentials")),
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

    fn user_id(&self) -> Option<&str> {
        None
    }
}

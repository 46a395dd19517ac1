//! `POST /{org}/{app}/token` with `grant_type: password`: a user token by user ID and password.

use super::payload::{Payload, Value};
use super::{Grant, GrantType, Sealed, required};
use crate::build_error::{BuildError, Field};
use crate::response::Answer;
use crate::secret::Secret;
use crate::token::{AccessToken, AppToken, Ttl, UserToken};

/// Asks for a user token, by user ID and password.
///
/// Upstream calls this way deprecated and still serves it. A token that was obtained so must not
/// be served again to somebody who gives another password: ask each time.
#[derive(Clone, Debug)]
pub struct Password {
    username: String,
    password: Secret,
    ttl: Ttl,
    app_token: Option<AccessToken>,
}

impl Password {
    /// The grant for this user, with the server's default lifetime and without an app token.
    ///
    /// The user ID is sent as written: the service reads it without regard to case and answers in
    /// lower case.
    ///
    /// # Errors
    ///
    /// [`Field::UserId`] or [`Field::Password`] where it is empty.
    pub fn new(
        username: impl Into<String>,
        password: impl Into<Secret>,
    ) -> Result<Self, BuildError> {
        let username = required(Field::UserId, username.into())?;
        let password = password.into();
        if password.expose().is_empty() {
            return Err(BuildError::new(Field::Password, "is empty"));
        }
        Ok(Self { username, password, ttl: Ttl::ServerDefault, app_token: None })
    }

    /// The user whose token it asks for.
    #[must_use]
    pub fn user_id(&self) -> &str {
        &self.username
    }

    /// Asks for another lifetime.
    #[must_use]
    pub fn with_ttl(mut self, ttl: impl Into<Ttl>) -> Self {
        self.ttl = ttl.into();
        self
    }

    /// Sends an app token along. The documentation says both that every REST call carries one and,
    /// in the header table and sample of this call, that it does not; so it is off by default.
    #[must_use]
    pub fn authorized_by(mut self, app_token: &AppToken) -> Self {
        self.app_token = Some(app_token.access_token().clone());
        self
    }
}

impl Grant for Password {
    type Token = UserToken;
    const TYPE: GrantType = GrantType::Password;
}

impl Sealed for Password {
    fn token(&self, answer: Answer<'_>) -> Result<UserToken, &'static str> {
        answer.into_user_token(&self.username)
    }

    fn ttl(&self) -> Ttl {
        self.ttl
    }

    fn body(&self, ttl: Option<i64>) -> Result<Payload, BuildError> {
        Payload::write(&[
            ("grant_type", Value::Text("password")),
            ("username", Value::Text(&self.username)),
            ("password", Value::Secret(self.password.expose())),
            ("ttl", Value::Count(ttl)),
        ])
    }

    fn authorization(&self) -> Option<&AccessToken> {
        self.app_token.as_ref()
    }

    fn secret(&self) -> Option<&str> {
        Some(self.password.expose())
    }

    fn user_id(&self) -> Option<&str> {
        Some(&self.username)
    }
}

//! `POST /{org}/{app}/token` with `grant_type: inherit`: a user token by user ID alone.

use super::payload::{Payload, Value};
use super::{Grant, GrantType, Sealed, required};
use crate::build_error::{BuildError, Field};
use crate::response::Answer;
use crate::token::{AccessToken, Ttl, UserToken};

/// Asks for a user token, by user ID, on the strength of an app token.
///
/// This is the way that upstream recommends: it needs no password of the user.
#[derive(Clone, Debug)]
pub struct Inherit {
    username: String,
    app_token: AccessToken,
    auto_create_user: bool,
    ttl: Ttl,
}

impl Inherit {
    /// The grant for this user, with the server's default lifetime; a user who does not exist is
    /// not created.
    ///
    /// The user ID is sent as written: the service reads it without regard to case and answers in
    /// lower case.
    ///
    /// # Errors
    ///
    /// [`Field::UserId`] where it is empty.
    pub fn new(username: impl Into<String>, app_token: &AccessToken) -> Result<Self, BuildError> {
        let username = required(Field::UserId, username.into())?;
        let app_token = app_token.clone();
        Ok(Self { username, app_token, auto_create_user: false, ttl: Ttl::ServerDefault })
    }

    /// Whether the service creates the user where there is none. Sent in either case.
    #[must_use]
    pub fn with_auto_create_user(mut self, create: bool) -> Self {
        self.auto_create_user = create;
        self
    }

    /// Asks for another lifetime.
    #[must_use]
    pub fn with_ttl(mut self, ttl: impl Into<Ttl>) -> Self {
        self.ttl = ttl.into();
        self
    }
}

impl Grant for Inherit {
    type Token = UserToken;
    const TYPE: GrantType = GrantType::Inherit;
}

impl Sealed for Inherit {
    fn token(&self, answer: Answer<'_>) -> Result<UserToken, &'static str> {
        answer.into_user_token(&self.username)
    }

    fn ttl(&self) -> Ttl {
        self.ttl
    }

    fn body(&self, ttl: Option<i64>) -> Result<Payload, BuildError> {
        Payload::write(&[
            ("grant_type", Value::Text("inherit")),
            ("username", Value::Text(&self.username)),
            ("autoCreateUser", Value::Flag(self.auto_create_user)),
            ("ttl", Value::Count(ttl)),
        ])
    }

    fn authorization(&self) -> Option<&AccessToken> {
        Some(&self.app_token)
    }

    fn secret(&self) -> Option<&str> {
        None
    }

    fn user_id(&self) -> Option<&str> {
        Some(&self.username)
    }
}

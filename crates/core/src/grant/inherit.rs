//! The grant `inherit`: a user token by user ID alone.

use super::payload::{Payload, Value};
use super::{Grant, GrantType, Sealed};
use crate::build_error::BuildError;
use crate::response::TokenResponse;
use crate::token::{AccessToken, AppToken, Ttl, UserId, UserToken};

/// Requests a user token by user ID, authorized by an app token.
///
/// This is the grant that the documentation recommends: it needs no password of the user.
#[derive(Clone, Debug)]
pub struct Inherit {
    user_id: UserId,
    app_token: AccessToken,
    auto_create_user: bool,
    ttl: Ttl,
}

impl Inherit {
    /// The grant for this user, with the server's default lifetime; a user who does not exist is
    /// not created.
    ///
    /// The user ID is sent as written: the service reads it without regard to case and returns it in
    /// lower case. Make an app token that was stored as text by
    /// [`AppToken::from_parts`].
    ///
    /// # Errors
    ///
    /// [`Field::UserId`](crate::Field::UserId) if [`UserId::new`] refuses it.
    pub fn new(
        user_id: impl TryInto<UserId, Error: Into<BuildError>>,
        app_token: &AppToken,
    ) -> Result<Self, BuildError> {
        let user_id = user_id.try_into().map_err(Into::into)?;
        let app_token = app_token.access_token().clone();
        Ok(Self { user_id, app_token, auto_create_user: false, ttl: Ttl::ServerDefault })
    }

    /// Whether the service creates a user that does not exist. Sent in either case.
    #[must_use]
    pub fn with_auto_create_user(mut self, create: bool) -> Self {
        self.auto_create_user = create;
        self
    }

    /// Requests another lifetime.
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
    fn token(&self, response: TokenResponse<'_>) -> Result<UserToken, &'static str> {
        response.into_user_token(&self.user_id)
    }

    fn ttl(&self) -> Ttl {
        self.ttl
    }

    fn body(&self, ttl: Option<i64>) -> Result<Payload, BuildError> {
        Payload::write(&[
            ("grant_type", Value::Text(Self::TYPE.as_str())),
            ("username", Value::Text(self.user_id.as_str())),
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

    fn user_id(&self) -> Option<&UserId> {
        Some(&self.user_id)
    }
}

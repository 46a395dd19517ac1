//! The grant `password`: a user token by user ID and password.

use super::payload::{Payload, Value};
use super::{Grant, GrantType, Sealed};
use crate::build_error::{BuildError, Field, require};
use crate::response::TokenResponse;
use crate::secret::Secret;
use crate::token::{AccessToken, AppToken, Ttl, UserId, UserToken};

/// Requests a user token by user ID and password.
///
/// The documentation calls this grant deprecated; the service still offers it. Do not cache its
/// token: a caller with a wrong password would get it. Send a request each time.
#[derive(Clone, Debug)]
pub struct Password {
    user_id: UserId,
    password: Secret,
    ttl: Ttl,
    app_token: Option<AccessToken>,
}

impl Password {
    /// The grant for this user, with the server's default lifetime and without an app token.
    ///
    /// The user ID is sent as written: the service reads it without regard to case and returns it in
    /// lower case. The password is sent as written too, whatever its characters.
    ///
    /// # Errors
    ///
    /// [`Field::UserId`] if [`UserId::new`] refuses it, and [`Field::Password`] if the password is empty.
    pub fn new(
        user_id: impl TryInto<UserId, Error: Into<BuildError>>,
        password: impl Into<Secret>,
    ) -> Result<Self, BuildError> {
        let user_id = user_id.try_into().map_err(Into::into)?;
        let password = password.into();
        require(Field::Password, password.expose())?;
        Ok(Self { user_id, password, ttl: Ttl::ServerDefault, app_token: None })
    }

    /// The user whose token is requested.
    #[must_use]
    pub fn user_id(&self) -> &UserId {
        &self.user_id
    }

    /// Requests another lifetime.
    #[must_use]
    pub fn with_ttl(mut self, ttl: impl Into<Ttl>) -> Self {
        self.ttl = ttl.into();
        self
    }

    /// Sends an app token with the request, which is off by default.
    ///
    /// The documentation contradicts itself: every REST call carries an app token, but the header table
    /// and the sample of this call show none.
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

    fn user_id(&self) -> Option<&UserId> {
        Some(&self.user_id)
    }
}

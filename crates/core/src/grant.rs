//! Grants of the token endpoint: one checked value for each request.

mod client_credentials;
mod inherit;
mod password;
mod payload;

pub use self::client_credentials::ClientCredentials;
pub use self::inherit::Inherit;
pub use self::password::Password;
pub use self::payload::Payload;
pub(crate) use self::sealed::Sealed;
use std::fmt;

use crate::token::IssuedToken;

/// A grant of the token endpoint: [`ClientCredentials`], [`Password`] or [`Inherit`].
///
/// It names the type of token that it yields. The trait is sealed: the service has these three.
pub trait Grant: Sealed {
    /// The token in a successful response.
    type Token: IssuedToken;
    /// The name of the grant.
    const TYPE: GrantType;
}

/// Type of a grant, by its name on the wire (`grant_type`).
// Complete: the service has these three.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GrantType {
    /// The app token, by client ID and client secret.
    ClientCredentials,
    /// A user token by user ID and password.
    Password,
    /// A user token by user ID.
    Inherit,
}

impl GrantType {
    /// The name on the wire, such as `client_credentials`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ClientCredentials => "client_credentials",
            Self::Password => "password",
            Self::Inherit => "inherit",
        }
    }
}

impl fmt::Display for GrantType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

mod sealed {
    use super::Payload;
    use crate::build_error::BuildError;
    use crate::response::TokenResponse;
    use crate::token::{AccessToken, Ttl, UserId};

    #[expect(unnameable_types, reason = "sealed: other crates are not to implement a grant")]
    pub trait Sealed {
        /// Makes the token of this grant's type from a checked response.
        fn token(
            &self,
            response: TokenResponse<'_>,
        ) -> Result<<Self as super::Grant>::Token, &'static str>
        where
            Self: super::Grant;
        /// The requested lifetime.
        fn ttl(&self) -> Ttl;
        /// The request's body, with `ttl` in the wire's unit.
        fn body(&self, ttl: Option<i64>) -> Result<Payload, BuildError>;
        /// The app token that the request carries.
        fn authorization(&self) -> Option<&AccessToken>;
        /// The secret that no error text may repeat.
        fn secret(&self) -> Option<&str>;
        /// A secret that was replaced by this one; no error text may repeat it either.
        fn former_secret(&self) -> Option<&str> {
            None
        }
        /// The user that the request names; no error text may repeat this either.
        fn user_id(&self) -> Option<&UserId>;
    }
}

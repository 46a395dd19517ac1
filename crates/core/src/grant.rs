//! What is asked for: one value a grant, its fields checked.

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

use crate::build_error::{BuildError, Field};
use crate::token::IssuedToken;

/// A grant of the token endpoint: [`ClientCredentials`], [`Password`] or [`Inherit`].
///
/// It names the type of token that it yields. The trait is sealed: the service has these three.
pub trait Grant: Sealed {
    /// The token that a successful answer holds.
    type Token: IssuedToken;
    /// The name of the grant.
    const TYPE: GrantType;
}

/// Which grant a request is for. The names are those of `grant_type` on the wire.
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
    use crate::response::Answer;
    use crate::token::{AccessToken, Ttl};

    #[expect(unnameable_types, reason = "sealed: other crates are not to implement a grant")]
    pub trait Sealed {
        /// The token as this grant's type, made of an answer that was found good.
        fn token(&self, answer: Answer<'_>) -> Result<<Self as super::Grant>::Token, &'static str>
        where
            Self: super::Grant;
        /// The lifetime to ask for.
        fn ttl(&self) -> Ttl;
        /// The request's body, with `ttl` in the wire's unit.
        fn body(&self, ttl: Option<i64>) -> Result<Payload, BuildError>;
        /// The app token that the request carries.
        fn authorization(&self) -> Option<&AccessToken>;
        /// The secret that no error text may repeat.
        fn secret(&self) -> Option<&str>;
        /// The user whom the request names; no error text may repeat this either.
        fn user_id(&self) -> Option<&str>;
    }
}

/// A text that must not be empty.
fn required(field: Field, text: String) -> Result<String, BuildError> {
    if text.is_empty() { Err(BuildError::new(field, "is empty")) } else { Ok(text) }
}

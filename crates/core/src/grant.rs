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
use crate::build_error::{BuildError, Part};

/// A grant of the token endpoint: [`ClientCredentials`], [`Password`] or [`Inherit`].
///
/// It names the type of token that it yields. The trait is sealed: the service has these three.
pub trait Grant: Sealed {
    /// The token that a successful answer holds.
    type Token;
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
fn required(part: Part, text: String) -> Result<String, BuildError> {
    if text.is_empty() { Err(BuildError::new(part, "is empty")) } else { Ok(text) }
}

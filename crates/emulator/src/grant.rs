//! The three grants, as `grant_type` names them.

use serde_json::Value;

/// What a request asks for.
///
/// Complete on purpose: the service knows these three.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Grant {
    /// `client_credentials`: an app token.
    ClientCredentials,
    /// `password`: a user token by user ID and password.
    Password,
    /// `inherit`: a user token by user ID, on the strength of an app token.
    Inherit,
}

impl Grant {
    /// The value of `grant_type`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ClientCredentials => "client_credentials",
            Self::Password => "password",
            Self::Inherit => "inherit",
        }
    }

    /// Case-sensitive, like every part of the body.
    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::ClientCredentials, Self::Password, Self::Inherit]
            .into_iter()
            .find(|grant| grant.as_str() == name)
    }

    /// The grant that a request body names.
    pub(crate) fn of(body: &Value) -> Option<Self> {
        body.get("grant_type").and_then(Value::as_str).and_then(Self::named)
    }
}

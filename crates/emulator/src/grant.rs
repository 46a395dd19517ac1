//! The three grants, by their `grant_type`.

use serde_json::Value;

/// The grant of a request.
///
/// Exhaustive: the service has these three.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Grant {
    /// `client_credentials`: an app token.
    ClientCredentials,
    /// `password`: a user token by user ID and password.
    Password,
    /// `inherit`: a user token by user ID, authorized by an app token.
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

    /// Finds a grant by its name, case-sensitive like every part of the body.
    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::ClientCredentials, Self::Password, Self::Inherit]
            .into_iter()
            .find(|grant| grant.as_str() == name)
    }

    /// The grant of a request body.
    pub(crate) fn of(body: &Value) -> Option<Self> {
        body.get("grant_type").and_then(Value::as_str).and_then(Self::named)
    }
}

//! Errors for input that cannot become a request: which field is wrong, and what to write.

use std::borrow::Cow;
use std::convert::Infallible;
use std::fmt;

use easemob_token_host::OddCharacter;

/// The field of the input that a [`BuildError`] is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Field {
    /// The base URL: scheme, host, port.
    BaseUrl,
    /// The App Key, `org#app`.
    AppKey,
    /// The client ID of the app.
    ClientId,
    /// The client secret of the app.
    ClientSecret,
    /// The user ID.
    UserId,
    /// The user's password.
    Password,
    /// A segment of a URL's path.
    PathSegment,
    /// An access token that was passed in.
    AccessToken,
    /// The requested lifetime.
    Ttl,
    /// The unit of `ttl` and `expires_in`.
    TtlUnits,
    /// The time that was passed in as the present.
    Clock,
    /// The header `User-Agent`.
    UserAgent,
    /// The request as a whole.
    Request,
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BaseUrl => "base URL",
            Self::AppKey => "app key",
            Self::ClientId => "client ID",
            Self::ClientSecret => "client secret",
            Self::UserId => "user ID",
            Self::Password => "password",
            Self::PathSegment => "path segment",
            Self::AccessToken => "access token",
            Self::Ttl => "ttl",
            Self::TtlUnits => "ttl unit",
            Self::Clock => "clock",
            Self::UserAgent => "user agent",
            Self::Request => "request",
        })
    }
}

/// Input that was refused before anything was sent.
///
/// `Display` names the field, what is wrong with it and what to write instead. It never repeats the
/// input: a wrong base URL or App Key may hold a secret in the wrong place. Only a character that does
/// not belong there is named, by code point and place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildError {
    field: Field,
    problem: Cow<'static, str>,
}

impl BuildError {
    pub(crate) fn new(field: Field, problem: impl Into<Cow<'static, str>>) -> Self {
        Self { field, problem: problem.into() }
    }

    /// The field of the input that is wrong.
    #[must_use]
    pub fn field(&self) -> Field {
        self.field
    }

    /// The text without the field's name: what is wrong, and what to write instead.
    #[must_use]
    pub fn problem(&self) -> &str {
        &self.problem
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.problem)
    }
}

impl std::error::Error for BuildError {}

impl From<Infallible> for BuildError {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

/// Refuses a text that is empty.
pub(crate) fn require(field: Field, text: &str) -> Result<(), BuildError> {
    if text.is_empty() { Err(BuildError::new(field, "is empty")) } else { Ok(()) }
}

/// Refuses a text that is empty, in quotes, or not all visible ASCII.
///
/// Client IDs, client secrets and tokens have no other characters. With one, the service would only say
/// that they are wrong.
pub(crate) fn require_visible(field: Field, text: &str) -> Result<(), BuildError> {
    require(field, text)?;
    match OddCharacter::first_in(text) {
        None => Ok(()),
        Some(odd) => {
            Err(BuildError::new(field, odd.problem("copy it again from where you got it")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_problem_is_the_text_without_the_field() {
        let error = require(Field::ClientId, "").unwrap_err();
        assert_eq!((error.field(), error.problem()), (Field::ClientId, "is empty"));
        assert_eq!(error.to_string(), "client ID: is empty");
    }
}

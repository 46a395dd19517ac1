//! Secret text that no output shows.

use std::borrow::Cow;
use std::fmt;

/// A client secret or a password.
///
/// It has no `Display`, no `PartialEq`, no `Serialize` and no `Deref`; its `Debug` is a constant.
/// [`expose`](Self::expose) is the only access, so a search for it finds every use. The secret is
/// redacted, not erased: its memory is not overwritten when it is freed.
///
/// ```
/// let secret = easemob_token_core::Secret::new("hunter2");
/// assert_eq!(format!("{secret:?}"), "Secret(***)");
/// assert_eq!(secret.expose(), "hunter2");
/// ```
#[derive(Clone)]
pub struct Secret(Box<str>);

impl Secret {
    /// Wraps a secret.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(secret.into().into_boxed_str())
    }

    /// The secret itself. Do not log it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

impl From<String> for Secret {
    fn from(secret: String) -> Self {
        Self::new(secret)
    }
}

impl From<&str> for Secret {
    fn from(secret: &str) -> Self {
        Self::new(secret)
    }
}

impl From<&String> for Secret {
    fn from(secret: &String) -> Self {
        Self::new(secret)
    }
}

impl From<Box<str>> for Secret {
    fn from(secret: Box<str>) -> Self {
        Self(secret)
    }
}

impl From<Cow<'_, str>> for Secret {
    fn from(secret: Cow<'_, str>) -> Self {
        Self::new(secret)
    }
}

impl From<&Self> for Secret {
    fn from(secret: &Self) -> Self {
        secret.clone()
    }
}

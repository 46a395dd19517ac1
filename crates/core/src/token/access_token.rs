//! Access token: opaque, checked, and hidden in every output.

use std::fmt;
use std::sync::Arc;

use http::HeaderValue;

use super::inspect::{self, Inspection};
use crate::build_error::{BuildError, Field, require_visible};

/// An access token, as a client or another REST call needs it.
///
/// It is opaque: 1 to 8192 visible ASCII characters. `Debug` is a constant, there is no
/// `Display`. Cloning shares the text.
///
/// ```
/// use easemob_token_core::AccessToken;
///
/// let token = AccessToken::new("YWMt-sample")?;
/// assert_eq!(token.expose(), "YWMt-sample");
/// assert_eq!(format!("{token:?}"), "AccessToken(***)");
/// assert!(token.authorization().is_sensitive());
/// # Ok::<(), easemob_token_core::BuildError>(())
/// ```
#[derive(Clone)]
pub struct AccessToken(Arc<str>);

const MAX_BYTES: usize = 8192;

impl AccessToken {
    /// A token that came from elsewhere, such as a store of your own.
    ///
    /// # Errors
    ///
    /// [`Field::AccessToken`] if it is empty, longer than 8192 characters, in quotes or behind `Bearer`,
    /// or has a character that is not visible ASCII.
    pub fn new(token: &str) -> Result<Self, BuildError> {
        let is_header =
            token.contains(char::is_whitespace) && token.to_ascii_lowercase().contains("bearer");
        if is_header {
            let problem = "has Bearer before it; write the token alone";
            return Err(BuildError::new(Field::AccessToken, problem));
        }
        require_visible(Field::AccessToken, token)?;
        Self::parse(token).map_err(|fault| BuildError::new(Field::AccessToken, fault))
    }

    /// Checks a token; the error is a phrase without the field.
    pub(crate) fn parse(token: &str) -> Result<Self, &'static str> {
        if token.is_empty() {
            return Err("is empty");
        }
        if token.len() > MAX_BYTES {
            return Err("is longer than 8192 characters");
        }
        // One pass without a branch in it: the compiler makes vector instructions of it.
        let visible = token.bytes().fold(true, |ok, b| ok & b.is_ascii_graphic());
        if !visible {
            return Err("has a character that is not visible ASCII");
        }
        Ok(Self(token.into()))
    }

    /// The token itself. Do not log it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The value of an `Authorization` header that carries it, marked sensitive.
    #[must_use]
    pub fn authorization(&self) -> HeaderValue {
        let bearer = ["Bearer ", self.expose()].concat();
        #[expect(clippy::expect_used, reason = "`parse` checked that it is visible ASCII")]
        let mut header = HeaderValue::try_from(bearer).expect("visible ASCII is a header");
        header.set_sensitive(true);
        header
    }

    /// The contents of the token, for diagnosis only; `None` if it is opaque. See [`inspect`].
    #[must_use]
    pub fn inspect(&self) -> Option<Inspection> {
        inspect::inspect(self.expose())
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessToken(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_header_carries_safely_is_a_token() {
        for bad in ["", " ", "a b", "a\r\nb", "a\0", "é", "a\u{7f}", &"a".repeat(8193)] {
            assert!(AccessToken::new(bad).is_err(), "{bad:?}");
        }
        for (bad, problem) in [
            ("YWMt\n", "ends with U+000A (line feed) at character 5; remove it"),
            ("'YWMt'", "is in quotes, U+0027 (') at character 1; remove them"),
            ("bearer YWMt", "has Bearer before it; write the token alone"),
            ("Authorization: Bearer YWMt", "has Bearer before it; write the token alone"),
        ] {
            assert_eq!(AccessToken::new(bad).unwrap_err().problem(), problem);
        }
        for good in ["a", "bearerYWMt", "YWMt_-.~+/=", &"a".repeat(8192)] {
            assert_eq!(AccessToken::new(good).unwrap().expose(), good);
        }
    }

    #[test]
    fn the_header_is_bearer_and_sensitive() {
        let header = AccessToken::new("abc").unwrap().authorization();
        assert_eq!(header, "Bearer abc");
        assert_eq!(format!("{header:?}"), "Sensitive");
    }
}

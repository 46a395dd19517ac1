//! Access token: opaque, checked, and hidden in every output.

use std::fmt;

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
pub struct AccessToken {
    // `Bearer <token>`, so that returning the header costs no copy.
    bearer: HeaderValue,
}

const BEARER: &str = "Bearer ";
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
        let mut text = String::with_capacity(BEARER.len() + token.len());
        text.push_str(BEARER);
        text.push_str(token);
        let mut bearer =
            HeaderValue::try_from(text).map_err(|_| "cannot be carried in a header")?;
        bearer.set_sensitive(true);
        Ok(Self { bearer })
    }

    /// The token itself. Do not log it.
    #[must_use]
    pub fn expose(&self) -> &str {
        // Checked in `parse`: visible ASCII behind the prefix.
        self.bearer.to_str().ok().and_then(|text| text.strip_prefix(BEARER)).unwrap_or_default()
    }

    /// The value of an `Authorization` header that carries it, marked sensitive.
    #[must_use]
    pub fn authorization(&self) -> HeaderValue {
        self.bearer.clone()
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
    fn an_odd_character_is_named_by_code_point_and_place() {
        for (token, named) in [
            ("Bearer YWMt", "U+0020 as character 7;"),
            ("YWMt\n", "U+000A as character 5;"),
            ("\u{feff}YWMt", "U+FEFF as character 1;"),
            ("YWéMt–a", "U+00E9 as character 3;"),
        ] {
            let error = AccessToken::new(token).unwrap_err().to_string();
            assert!(error.contains(named) && !error.contains("YW"), "{error}");
        }
    }

    #[test]
    fn the_header_is_bearer_and_sensitive() {
        let header = AccessToken::new("abc").unwrap().authorization();
        assert_eq!(header, "Bearer abc");
        assert_eq!(format!("{header:?}"), "Sensitive");
    }
}

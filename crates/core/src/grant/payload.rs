//! The body of a request: bytes that know where their secret lies.

use std::fmt;
use std::ops::Range;

use bytes::Bytes;
use serde::Serialize;

use crate::build_error::{BuildError, Part};

/// The JSON body of a token request.
///
/// It turns into [`Bytes`] without a copy. `Debug` shows its length alone;
/// [`masked`](Self::masked) shows it for people, its secret replaced.
#[derive(Clone)]
pub struct Payload {
    json: Bytes,
    secret: Range<usize>,
}

impl Payload {
    /// Writes `members` into one buffer of exactly `len` bytes. `secret` is where the JSON
    /// string of the secret stands, quotes included; empty where there is none.
    pub(super) fn write(
        members: &impl Serialize,
        len: usize,
        secret: Range<usize>,
    ) -> Result<Self, BuildError> {
        let mut json = Vec::with_capacity(len);
        serde_json::to_writer(&mut json, members)
            .map_err(|_| BuildError::new(Part::Request, "cannot be written as JSON"))?;
        debug_assert_eq!(json.len(), len, "the length was computed wrongly");
        Ok(Self { json: json.into(), secret })
    }

    /// The length in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.json.len()
    }

    /// Whether there are no bytes. Never so for a body that this crate built.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.json.is_empty()
    }

    /// The body for people to read: its secret is replaced by `***`.
    ///
    /// ```
    /// # use easemob_token_core::{Password, Secret, TokenEndpoint, TtlUnits};
    /// # let (base, app) = ("https://x".parse()?, "org#app".parse()?);
    /// # let endpoint = TokenEndpoint::new(&base, &app, TtlUnits::STANDARD)?;
    /// let request = endpoint.request(&Password::new("c", Secret::new("hunter2"))?)?;
    /// assert_eq!(
    ///     request.body().masked().to_string(),
    ///     r#"{"grant_type":"password","username":"c","password":"***"}"#,
    /// );
    /// # Ok::<(), easemob_token_core::BuildError>(())
    /// ```
    pub fn masked(&self) -> impl fmt::Display {
        let (before, after) = (&self.json[..self.secret.start], &self.json[self.secret.end..]);
        let mask = if self.secret.is_empty() { "" } else { r#""***""# };
        [String::from_utf8_lossy(before), mask.into(), String::from_utf8_lossy(after)].concat()
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Payload({} bytes)", self.json.len())
    }
}

impl AsRef<[u8]> for Payload {
    fn as_ref(&self) -> &[u8] {
        &self.json
    }
}

impl From<Payload> for Bytes {
    fn from(payload: Payload) -> Self {
        payload.json
    }
}

/// The length of `text` as a JSON string, its quotes included.
pub(super) fn string_len(text: &str) -> usize {
    let escapes: usize = text
        .bytes()
        .map(|b| match b {
            b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0c => 1,
            0..=0x1f => 5,
            _ => 0,
        })
        .sum();
    2 + text.len() + escapes
}

/// The length of the member `,"ttl":N` where there is one.
pub(super) fn ttl_len(ttl: Option<i64>) -> usize {
    let Some(ttl) = ttl else { return 0 };
    let digits = ttl.unsigned_abs().checked_ilog10().unwrap_or(0) as usize + 1;
    r#","ttl":"#.len() + usize::from(ttl < 0) + digits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_of_a_json_string_is_exact() {
        let every: String =
            (0..=0x2ff).filter_map(char::from_u32).chain("\u{2028}😀".chars()).collect();
        for text in ["", "plain", "\"\\\n\r\t\u{8}\u{c}\u{0}\u{1f}", &every] {
            assert_eq!(string_len(text), serde_json::to_string(text).unwrap().len(), "{text:?}");
        }
    }

    #[test]
    fn the_length_of_a_ttl_is_exact() {
        for ttl in [0, 1, 9, 10, 99, 100, 1_024_000, i64::MAX, -1, i64::MIN] {
            assert_eq!(ttl_len(Some(ttl)), format!(",\"ttl\":{ttl}").len());
        }
        assert_eq!(ttl_len(None), 0);
    }
}

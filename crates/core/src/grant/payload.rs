//! Body of a request: JSON that can be shown with its secret masked.

use std::fmt;
use std::ops::Range;

use bytes::Bytes;
use serde::Serialize;

use crate::build_error::{BuildError, Field};

/// The JSON body of a token request.
///
/// It turns into [`Bytes`] without a copy. `Debug` shows only its length;
/// [`masked`](Self::masked) shows the JSON with the secret replaced.
#[derive(Clone)]
pub struct Payload {
    json: Bytes,
    secret: Range<usize>,
}

/// Value of a member of the body.
pub(super) enum Value<'a> {
    Text(&'a str),
    /// Text that is masked.
    Secret(&'a str),
    Flag(bool),
    /// `None` leaves the member out.
    Count(Option<i64>),
}

impl Payload {
    /// Writes one JSON object into one buffer of exactly its length. The names need no escapes.
    pub(super) fn write(members: &[(&'static str, Value<'_>)]) -> Result<Self, BuildError> {
        let end = "}".len();
        let len = members.iter().map(|(name, value)| member_len(name, value)).sum::<usize>() + end;
        let mut json = Vec::with_capacity(len);
        let mut secret = 0..0;
        for (name, value) in members {
            if matches!(value, Value::Count(None)) {
                continue;
            }
            json.extend_from_slice(if json.is_empty() { b"{\"" } else { b",\"" });
            json.extend_from_slice(name.as_bytes());
            json.extend_from_slice(b"\":");
            let start = json.len();
            match value {
                Value::Text(text) => write_string(&mut json, text)?,
                Value::Secret(text) => {
                    write_string(&mut json, text)?;
                    secret = start..json.len();
                }
                Value::Flag(flag) => json.extend_from_slice(flag_text(*flag).as_bytes()),
                Value::Count(count) => write_any(&mut json, count)?,
            }
        }
        json.push(b'}');
        debug_assert_eq!(json.len(), len, "the length was computed wrongly");
        Ok(Self { json: json.into(), secret })
    }

    /// The body with its secret replaced by `***`.
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

fn write_any(json: &mut Vec<u8>, value: &impl Serialize) -> Result<(), BuildError> {
    serde_json::to_writer(json, value)
        .map_err(|_| BuildError::new(Field::Request, "cannot be written as JSON"))
}

fn write_string(json: &mut Vec<u8>, text: &str) -> Result<(), BuildError> {
    if needs_escapes(text) {
        return write_any(json, &text);
    }
    json.push(b'"');
    json.extend_from_slice(text.as_bytes());
    json.push(b'"');
    Ok(())
}

fn flag_text(flag: bool) -> &'static str {
    if flag { "true" } else { "false" }
}

/// The length of a member with the `{` or `,` before it.
fn member_len(name: &str, value: &Value<'_>) -> usize {
    let value_len = match value {
        Value::Text(text) | Value::Secret(text) => string_len(text),
        Value::Flag(flag) => flag_text(*flag).len(),
        Value::Count(Some(count)) => count_len(*count),
        Value::Count(None) => return 0,
    };
    r#","":"#.len() + name.len() + value_len
}

/// The length of `text` as a JSON string, its quotes included.
fn string_len(text: &str) -> usize {
    let escape_len = |b| match b {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0c => 1,
        0..=0x1f => 5,
        _ => 0,
    };
    let escapes = if needs_escapes(text) { text.bytes().map(escape_len).sum() } else { 0 };
    2 + text.len() + escapes
}

/// Checks in one pass without a branch, which the compiler turns into vector instructions.
fn needs_escapes(text: &str) -> bool {
    text.bytes().fold(false, |needed, b| needed | matches!(b, b'"' | b'\\' | 0..=0x1f))
}

fn count_len(count: i64) -> usize {
    let digits = count.unsigned_abs().checked_ilog10().unwrap_or(0) as usize + 1;
    usize::from(count < 0) + digits
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
            let value = Value::Count(Some(ttl));
            assert_eq!(member_len("ttl", &value), format!(",\"ttl\":{ttl}").len());
        }
        assert_eq!(member_len("ttl", &Value::Count(None)), 0);
    }
}

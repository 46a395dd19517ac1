//! Checks of a request body that are common to all grants.

use serde_json::{Map, Value};

use crate::carrier::media_type;
use crate::refusal::Refusal;

/// Checks for `application/json`, with or without parameters. An absent field is refused too.
pub(super) fn check_content_type(content_type: Option<&[u8]>) -> Result<(), Refusal> {
    if media_type(content_type).eq_ignore_ascii_case(b"application/json") {
        Ok(())
    } else {
        Err(Refusal::UnsupportedMediaType)
    }
}

/// Parses the body, which must be one JSON object.
pub(super) fn parse(body: &[u8]) -> Result<Map<String, Value>, Refusal> {
    match parse_any(body)? {
        Value::Object(members) => Ok(members),
        _ => {
            let start = body.len() - body.trim_ascii_start().len();
            Err(Refusal::JsonParse(format!("{} at line 1, column 1", shown(body.get(start)))))
        }
    }
}

/// Parses the body, which may be any JSON.
pub(super) fn parse_any(body: &[u8]) -> Result<Value, Refusal> {
    serde_json::from_slice(body).map_err(|fault| {
        Refusal::JsonParse(format!(
            "{} at line {}, column {}",
            shown(byte_at(body, fault.line(), fault.column())),
            fault.line(),
            fault.column(),
        ))
    })
}

/// The byte at a line and column, which count from 1; columns are bytes.
fn byte_at(body: &[u8], line: usize, column: usize) -> Option<&u8> {
    body.split(|byte| *byte == b'\n').nth(line.checked_sub(1)?)?.get(column.checked_sub(1)?)
}

/// Shows at most one character: a malformed body can still hold a secret.
fn shown(byte: Option<&u8>) -> String {
    match byte {
        Some(byte) if byte.is_ascii_graphic() => {
            format!("('{}' (code {byte}))", char::from(*byte))
        }
        Some(byte) => format!("(code {byte})"),
        None => "(end of input)".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn description(body: &str) -> String {
        parse(body.as_bytes()).unwrap_err().description().unwrap()
    }

    #[test]
    fn media_type_may_have_parameters() {
        assert!(check_content_type(Some(b"application/json")).is_ok());
        assert!(check_content_type(Some(b"Application/JSON ; charset=utf-8")).is_ok());
        for wrong in [None, Some(&b"text/plain"[..]), Some(b"application/x-www-form-urlencoded")] {
            assert_eq!(check_content_type(wrong), Err(Refusal::UnsupportedMediaType));
        }
    }

    #[test]
    fn descriptions_begin_with_the_documented_words() {
        assert_eq!(
            description("{\"a\": x}"),
            "Unexpected character ('x' (code 120)) at line 1, column 7"
        );
        assert_eq!(description("[1]"), "Unexpected character ('[' (code 91)) at line 1, column 1");
        assert!(description("").starts_with("Unexpected character (end of input)"));
        assert!(description(&"[".repeat(100_000)).starts_with("Unexpected character"));
    }
}

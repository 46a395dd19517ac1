//! The part of a request that carries its members: a JSON body, a form body, or the query.

use http::Method;
use percent_encoding::percent_decode;
use serde_json::{Map, Value};

/// The members of a request, not parsed yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Carrier<'a> {
    Json(&'a [u8]),
    /// `name=value&…`, of a body or of a query.
    Form(&'a [u8]),
    /// Neither by its `Content-Type` nor by its first byte.
    Unknown,
}

impl<'a> Carrier<'a> {
    /// Finds the members of a request.
    ///
    /// As in Apache Usergrid, on which the service is based, a body that begins with `{` or `[` is JSON
    /// whatever its `Content-Type`.
    pub(crate) fn of(
        method: &Method,
        query: Option<&'a str>,
        content_type: Option<&[u8]>,
        body: &'a [u8],
    ) -> Self {
        if *method == Method::GET {
            return Self::Form(query.unwrap_or_default().as_bytes());
        }
        let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
        let is_json = matches!(body.trim_ascii_start().first(), Some(b'{' | b'['));
        let is = |wanted: &[u8]| media_type(content_type).eq_ignore_ascii_case(wanted);
        if is_json || is(b"application/json") {
            Self::Json(body)
        } else if is(b"application/x-www-form-urlencoded") {
            Self::Form(body)
        } else {
            Self::Unknown
        }
    }

    /// The members as JSON, if they can be parsed.
    pub(crate) fn to_json(self) -> Option<Value> {
        match self {
            Self::Json(body) => serde_json::from_slice(body).ok(),
            Self::Form(text) => Some(Value::Object(form(text))),
            Self::Unknown => None,
        }
    }
}

/// A `Content-Type` without its parameters.
pub(crate) fn media_type(content_type: Option<&[u8]>) -> &[u8] {
    let text = content_type.unwrap_or_default();
    text.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii()
}

/// Decodes a form. Of two members with one name, the first counts. `autoCreateUser` becomes a
/// boolean, which a form cannot hold; every other member is text.
pub(crate) fn form(text: &[u8]) -> Map<String, Value> {
    let mut members = Map::new();
    for pair in text.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
        let (name, value) = match pair.iter().position(|byte| *byte == b'=') {
            Some(at) => (&pair[..at], &pair[at + 1..]),
            None => (pair, &b""[..]),
        };
        let name = decoded(name);
        let value = match (name.as_str(), decoded(value)) {
            ("autoCreateUser", text) if text == "true" || text == "false" => {
                (text == "true").into()
            }
            (_, text) => Value::from(text),
        };
        members.entry(name).or_insert(value);
    }
    members
}

fn decoded(text: &[u8]) -> String {
    let spaced: Vec<u8> =
        text.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    percent_decode(&spaced).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_first_byte_decides_before_the_content_type() {
        let form = Some(&b"application/x-www-form-urlencoded; charset=utf-8"[..]);
        let of = |content_type, body| Carrier::of(&Method::POST, Some("a=b"), content_type, body);
        for content_type in [None, form, Some(b"text/plain")] {
            assert_eq!(of(content_type, b"{}"), Carrier::Json(b"{}"));
            assert_eq!(of(content_type, b"\xef\xbb\xbf\r\n ["), Carrier::Json(b"\r\n ["));
        }
        assert_eq!(of(form, b"a=1"), Carrier::Form(b"a=1"));
        assert_eq!(of(Some(b"Application/JSON ;x"), b"a=1"), Carrier::Json(b"a=1"));
        assert_eq!(of(Some(b"text/plain"), b"a=1"), Carrier::Unknown);
        assert_eq!(of(None, b""), Carrier::Unknown);
        assert_eq!(Carrier::of(&Method::GET, Some("a=b"), None, b"{}"), Carrier::Form(b"a=b"));
    }

    #[test]
    fn a_form_is_decoded_once() {
        assert_eq!(
            Value::Object(form(b"a=1%2B+1&&b&a=2&%63=%25%32%35&autoCreateUser=true&d==")),
            json!({ "a": "1+ 1", "b": "", "c": "%25", "autoCreateUser": true, "d": "=" })
        );
        assert_eq!(form(b"autoCreateUser=yes&x=%ff%zz")["x"], "\u{fffd}%zz");
    }
}

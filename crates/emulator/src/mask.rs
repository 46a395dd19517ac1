//! Masks secrets in requests and responses, so that they can be logged.

use std::fmt::Write as _;

use serde_json::Value;

use crate::service::basic;

/// Prefixes of the service's secrets. They are shown, since they identify the kind of secret.
const PREFIXES: [&str; 3] = ["YWMt", "ZHQt", "YXA6"];

/// Members without a secret. Every other member is masked, so that a misspelt `client_secret` is
/// not shown either.
const SHOWN: [&str; 27] = [
    "grant_type",
    "username",
    "ttl",
    "autoCreateUser",
    "expires_in",
    "application",
    "user",
    "uuid",
    "type",
    "created",
    "modified",
    "activated",
    "error",
    "error_description",
    "exception",
    "timestamp",
    "duration",
    "path",
    "status",
    "message",
    "code",
    "action",
    "uri",
    "entities",
    "count",
    "organization",
    "applicationName",
];

/// The longest text in characters; longer ones are cut.
const TEXT_MAX: usize = 160;

/// The longest JSON body that is shown, in bytes; a log line of a longer one helps nobody.
const BODY_MAX: usize = 16 * 1024;

/// The secrets of one request, so that they are also masked in a response that repeats them.
#[derive(Default)]
pub(crate) struct Known(Vec<String>);

impl Known {
    /// Shorter secrets are not searched, since they would mask ordinary words.
    const SHORTEST: usize = 6;

    /// Collects the secrets of a request.
    pub(crate) fn of_request(authorization: Option<&[u8]>, body: Option<&Value>) -> Self {
        let one = body.map(std::slice::from_ref).unwrap_or_default();
        let members = body
            .and_then(Value::as_array)
            .map_or(one, Vec::as_slice)
            .iter()
            .filter_map(Value::as_object)
            .flatten()
            .filter(|(name, _)| !SHOWN.contains(&name.as_str()))
            .filter_map(|(_, value)| value.as_str());
        let token = authorization
            .and_then(|field| std::str::from_utf8(field).ok())
            .and_then(|field| field.split_ascii_whitespace().last());
        let secret = authorization.and_then(basic).map(|(_, secret)| secret);
        let long_enough = |text: &&str| text.len() >= Self::SHORTEST;
        let texts = members.chain(token).chain(secret.as_deref());
        Self(texts.filter(long_enough).map(str::to_owned).collect())
    }
}

/// Masks a secret: shows its kind and length if the kind is known.
pub(crate) fn secret(text: &str) -> String {
    match PREFIXES.iter().find(|prefix| text.starts_with(**prefix)) {
        Some(prefix) => format!("{prefix}…({} chars)", text.chars().count()),
        None => "***".to_owned(),
    }
}

/// Masks a header field. Credentials keep their scheme.
pub(crate) fn header(name: &str, value: &[u8], known: &Known) -> String {
    let text = String::from_utf8_lossy(value);
    match name {
        "authorization" | "proxy-authorization" => match text.split_once(' ') {
            Some((scheme @ ("Bearer" | "bearer" | "Basic"), rest)) => {
                format!("{scheme} {}", secret(rest.trim()))
            }
            _ => secret(&text),
        },
        "cookie" | "set-cookie" => "***".to_owned(),
        _ => plain(&text, known),
    }
}

/// Masks a body on one line: JSON without its secrets, anything else as its size.
pub(crate) fn body(body: &[u8], content_type: Option<&str>, known: &Known) -> String {
    if body.is_empty() {
        return "[no body]".to_owned();
    }
    let parsed = (body.len() <= BODY_MAX).then(|| serde_json::from_slice::<Value>(body));
    match parsed {
        Some(Ok(value @ (Value::Object(_) | Value::Array(_)))) => {
            visible(&json(&value, true, known).to_string())
        }
        _ => match content_type {
            Some(media_type) => {
                format!("[{} bytes of {}]", body.len(), plain(media_type, known))
            }
            None => format!("[{} bytes]", body.len()),
        },
    }
}

/// Masks known secrets and tokens in text.
pub(crate) fn plain(text: &str, known: &Known) -> String {
    let mut masked = text.to_owned();
    for secret_text in &known.0 {
        if masked.contains(secret_text) {
            masked = masked.replace(secret_text, &secret(secret_text));
        }
    }
    masked = mask_prefixed(&masked);
    if let Some((cut, _)) = masked.char_indices().nth(TEXT_MAX) {
        masked.truncate(cut);
        masked.push('…');
    }
    visible(&masked)
}

fn json(value: &Value, shown: bool, known: &Known) -> Value {
    match value {
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| {
                let shown = shown && SHOWN.contains(&name.as_str());
                (plain(name, known), json(value, shown, known))
            })
            .collect::<serde_json::Map<_, _>>()
            .into(),
        Value::Array(items) => items.iter().map(|item| json(item, shown, known)).collect(),
        Value::String(text) if shown => plain(text, known).into(),
        Value::String(text) => secret(text).into(),
        Value::Number(_) if !shown => "***".into(),
        other => other.clone(),
    }
}

/// Masks every word that has the prefix and the length of a secret of the service.
fn mask_prefixed(text: &str) -> String {
    const LONG: usize = 12;
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = PREFIXES.iter().filter_map(|prefix| rest.find(prefix)).min() {
        let (before, found) = rest.split_at(start);
        masked.push_str(before);
        let token_byte = |byte: u8| byte.is_ascii_alphanumeric() || b"-_=+/.".contains(&byte);
        let length = found.bytes().take_while(|byte| token_byte(*byte)).count();
        let (token, after) = found.split_at(length);
        if length >= LONG {
            masked.push_str(&secret(token));
        } else {
            masked.push_str(token);
        }
        rest = after;
    }
    masked.push_str(rest);
    masked
}

/// Escapes control characters, so that a log line is one line and cannot control a terminal.
fn visible(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut line, c| {
        if c.is_control() {
            // Writing to a `String` cannot fail.
            let _ = write!(line, "{}", c.escape_unicode());
        } else {
            line.push(c);
        }
        line
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "YWMtrR6ECkz8Eeyx6Y9j1eX9kbsMrFep3U6BvVj7KSnNonWqRx7gTPwR7Kzl";

    fn shown(text: &str) -> String {
        body(text.as_bytes(), Some("application/json"), &Known::default())
    }

    #[test]
    fn members_that_are_not_listed_are_masked_whatever_their_type() {
        assert_eq!(
            shown(r#"{"grant_type":"password","username":"c","password":1,"pasword":"x"}"#),
            r#"{"grant_type":"password","username":"c","password":"***","pasword":"***"}"#
        );
        assert_eq!(
            shown(&format!(r#"{{"access_token":"{TOKEN}","expires_in":3}}"#)),
            r#"{"access_token":"YWMt…(60 chars)","expires_in":3}"#
        );
        assert_eq!(shown(r#"{"secrets":{"username":"x"}}"#), r#"{"secrets":{"username":"***"}}"#);
    }

    #[test]
    fn secrets_in_ordinary_text_are_found() {
        let body = serde_json::json!({"password": "hunter2hunter2"});
        let known = Known::of_request(Some(b"Bearer abcdefgh"), Some(&body));
        let text = format!("no hunter2hunter2, no abcdefgh, no {TOKEN}!");
        assert_eq!(plain(&text, &known), "no ***, no ***, no YWMt…(60 chars)!");
    }

    #[test]
    fn what_is_no_json_is_only_measured() {
        let known = Known::default();
        assert_eq!(body(b"<html>", Some("text/html"), &known), "[6 bytes of text/html]");
        assert_eq!(body(br#""secret""#, None, &known), "[8 bytes]");
        assert_eq!(body(b"", None, &known), "[no body]");
    }

    #[test]
    fn a_line_stays_a_line() {
        assert_eq!(
            plain("a\r\n\u{1b}[31m\u{9b}", &Known::default()),
            "a\\u{d}\\u{a}\\u{1b}[31m\\u{9b}"
        );
        assert_eq!(plain(&"é".repeat(200), &Known::default()).chars().count(), TEXT_MAX + 1);
    }

    #[test]
    fn credentials_keep_their_scheme() {
        let known = Known::default();
        let field = format!("Bearer {TOKEN}");
        assert_eq!(header("authorization", field.as_bytes(), &known), "Bearer YWMt…(60 chars)");
        assert_eq!(header("authorization", b"hunter2", &known), "***");
    }
}

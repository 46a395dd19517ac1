//! Masked heads and bodies of requests and responses, for `-vv`.
//!
//! Only what is known to hold no secret is shown: a server, or a machine in between, can repeat what it
//! received, in any member and in any encoding.

use easemob_token::transport::http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Map, Value};

/// Prefixes of the service's secrets, which show what kind of secret it is.
const PREFIXES: [&str; 3] = ["YWMt", "ZHQt", "YXA6"];
/// Header fields whose values are shown.
const FIELDS: [&str; 8] = [
    "accept",
    "connection",
    "content-length",
    "content-type",
    "date",
    "host",
    "retry-after",
    "user-agent",
];
/// Members whose values are shown, if they are numbers, switches or words.
const MEMBERS: [&str; 16] = [
    "activated",
    "application",
    "autoCreateUser",
    "created",
    "duration",
    "error",
    "expires_in",
    "grant_type",
    "modified",
    "status",
    "timestamp",
    "ttl",
    "type",
    "user",
    "username",
    "uuid",
];
/// The longest shown text, and name of a member.
const LONGEST: usize = 128;
/// The largest body that is parsed, in bytes.
const LARGEST: usize = 64 << 10;

/// The secrets of one request, which its response must not show either.
pub(crate) struct Masks(Vec<String>);

impl Masks {
    /// Finds the secrets of a request: credentials, and members that are not shown.
    pub(crate) fn of_request(headers: &HeaderMap, body: &[u8]) -> Self {
        let mut secrets = Vec::new();
        for value in headers.values().filter(|value| value.is_sensitive()) {
            let text = String::from_utf8_lossy(value.as_bytes());
            secrets.extend(text.split_ascii_whitespace().map(str::to_owned));
        }
        if let Ok(Value::Object(members)) = serde_json::from_slice(body) {
            let hidden = members.into_iter().filter(|(name, _)| !is_member(name));
            secrets.extend(hidden.filter_map(|(_, value)| value.as_str().map(str::to_owned)));
        }
        Self(secrets)
    }

    /// The header fields, each with its value or `***`.
    pub(crate) fn fields(&self, headers: &HeaderMap) -> Vec<(String, String)> {
        headers.iter().map(|(name, value)| self.field(name, value)).collect()
    }

    fn field(&self, name: &HeaderName, value: &HeaderValue) -> (String, String) {
        let text = value.to_str().unwrap_or_default();
        let shown = match text.split_once(' ') {
            _ if FIELDS.contains(&name.as_str()) && self.can_be_shown(text) => text.to_owned(),
            Some((scheme @ ("Bearer" | "Basic"), secret)) => format!("{scheme} {}", masked(secret)),
            _ => "***".to_owned(),
        };
        let is_name_shown = self.can_be_shown(name.as_str());
        (if is_name_shown { name.to_string() } else { "***".to_owned() }, shown)
    }

    /// The body: JSON with its secrets masked, otherwise its size.
    pub(crate) fn body(&self, body: &[u8]) -> String {
        let parsed = (body.len() <= LARGEST).then(|| serde_json::from_slice::<Value>(body));
        match parsed {
            Some(Ok(value @ (Value::Object(_) | Value::Array(_)))) => {
                self.json(value, true).to_string()
            }
            _ => format!("[{} bytes, not JSON]", body.len()),
        }
    }

    fn json(&self, value: Value, is_shown: bool) -> Value {
        match value {
            Value::Object(members) => {
                let member = |(name, value): (String, Value)| {
                    let value = self.json(value, is_shown && is_member(&name));
                    let is_name = is_word(&name) && self.can_be_shown(&name);
                    (if is_name { name } else { "***".to_owned() }, value)
                };
                Value::Object(members.into_iter().map(member).collect::<Map<_, _>>())
            }
            Value::Array(items) => items.into_iter().map(|it| self.json(it, is_shown)).collect(),
            Value::String(text) if is_shown && is_word(&text) && self.can_be_shown(&text) => {
                text.into()
            }
            Value::String(text) => masked(&text).into(),
            Value::Null => Value::Null,
            other if is_shown && self.can_be_shown(&other.to_string()) => other,
            _ => "***".into(),
        }
    }

    /// Whether a text has no secret of the request and none of the service.
    fn can_be_shown(&self, text: &str) -> bool {
        text.len() <= LONGEST
            && !PREFIXES.iter().any(|prefix| text.contains(prefix))
            // A short secret occurs by chance: it counts only if it is the whole text.
            && !self.0.iter().any(|it| it == text || (it.len() > 3 && text.contains(it.as_str())))
    }
}

/// A secret's kind and length, if its kind is known.
fn masked(secret: &str) -> String {
    let length = secret.chars().count();
    let prefix = PREFIXES.iter().find(|prefix| secret.starts_with(**prefix) && length > 16);
    prefix.map_or_else(|| "***".to_owned(), |prefix| format!("{prefix}…({length} chars)"))
}

fn is_member(name: &str) -> bool {
    MEMBERS.contains(&name)
}

/// Whether it is one word of ASCII, such as an ID or the name of a member.
fn is_word(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.:@".contains(&byte);
    text.bytes().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "YWMtrR6ECkz8Eeyx6Y9j1eX9kbsMrFep3U6BvVj7KSnN";

    #[test]
    fn only_what_is_known_is_shown_and_no_secret_of_the_request() {
        let mut head = HeaderMap::new();
        let mut token: HeaderValue = format!("Bearer {TOKEN}").parse().unwrap();
        token.set_sensitive(true);
        head.insert("authorization", token);
        let request = br#"{"grant_type":"password","username":"c","password":"hunter","ttl":60}"#;
        let masks = Masks::of_request(&head, request);
        assert_eq!(
            masks.body(request),
            r#"{"grant_type":"password","username":"c","password":"***","ttl":60}"#
        );
        let fields = masks.fields(&head);
        assert_eq!(fields, [("authorization".into(), "Bearer YWMt…(44 chars)".into())]);
        for (body, shown) in [
            (format!(r#"{{"access_token":"{TOKEN}"}}"#), r#"{"access_token":"YWMt…(44 chars)"}"#),
            (r#"{"error":"invalid_grant"}"#.into(), r#"{"error":"invalid_grant"}"#),
            (r#"{"error":"no.hunter"}"#.into(), r#"{"error":"***"}"#),
            (r#"{"error_description":"bad hunter"}"#.into(), r#"{"error_description":"***"}"#),
            (r#"{"hunter":{"username":"x"}}"#.into(), r#"{"***":{"username":"***"}}"#),
            (format!(r#"[{{"uuid":"x{TOKEN}"}}]"#), r#"[{"uuid":"***"}]"#),
            ("<p>hunter</p>".into(), "[13 bytes, not JSON]"),
        ] {
            assert_eq!(masks.body(body.as_bytes()), shown);
        }
        let mut echo = HeaderMap::new();
        echo.insert("date", "hunter".parse().unwrap());
        echo.insert("x-hunter", "1".parse().unwrap());
        echo.insert("server", "nginx".parse().unwrap());
        let fields = masks.fields(&echo);
        let shown: Vec<_> = fields.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        assert_eq!(shown, ["date: ***", "***: ***", "server: ***"]);
    }
}

//! Refusals that quote the request: their text shows no secret, and is short and printable.
//!
//! The first line is the secret, the second a status, the rest the service's text. A `{}` in it is
//! replaced by the secret, as it is and in some encodings.
#![no_main]

use easemob_token_core::{ClientCredentials, Inherit, Password, ResponseError, TtlUnits};
use easemob_token_fuzz::{app_token, check, endpoint, everything, first_line, received_at};
use libfuzzer_sys::fuzz_target;
use serde_json::json;

/// Fixed texts that replace a description.
const OWN_WORDS: [&str; 6] = [
    "to another path of the same host",
    "the status means nothing here",
    "to https://",
    "the body is empty",
    "the body is a web page (HTML or XML), not JSON: a firewall, a proxy or a gateway answered",
    "the body is a page of plain text, not JSON: a firewall, a proxy or a gateway answered",
];

fuzz_target!(|bytes: &[u8]| {
    let (secret, rest) = first_line(bytes);
    let (status, text) = first_line(rest);
    let Ok(secret) = std::str::from_utf8(secret) else { return };
    let status = std::str::from_utf8(status).ok().and_then(|word| word.parse().ok());
    let status: u16 = status.unwrap_or(400);
    if status == 200 || http::StatusCode::from_u16(status).is_err() {
        return;
    }
    let template = String::from_utf8_lossy(text);
    for encoded in encodings(secret) {
        // A space apart, so that what is before it is not the beginning of an escape.
        let text = template.replace("{}", &format!(" {encoded} "));
        let body = json!({"error": text, "error_description": text}).to_string();
        repeated(secret, status, &body, &encoded);
    }
    let text = template.replace("{}", secret);
    let bodies = [
        json!({"error": "invalid_grant", "error_description": text}).to_string(),
        json!({"error": text, "error_description": text, "exception": text}).to_string(),
        // As it was sent, in JSON within JSON.
        json!({"error": "x", "error_description": json!({"password": secret}).to_string()})
            .to_string(),
        text,
    ];
    for body in &bodies {
        refused(secret, status, body);
    }
});

/// The secret with every character, or byte, of it encoded.
fn encodings(secret: &str) -> [String; 5] {
    let each = |encode: fn(u8) -> String| secret.bytes().map(encode).collect::<String>();
    let units = secret.encode_utf16().map(|unit| format!("\\u{unit:04x}"));
    let references = secret.chars().map(|c| format!("&#{};", u32::from(c)));
    [
        units.collect(),
        references.collect(),
        each(|b| format!("%{b:02X}")),
        each(|b| format!("\\x{b:02x}")),
        each(|b| format!("{b:02x}")),
    ]
}

fn repeated(secret: &str, status: u16, body: &str, encoded: &str) {
    for error in ask(secret, status, body) {
        check(&error);
        let is_shown = everything(&error).contains(encoded);
        assert!(secret.len() < 4 || !is_shown, "{encoded} in {error}");
    }
}

fn refused(secret: &str, status: u16, body: &str) {
    // The fixed texts, the mask and escapes can contain the secret by chance.
    let is_ours = OWN_WORDS.iter().any(|words| words.contains(secret))
        || secret.contains(['*', '\\', '{', '}', '…']);
    let is_findable = secret.len() >= 4 && !is_ours;
    let has_digit_and_letter = secret.contains(|c: char| c.is_ascii_digit())
        && secret.contains(|c: char| c.is_ascii_alphabetic());
    for error in ask(secret, status, body) {
        check(&error);
        let text = [error.code(), error.description()].map(Option::unwrap_or_default);
        assert!(!is_findable || !text.concat().contains(secret), "{secret:?} in {text:?}");
        // The fixed text around it does not contain such a secret.
        let shown = everything(&error);
        let is_found = is_findable && has_digit_and_letter && shown.contains(secret);
        assert!(!is_found, "{secret:?} in {shown}");
    }
}

/// The error of each grant that can carry this secret, for this response.
fn ask(secret: &str, status: u16, body: &str) -> Vec<ResponseError> {
    let endpoint = endpoint(TtlUnits::STANDARD);
    let response = || {
        let mut response = http::Response::new(body.as_bytes());
        *response.status_mut() = http::StatusCode::from_u16(status).unwrap();
        if let Ok(target) = http::HeaderValue::from_str(body) {
            response.headers_mut().insert("location", target);
        }
        response
    };
    let mut errors = Vec::new();
    if let Ok(grant) = Password::new("C", secret) {
        errors.extend(endpoint.parse(&grant, response(), received_at()).err());
    }
    if let Ok(grant) = ClientCredentials::new("id", secret) {
        errors.extend(endpoint.parse(&grant, response(), received_at()).err());
    }
    if let Ok(token) = app_token(secret) {
        let grant = Inherit::new("C", &token).unwrap();
        errors.extend(endpoint.parse(&grant, response(), received_at()).err());
    }
    errors
}

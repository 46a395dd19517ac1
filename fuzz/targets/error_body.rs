//! Any refusal that quotes what was sent: its text shows no secret, and is short and printable.
//!
//! The first line is the secret, the second a status, the rest what the service says; `{}` in it is
//! where the secret is quoted, as it is and in each of some encodings.
#![no_main]

use easemob_token_core::{
    AccessToken, ClientCredentials, Inherit, Password, ResponseError, TtlUnits,
};
use easemob_token_fuzz::{check, endpoint, everything, first_line, received_at};
use libfuzzer_sys::fuzz_target;
use serde_json::json;

/// What takes the place of a description.
const OWN_WORDS: [&str; 3] =
    ["to another path of the same host", "the status means nothing here", "to https://"];

fuzz_target!(|bytes: &[u8]| {
    let (secret, rest) = first_line(bytes);
    let (status, said) = first_line(rest);
    let Ok(secret) = std::str::from_utf8(secret) else { return };
    let status = std::str::from_utf8(status).ok().and_then(|word| word.parse().ok());
    let status: u16 = status.unwrap_or(400);
    if status == 200 || http::StatusCode::from_u16(status).is_err() {
        return;
    }
    let template = String::from_utf8_lossy(said);
    for encoded in encodings(secret) {
        // A space apart, so that what is before it is not the beginning of an escape.
        let said = template.replace("{}", &format!(" {encoded} "));
        let body = json!({"error": said, "error_description": said}).to_string();
        repeated(secret, status, &body, &encoded);
    }
    let said = template.replace("{}", secret);
    let bodies = [
        json!({"error": "invalid_grant", "error_description": said}).to_string(),
        json!({"error": said, "error_description": said, "exception": said}).to_string(),
        // As it was sent, in JSON within JSON.
        json!({"error": "x", "error_description": json!({"password": secret}).to_string()})
            .to_string(),
        said,
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
    // Our own words, the mask and escapes can hold, or make, what stands for a secret here.
    let is_ours = OWN_WORDS.iter().any(|words| words.contains(secret))
        || secret.contains(['*', '\\', '{', '}', '…']);
    let is_findable = secret.len() >= 4 && !is_ours;
    let has_digit_and_letter = secret.contains(|c: char| c.is_ascii_digit())
        && secret.contains(|c: char| c.is_ascii_alphabetic());
    for error in ask(secret, status, body) {
        check(&error);
        let said = [error.code(), error.description()].map(Option::unwrap_or_default);
        assert!(!is_findable || !said.concat().contains(secret), "{secret:?} in {said:?}");
        // The words around it are ours, and hold no such thing.
        let shown = everything(&error);
        let is_found = is_findable && has_digit_and_letter && shown.contains(secret);
        assert!(!is_found, "{secret:?} in {shown}");
    }
}

/// The error of each grant that can carry this secret, for this answer.
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
    if let Ok(token) = AccessToken::new(secret) {
        let grant = Inherit::new("C", &token).unwrap();
        errors.extend(endpoint.parse(&grant, response(), received_at()).err());
    }
    errors
}

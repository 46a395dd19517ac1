//! The members of a token request: from its body, its query and `Basic` credentials.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Map, Value};

use super::{Call, json_body};
use crate::carrier::{self, Carrier};
use crate::refusal::Refusal;

/// Standard base64, with or without padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Returns the members of a token request. If `strict`, only a JSON body with its `Content-Type`
/// counts.
pub(super) fn of_grant(call: &Call<'_>, strict: bool) -> Result<Map<String, Value>, Refusal> {
    if strict {
        json_body::check_content_type(call.content_type)?;
        return json_body::parse(call.body);
    }
    let mut members = match Carrier::of(call.method, call.query, call.content_type, call.body) {
        Carrier::Json(body) => json_body::parse(body)?,
        Carrier::Form(text) => carrier::form(text),
        Carrier::Unknown => return Err(Refusal::UnsupportedMediaType),
    };
    // As in Apache Usergrid, the field comes before the members.
    if let Some((id, secret)) = call.authorization.and_then(basic) {
        members.insert("client_id".to_owned(), id.into());
        members.insert("client_secret".to_owned(), secret.into());
    }
    Ok(members)
}

/// Returns the JSON body of a request about users, which can be a list.
pub(super) fn of_json(call: &Call<'_>, strict: bool) -> Result<Value, Refusal> {
    if strict {
        json_body::check_content_type(call.content_type)?;
        return json_body::parse_any(call.body);
    }
    match Carrier::of(call.method, None, call.content_type, call.body) {
        Carrier::Json(body) => json_body::parse_any(body),
        Carrier::Form(_) | Carrier::Unknown => Err(Refusal::UnsupportedMediaType),
    }
}

/// The client ID and the secret of a field `Authorization`.
pub(crate) fn basic(field: &[u8]) -> Option<(String, String)> {
    let (scheme, rest) = field.split_at_checked(6)?;
    if !scheme.eq_ignore_ascii_case(b"basic ") {
        return None;
    }
    let decoded = String::from_utf8(BASE64.decode(rest.trim_ascii()).ok()?).ok()?;
    decoded.split_once(':').map(|(id, secret)| (id.to_owned(), secret.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::basic;

    #[test]
    fn basic_credentials_have_two_parts() {
        let pair = Some(("id".to_owned(), "a:b".to_owned()));
        assert_eq!(basic(b"Basic aWQ6YTpi"), pair);
        assert_eq!(basic(b"basic  aWQ6YTpi "), pair);
        assert_eq!(basic(b"BASIC aWQ6"), Some(("id".to_owned(), String::new())));
        assert_eq!(basic(b"Basic aWQ6YQ"), Some(("id".to_owned(), "a".to_owned())), "no padding");
        for bad in
            [&b""[..], b"Basic", b"Basic %", b"Basic aWQ=", b"Bearer aWQ6YTpi", b"Basic /zo="]
        {
            assert_eq!(basic(bad), None);
        }
    }
}

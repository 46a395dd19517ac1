//! Six secrets that must not be logged, and the search for them in any encoding.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

/// The secret of a client.
pub const CLIENT_SECRET: &str = "MARK-CLIENT-SECRET-51fc";
/// The password of a user.
pub const PASSWORD: &str = "MARK-PASSWORD-8d02";
/// An app token.
pub const APP_TOKEN: &str = "MARK-APP-TOKEN-c773";
/// A user token.
pub const USER_TOKEN: &str = "MARK-USER-TOKEN-09ea";
/// The password of a proxy.
pub const PROXY_PASSWORD: &str = "MARK-PROXY-PASSWORD-b64a";
/// The value of an `Authorization` header, after its scheme.
pub const AUTHORIZATION: &str = "MARK-AUTHORIZATION-3e18";

/// All six.
pub const ALL: [&str; 6] =
    [CLIENT_SECRET, PASSWORD, APP_TOKEN, USER_TOKEN, PROXY_PASSWORD, AUTHORIZATION];

/// The prefix of all of them, and of the secrets of the conformance suite.
pub const STEM: &str = "MARK-";

/// Finds `secret` in `text`, and returns the text around it for a report.
///
/// The secret may be plain or part of a text in base64, and each of these as bytes in `Debug` on one line
/// or on many, hexadecimal, or escaped as in a URL, in Rust or in JSON.
#[must_use]
pub fn find(text: &str, secret: &str) -> Option<String> {
    find_any(text, &forms(secret))
}

/// Finds one of these [`forms`] in `text`.
#[must_use]
pub fn find_any(text: &str, forms: &[String]) -> Option<String> {
    let mut folded = text.to_ascii_lowercase();
    folded.retain(|c| !c.is_whitespace());
    forms.iter().find_map(|form| {
        let at = folded.find(form)?;
        let (from, to) = (at.saturating_sub(120), (at + form.len() + 60).min(folded.len()));
        Some(folded.get(from..to).unwrap_or("(inside of a character)").to_owned())
    })
}

/// The forms in which a secret is searched, in lower case and without white space.
#[must_use]
pub fn forms(secret: &str) -> Vec<String> {
    let mut texts = vec![secret.to_owned()];
    for before in 0..3 {
        // The first and the last characters depend on the text around the secret.
        let whole = STANDARD_NO_PAD.encode([&b"???"[..before], secret.as_bytes()].concat());
        let from = [0, 2, 3][before];
        let last = if (before + secret.len()) % 3 == 0 { 0 } else { 1 };
        texts.push(whole[from..whole.len() - last].to_owned());
    }
    let mut forms = Vec::new();
    for text in texts {
        let each = |form: &dyn Fn(u8) -> String| text.bytes().map(form).collect::<Vec<_>>();
        forms.push(each(&|byte| byte.to_string()).join(","));
        for escape in ["", "%", "\\x", "\\u00"] {
            forms.push(each(&|byte| format!("{escape}{byte:02x}")).concat());
        }
        forms.push(each(&|byte| format!("\\u{{{byte:x}}}")).concat());
        forms.push(text.to_ascii_lowercase());
    }
    forms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_found_in_every_encoding() {
        for secret in ALL.into_iter().chain([STEM]) {
            let around = |before: &str| {
                base64::engine::general_purpose::STANDARD.encode(format!("{before}{secret} etc"))
            };
            for text in [
                format!("Authorization: Bearer {secret}\r\n"),
                secret.to_lowercase(),
                format!("{:?}", format!("x {secret} y").as_bytes()),
                format!("Basic {}", around("")),
                format!("Basic {}", around("m")),
                format!("Basic {}", around("me")),
                format!("Basic {}", around("me:")),
                format!("{secret:#?}"),
            ] {
                assert!(find(&text, secret).is_some(), "{secret} in {text}");
            }
            assert!(find("nothing of the kind; TUFSS, 77, 65, 83", secret).is_none());
        }
    }
}

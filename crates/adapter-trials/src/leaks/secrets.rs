//! The six secrets that nobody may say, and the search for them in any form in which they are said.

use std::fmt::Write as _;

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

/// How all of them begin, and those of the conformance suite as well.
pub const STEM: &str = "MARK-";

/// Where `secret` stands in `text`: as it is, in base64 whatever stands before and after it, as the
/// numbers that `Debug` makes of bytes, or in hexadecimal. The text around it, for a report.
#[must_use]
pub fn find(text: &str, secret: &str) -> Option<String> {
    let folded = text.to_ascii_lowercase();
    forms(secret).into_iter().find_map(|form| {
        let at = folded.find(&form.to_ascii_lowercase())?;
        let (from, to) = (at.saturating_sub(120), (at + form.len() + 60).min(text.len()));
        Some(text.get(from..to).unwrap_or("(not at a character's edge)").to_owned())
    })
}

fn forms(secret: &str) -> Vec<String> {
    let mut forms = vec![secret.to_owned()];
    for before in 0..3 {
        // The first and the last characters depend on what stands around it.
        let whole = STANDARD_NO_PAD.encode([&b"???"[..before], secret.as_bytes()].concat());
        let from = [0, 2, 3][before];
        let last = if (before + secret.len()) % 3 == 0 { 0 } else { 1 };
        forms.push(whole[from..whole.len() - last].to_owned());
    }
    let mut numbers = String::new();
    let mut hexadecimal = String::new();
    for byte in secret.bytes() {
        // Writing to a string cannot fail.
        let _ = write!(numbers, "{byte}, ");
        let _ = write!(hexadecimal, "{byte:02x}");
    }
    forms.push(numbers.trim_end_matches(", ").to_owned());
    forms.push(hexadecimal);
    forms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_found_in_whatever_form_it_is_said() {
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

//! The field `Authorization` with a bearer token.

use crate::refusal::Refusal;

/// The token of the field.
pub(super) fn bearer(field: Option<&[u8]>) -> Result<&[u8], Refusal> {
    // The documentation has one refusal for both "expired" and "absent".
    let field = field.ok_or(Refusal::AppTokenExpired)?;
    token(field).ok_or(Refusal::AppTokenInvalid)
}

fn token(field: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = field.split_at_checked(6)?;
    let token = token.strip_prefix(b" ")?;
    scheme.eq_ignore_ascii_case(b"bearer").then(|| token.trim_ascii())
}

#[cfg(test)]
mod tests {
    use super::token;

    #[test]
    fn only_the_scheme_bearer_is_accepted() {
        assert_eq!(token(b"Bearer abc"), Some(&b"abc"[..]));
        assert_eq!(token(b"bearer  abc"), Some(&b"abc"[..]));
        for other in [&b""[..], b"Bearer", b"Basic abc", b"Bearerabc", b"abc"] {
            assert_eq!(token(other), None);
        }
    }
}

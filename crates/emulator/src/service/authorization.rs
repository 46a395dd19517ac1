//! Verifies the app token of a request: its form, its application, its lifetime.

use std::time::Duration;

use crate::access_token::{TokenFault, TokenIssuer, TokenKind};
use crate::accounts::App;
use crate::refusal::Refusal;

/// Checks the field `Authorization`, which must hold `Bearer` and a valid app token of `app`.
pub(super) fn check(
    field: Option<&[u8]>,
    app: &App,
    issuer: &TokenIssuer,
    now: Duration,
) -> Result<(), Refusal> {
    let token = bearer_of(field)?;
    let claims = issuer.verify(token, app.token_epoch).map_err(|fault| match fault {
        TokenFault::Malformed | TokenFault::Revoked => Refusal::AppTokenInvalid,
        TokenFault::Foreign => Refusal::AppTokenForeign,
    })?;
    if claims.kind != TokenKind::App || claims.principal != app.id {
        Err(Refusal::AppTokenCorrupt)
    } else if claims.is_expired(now) {
        Err(Refusal::AppTokenExpired)
    } else {
        Ok(())
    }
}

/// The token of the field `Authorization`.
pub(super) fn bearer_of(field: Option<&[u8]>) -> Result<&[u8], Refusal> {
    // The documentation has one refusal for both "expired" and "absent".
    bearer(field.ok_or(Refusal::AppTokenExpired)?).ok_or(Refusal::AppTokenInvalid)
}

fn bearer(field: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = field.split_at_checked(6)?;
    let token = token.strip_prefix(b" ")?;
    scheme.eq_ignore_ascii_case(b"bearer").then(|| token.trim_ascii())
}

#[cfg(test)]
mod tests {
    use super::bearer;

    #[test]
    fn only_the_scheme_bearer_is_accepted() {
        assert_eq!(bearer(b"Bearer abc"), Some(&b"abc"[..]));
        assert_eq!(bearer(b"bearer  abc"), Some(&b"abc"[..]));
        for other in [&b""[..], b"Bearer", b"Basic abc", b"Bearerabc", b"abc"] {
            assert_eq!(bearer(other), None);
        }
    }
}

//! Signature of a dynamic token: SHA-256 over the joined parts, in lower-case hexadecimal digits.

use hmac_sha256::Hash;
use subtle::ConstantTimeEq;

use crate::endpoint::AppKey;
use crate::secret::Secret;

/// Number of digits of a signature.
pub(super) const LEN: usize = 64;

/// Key to sign with, for one app.
#[derive(Clone, Debug)]
pub(super) struct Key {
    pub(super) app_key: AppKey,
    pub(super) client_id: Box<str>,
    pub(super) client_secret: Secret,
}

/// Digits of a signature. It has no `Debug`, since it completes the token.
#[derive(Clone)]
pub(super) struct Signature([u8; LEN]);

impl Key {
    /// The signature for this user and these numbers, in seconds.
    pub(super) fn sign(&self, user_id: &str, cur_time: i64, ttl: i64) -> Signature {
        let mut hash = Hash::new();
        hash.update(&*self.client_id);
        hash.update(self.app_key.org());
        hash.update("#");
        hash.update(self.app_key.app());
        hash.update(user_id);
        hash.update(cur_time.to_string());
        hash.update(ttl.to_string());
        hash.update(self.client_secret.expose());
        let mut digits = [0; LEN];
        // Two digits for each of thirty-two bytes fit.
        let _ = base16ct::lower::encode(&hash.finalize(), &mut digits);
        Signature(digits)
    }
}

impl Signature {
    /// Parses a signature; `None` if the text is not 64 lower-case hexadecimal digits.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let lower_hex = |digit: &u8| matches!(digit, b'0'..=b'9' | b'a'..=b'f');
        let digits: [u8; LEN] = text.as_bytes().try_into().ok()?;
        digits.iter().all(lower_hex).then_some(Self(digits))
    }

    pub(super) fn digits(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// Whether both are the same, in a time that does not depend on where they differ.
    pub(super) fn matches(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

/// Whether both secrets are the same, in a time that depends only on their length.
pub(super) fn same_secret(a: &Secret, b: &Secret) -> bool {
    a.expose().as_bytes().ct_eq(b.expose().as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vector_of_the_rule() {
        let key = Key {
            app_key: "easemob-demo#testapp".parse().unwrap(),
            client_id: "YXA6i-Ak8Ol4Eei2l11ZjV-EAg".into(),
            client_secret: "YXA6VunqiNxoB7IwXHInk1cGiXOOJfc".into(),
        };
        let signature = key.sign("test2333", 1_686_207_557, 600);
        let expected = "e92a1247dff460e2f8040d7d2575bee6ca4ebb0f2adaa1a191e82ea1f9c4c4d0";
        assert_eq!(signature.digits(), expected);
        assert!(signature.matches(&Signature::parse(expected).unwrap()));
        assert!(!signature.matches(&key.sign("test2333", 1_686_207_557, 601)));
    }

    #[test]
    fn only_sixty_four_lower_case_digits_are_a_signature() {
        let digits = "0123456789abcdef".repeat(4);
        assert!(Signature::parse(&digits).is_some());
        for bad in ["", &digits[1..], &digits.to_uppercase(), &"g".repeat(64), &"é".repeat(32)] {
            assert!(Signature::parse(bad).is_none(), "{bad}");
        }
    }
}

//! Access tokens in the documented layout: issues them with a keyed digest and verifies them.
//!
//! URL-safe base64 without padding of `ac-` and 94 bytes, big-endian: token UUID (version 1),
//! application or management UUID, principal UUID, kind, 3, time of issue in milliseconds,
//! lifetime in seconds, 32 bytes of digest.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac as _};
use sha2::{Digest as _, Sha256, Sha512};
use uuid::timestamp::context::ContextV1;
use uuid::{Timestamp, Uuid};

use crate::clock::unix_ms;
use crate::service::AppKey;
use crate::ttl::Lifetime;

const PREFIX: &[u8; 3] = b"ac-";
/// Bytes after the prefix, without and with the digest.
const SIGNED: usize = 62;
const WHOLE: usize = 94;

/// Whether a token belongs to the application or to a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    App,
    User,
}

/// The fields of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Claims {
    /// The application in a user token, a management ID in an app token.
    pub(crate) scope: Uuid,
    /// `user.uuid` in a user token, the application in an app token.
    pub(crate) principal: Uuid,
    pub(crate) kind: TokenKind,
    pub(crate) issued_ms: u64,
    pub(crate) lifetime: u32,
}

/// Why a token is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenFault {
    /// It does not have the layout.
    Malformed,
    /// It has the layout, but not a digest of this emulator.
    Foreign,
    /// It was issued here and has been revoked since.
    Revoked,
}

/// Issues tokens and UUIDs for one emulator.
pub(crate) struct TokenIssuer {
    key: [u8; 32],
    node: [u8; 6],
    context: ContextV1,
    /// Whether UUIDs of accounts follow from the key, and how many others were made.
    seeded: bool,
    made: AtomicU64,
}

impl TokenIssuer {
    /// With a key from the operating system, or with one that follows from a seed.
    pub(crate) fn new(from: Option<u64>) -> Result<Self, getrandom::Error> {
        let mut seed = [0; 40];
        match from {
            None => getrandom::fill(&mut seed)?,
            Some(number) => {
                let hash =
                    Sha512::new().chain_update(b"emulator").chain_update(number.to_be_bytes());
                seed.copy_from_slice(&hash.finalize()[..40]);
            }
        }
        let mut issuer = Self {
            key: [0; 32],
            node: [0; 6],
            context: ContextV1::new(u16::from_be_bytes([seed[38], seed[39]])),
            seeded: from.is_some(),
            made: AtomicU64::new(0),
        };
        issuer.key.copy_from_slice(&seed[..32]);
        issuer.node.copy_from_slice(&seed[32..38]);
        // RFC 9562, 6.10: a node that is no MAC address sets the multicast bit.
        issuer.node[0] |= 1;
        Ok(issuer)
    }

    /// A version 1 UUID whose clock is `at`.
    pub(crate) fn uuid(&self, at: Duration) -> Uuid {
        let time = Timestamp::from_unix(&self.context, at.as_secs(), at.subsec_nanos());
        Uuid::new_v1(time, &self.node)
    }

    /// The UUID of an application.
    pub(crate) fn app_id(&self, (org, app): &AppKey, at: Duration) -> Uuid {
        self.account_id(&["app", org, app], at)
    }

    /// The UUID of a user.
    pub(crate) fn user_id(&self, (org, app): &AppKey, user: &str, at: Duration) -> Uuid {
        self.account_id(&["user", org, app, user], at)
    }

    /// A UUID that no account has.
    pub(crate) fn unique(&self, at: Duration) -> Uuid {
        let number = self.made.fetch_add(1, Ordering::SeqCst);
        self.account_id(&["unique", &number.to_string()], at)
    }

    /// A new UUID; with a seed, the one that follows from these parts.
    fn account_id(&self, parts: &[&str], at: Duration) -> Uuid {
        if !self.seeded {
            return self.uuid(at);
        }
        // No part contains the separator.
        let digest = self.digest(parts.join("#").as_bytes(), u64::MAX).finalize().into_bytes();
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        uuid::Builder::from_bytes(bytes)
            .with_variant(uuid::Variant::RFC4122)
            .with_version(uuid::Version::Mac)
            .into_uuid()
    }

    /// Issues a token. The epoch is part of the digest only, so that all tokens of an epoch can be
    /// revoked without storing any. It is 0 for user tokens.
    pub(crate) fn issue(
        &self,
        kind: TokenKind,
        scope: Uuid,
        principal: Uuid,
        at: Duration,
        lifetime: Lifetime,
        epoch: u64,
    ) -> String {
        let mut bytes = Vec::with_capacity(PREFIX.len() + WHOLE);
        bytes.extend_from_slice(PREFIX);
        bytes.extend_from_slice(self.uuid(at).as_bytes());
        bytes.extend_from_slice(scope.as_bytes());
        bytes.extend_from_slice(principal.as_bytes());
        bytes.push(match kind {
            TokenKind::App => 2,
            TokenKind::User => 3,
        });
        bytes.push(3);
        bytes.extend_from_slice(&unix_ms(at).to_be_bytes());
        bytes.extend_from_slice(&lifetime.in_token().to_be_bytes());
        let digest = self.digest(&bytes[PREFIX.len()..], epoch).finalize().into_bytes();
        bytes.extend_from_slice(&digest);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Decodes a token and checks its digest. App tokens of an epoch before `epoch` are revoked.
    pub(crate) fn verify(&self, token: &[u8], epoch: u64) -> Result<Claims, TokenFault> {
        let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| TokenFault::Malformed)?;
        let fields = bytes.strip_prefix(PREFIX).ok_or(TokenFault::Malformed)?;
        let claims = Claims::decode(fields).ok_or(TokenFault::Malformed)?;
        let (signed, digest) = fields.split_at(SIGNED);
        // User tokens always belong to the first epoch.
        let epoch = if claims.kind == TokenKind::App { epoch } else { 0 };
        let issued_in = (0..=epoch)
            .rev()
            // Compares in constant time.
            .find(|epoch| self.digest(signed, *epoch).verify_slice(digest).is_ok());
        match issued_in {
            None => Err(TokenFault::Foreign),
            Some(issued_in) if issued_in < epoch => Err(TokenFault::Revoked),
            Some(_) => Ok(claims),
        }
    }

    fn digest(&self, signed: &[u8], epoch: u64) -> Hmac<Sha256> {
        let mut block = [0; 64];
        block[..self.key.len()].copy_from_slice(&self.key);
        // A key of one whole block takes the constructor that cannot fail.
        let mut mac = Hmac::<Sha256>::new(&block.into());
        mac.update(&epoch.to_be_bytes());
        mac.update(signed);
        mac
    }
}

impl fmt::Debug for TokenIssuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenIssuer(***)")
    }
}

impl Claims {
    /// Reads a token without a check of its digest.
    pub(crate) fn read(token: &[u8]) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        Self::decode(bytes.strip_prefix(PREFIX)?)
    }

    fn decode(fields: &[u8]) -> Option<Self> {
        if fields.len() != WHOLE || fields[49] != 3 {
            return None;
        }
        let kind = match fields[48] {
            2 => TokenKind::App,
            3 => TokenKind::User,
            _ => return None,
        };
        Some(Self {
            scope: Uuid::from_slice(&fields[16..32]).ok()?,
            principal: Uuid::from_slice(&fields[32..48]).ok()?,
            kind,
            issued_ms: u64::from_be_bytes(fields[50..58].try_into().ok()?),
            lifetime: u32::from_be_bytes(fields[58..62].try_into().ok()?),
        })
    }

    /// The end of its life, since the Unix epoch; `None` if it has none.
    pub(crate) fn expires(&self) -> Option<Duration> {
        Lifetime::end_ms(self.issued_ms, self.lifetime).map(Duration::from_millis)
    }

    pub(crate) fn is_expired(&self, now: Duration) -> bool {
        Lifetime::is_expired(self.issued_ms, self.lifetime, unix_ms(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Duration = Duration::from_millis(1_637_740_866_157);

    fn issue(issuer: &TokenIssuer, epoch: u64) -> String {
        let life = Lifetime::For(Duration::from_secs(10));
        issuer.issue(TokenKind::App, Uuid::nil(), Uuid::max(), AT, life, epoch)
    }

    #[test]
    fn an_issued_token_is_valid_until_it_expires() {
        let issuer = TokenIssuer::new(None).unwrap();
        let claims = issuer.verify(issue(&issuer, 0).as_bytes(), 0).unwrap();
        assert_eq!((claims.scope, claims.principal), (Uuid::nil(), Uuid::max()));
        assert!(!claims.is_expired(AT + Duration::from_millis(9_999)));
        assert!(claims.is_expired(AT + Duration::from_secs(10)));
    }

    #[test]
    fn malformed_foreign_and_revoked_tokens_have_different_faults() {
        let issuer = TokenIssuer::new(None).unwrap();
        let token = issue(&issuer, 0);
        assert_eq!(issuer.verify(token.as_bytes(), 1), Err(TokenFault::Revoked));
        assert_eq!(
            TokenIssuer::new(None).unwrap().verify(token.as_bytes(), 0),
            Err(TokenFault::Foreign)
        );
        assert_eq!(issuer.verify(&token.as_bytes()[..129], 0), Err(TokenFault::Malformed));
        assert_eq!(issuer.verify(b"\xff", 0), Err(TokenFault::Malformed));
    }

    #[test]
    fn a_token_with_one_changed_bit_is_foreign() {
        let issuer = TokenIssuer::new(None).unwrap();
        let mut bytes = URL_SAFE_NO_PAD.decode(issue(&issuer, 0)).unwrap();
        bytes[3 + 61] ^= 1;
        let forged = URL_SAFE_NO_PAD.encode(bytes);
        assert_eq!(issuer.verify(forged.as_bytes(), 0), Err(TokenFault::Foreign));
    }
}

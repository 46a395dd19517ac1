//! What an access token says about itself, for diagnosis alone.
//!
//! **This layout is observed, not promised.** Upstream documents an access token as an opaque string.
//! What is read here was read off public sample tokens, which all agree; the service may change it
//! at any time, and a token of another shape is as good as any. Nothing here is checked against a
//! signature, so anybody can write a token that says anything.
//!
//! Use it to answer "which app is this token of, is it an app or a user token, until when?", and to
//! find a unit that is set wrongly. **Never decide about access by it.**
//!
//! ```
//! use std::time::Duration;
//! use easemob_token_core::inspect::{self, Confidence, TokenKind};
//!
//! // The sample of the documentation.
//! let token = "YWMtrR6ECkz8Eeyx6Y9j1eX9kbsMrFep3U6BvVj7KSnNonWqRx7gTPwR7Kzl-Q_xISNOAwMAAAF9UPZqbQAPoAAtYK9fWgaTNyuWoB3-6nGf_TXBx3Nt3XRZST-elU0x2A";
//! let said = inspect::inspect(token).expect("has the observed layout");
//! assert_eq!(said.kind(), TokenKind::User);
//! assert_eq!(said.confidence(), Confidence::High);
//! assert_eq!(said.lifetime(), Duration::from_secs(1_024_000));
//! assert_eq!(said.application().to_string(), "bb0cac57-a9dd-4e81-bd58-fb2929cda275");
//!
//! assert!(inspect::inspect("anything else is opaque").is_none());
//! ```

mod uuid;

use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

pub use self::uuid::Uuid;

/// The token's text: base64 of three and ninety-four bytes.
const TEXT_LEN: usize = 130;
const PREFIX: &[u8; 3] = b"ac-";
const FIELDS_LEN: usize = 94;

/// The most that the four bytes of the lifetime can say.
const PERMANENT: u64 = u32::MAX as u64;

/// How far the token UUID's clock and the time of issue may lie apart and still be the same event.
const SAME_EVENT: Duration = Duration::from_secs(60);

/// Whose token it is.
// Complete: the samples know these two, and a token of any other kind is opaque.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// Of the app itself.
    App,
    /// Of one user.
    User,
}

/// How sure it is that the layout was understood.
// Complete: the marks of the layout agree, or they do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Confidence {
    /// It has the length, the prefix and the kind of the samples, but the marks that have nothing to
    /// do with each other disagree: take what it says for a guess.
    Low,
    /// Every mark of the samples is there: the fixed byte has its value, and the token's UUID, whose
    /// version is 1, was made within a minute of the time of issue.
    High,
}

/// What a token says. Nothing of it is proven.
///
/// `Debug` shows what the accessors show; neither the token nor its digest is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspection {
    kind: TokenKind,
    confidence: Confidence,
    token_id: Uuid,
    scope: Uuid,
    principal: Uuid,
    issued_at: SystemTime,
    lifetime: Duration,
}

/// What the token says about itself, or `None`: it is opaque, as upstream promises no more.
///
/// Any text is fine: no error, no panic, no allocation.
#[must_use]
pub fn inspect(token: &str) -> Option<Inspection> {
    if token.len() != TEXT_LEN {
        return None;
    }
    let mut bytes = [0; PREFIX.len() + FIELDS_LEN];
    let written = URL_SAFE_NO_PAD.decode_slice(token, &mut bytes).ok()?;
    let fields: &[u8; FIELDS_LEN] = bytes[..written].strip_prefix(PREFIX)?.try_into().ok()?;
    read(fields)
}

/// The lifetime that the token says if it has the layout: [`inspect`] makes either this of it or
/// nothing. A few characters are read, so it costs a tenth of a whole look.
pub(crate) fn claimed_lifetime(token: &str) -> Option<Duration> {
    // Four characters are three bytes, and the lifetime lies between two such borders.
    const START: usize = (PREFIX.len() + 58) / 3 * 4;
    if token.len() != TEXT_LEN {
        return None;
    }
    let mut bytes = [0; 6];
    URL_SAFE_NO_PAD.decode_slice(token.get(START..START + 8)?, &mut bytes).ok()?;
    let [_, seconds @ .., _] = bytes;
    Some(Duration::from_secs(u32::from_be_bytes(seconds).into()))
}

fn read(fields: &[u8; FIELDS_LEN]) -> Option<Inspection> {
    let kind = match fields[48] {
        2 => TokenKind::App,
        3 => TokenKind::User,
        _ => return None,
    };
    let issued = Duration::from_millis(u64::from_be_bytes(fields[50..58].try_into().ok()?));
    let lifetime = Duration::from_secs(u32::from_be_bytes(fields[58..62].try_into().ok()?).into());
    let issued_at = SystemTime::UNIX_EPOCH.checked_add(issued)?;
    let token_id = Uuid::new(fields[0..16].try_into().ok()?);
    let same_event = token_id.made_at().is_some_and(|made| made.abs_diff(issued) <= SAME_EVENT);
    let high = same_event && fields[49] == 3;
    Some(Inspection {
        kind,
        confidence: if high { Confidence::High } else { Confidence::Low },
        token_id,
        scope: Uuid::new(fields[16..32].try_into().ok()?),
        principal: Uuid::new(fields[32..48].try_into().ok()?),
        issued_at,
        lifetime,
    })
}

impl Inspection {
    /// Whose token it is.
    #[must_use]
    pub fn kind(&self) -> TokenKind {
        self.kind
    }

    /// How sure it is that the layout was understood.
    #[must_use]
    pub fn confidence(&self) -> Confidence {
        self.confidence
    }

    /// The UUID of the token itself.
    #[must_use]
    pub fn token_id(&self) -> Uuid {
        self.token_id
    }

    /// The UUID of the application.
    #[must_use]
    pub fn application(&self) -> Uuid {
        match self.kind {
            TokenKind::App => self.principal,
            TokenKind::User => self.scope,
        }
    }

    /// The UUID of whoever the token stands for: the application of an app token, the user
    /// (`user.uuid`) of a user token.
    #[must_use]
    pub fn principal(&self) -> Uuid {
        self.principal
    }

    /// When it was issued, to the millisecond.
    #[must_use]
    pub fn issued_at(&self) -> SystemTime {
        self.issued_at
    }

    /// How long it lives from then on. The samples count it in seconds, on every cluster. What it
    /// says for a permanent token is not known.
    #[must_use]
    pub fn lifetime(&self) -> Duration {
        self.lifetime
    }

    /// When it ends; `None` beyond what a [`SystemTime`] holds.
    #[must_use]
    pub fn expires_at(&self) -> Option<SystemTime> {
        self.issued_at.checked_add(self.lifetime)
    }

    /// The lifetime where it is to be believed: the layout was understood, and the number is none of
    /// the two that a permanent token may be written with.
    pub(crate) fn trusted_lifetime(&self) -> Option<Duration> {
        let plain = !matches!(self.lifetime.as_secs(), 0 | PERMANENT);
        (plain && self.confidence == Confidence::High).then_some(self.lifetime)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_claimed_is_all_that_a_whole_look_can_find(
            fields: Vec<u8>, kind in 2..4_u8, lifetime: u32,
        ) {
            let mut bytes = [PREFIX.as_slice(), &fields].concat();
            bytes.resize(PREFIX.len() + FIELDS_LEN, 0);
            bytes[3 + 48] = kind;
            // A time that a `SystemTime` holds.
            bytes[3 + 50] = 0;
            bytes[3 + 58..3 + 62].copy_from_slice(&lifetime.to_be_bytes());
            let token = URL_SAFE_NO_PAD.encode(bytes);
            prop_assert_eq!(claimed_lifetime(&token), inspect(&token).map(|said| said.lifetime()));
            prop_assert!(claimed_lifetime(&token).is_some());
        }

        #[test]
        fn nothing_is_claimed_by_what_is_none(text in ".{0,140}") {
            prop_assert!(inspect(&text).is_none() && claimed_lifetime(&text).is_none());
        }
    }
}

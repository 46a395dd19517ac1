//! Contents of an access token, for diagnosis only.
//!
//! **This layout is undocumented.** The documentation describes an access token as an opaque string.
//! The layout was found in public sample tokens, which all agree; the service may change it at any
//! time, and a token of another shape is a good token. No signature is checked, so anybody can write a
//! token with any contents.
//!
//! Use it to find out which app a token belongs to, whether it is an app or a user token and when it
//! expires, and to detect a wrong unit of lifetimes. **Never decide about access by it.**
//!
//! ```
//! use std::time::Duration;
//! use easemob_token_core::Lifetime;
//! use easemob_token_core::inspect::{self, Confidence, TokenKind};
//!
//! // The sample of the documentation.
//! let token = "YWMtrR6ECkz8Eeyx6Y9j1eX9kbsMrFep3U6BvVj7KSnNonWqRx7gTPwR7Kzl-Q_xISNOAwMAAAF9UPZqbQAPoAAtYK9fWgaTNyuWoB3-6nGf_TXBx3Nt3XRZST-elU0x2A";
//! let contents = inspect::inspect(token).expect("has the known layout");
//! assert_eq!(contents.kind(), TokenKind::User);
//! assert_eq!(contents.confidence(), Confidence::High);
//! assert_eq!(contents.lifetime(), Lifetime::Expires(Duration::from_secs(1_024_000)));
//! assert_eq!(contents.application().to_string(), "bb0cac57-a9dd-4e81-bd58-fb2929cda275");
//!
//! // As it was copied from a log.
//! assert!(inspect::inspect(&format!("authorization: Bearer {token}\r\n")).is_some());
//! assert!(inspect::inspect("anything else is opaque").is_none());
//! ```

mod clean;
mod pasted;
mod uuid;

use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::Lifetime;

pub use self::pasted::{PastedText, TextKind};
pub use self::uuid::Uuid;

/// Length of a token: base64 of three and ninety-four bytes.
const TEXT_LEN: usize = 130;
const PREFIX: &[u8; 3] = b"ac-";
const FIELDS_LEN: usize = 94;

/// The largest difference between the UUID's time and the time of issue of one token.
const SAME_EVENT: Duration = Duration::from_secs(60);

/// Kind of a token.
// Complete: the samples have these two, and a token of any other kind is opaque.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// A token of the app itself.
    App,
    /// A token of one user.
    User,
}

/// Confidence that a token has the known layout.
// Complete: the marks of the layout agree, or they do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Confidence {
    /// Length, prefix and kind are those of the samples, but independent marks disagree: the contents are
    /// a guess.
    Low,
    /// All marks agree.
    ///
    /// The fixed byte has its value, and the token's UUID is of version 1 and was made within a minute of
    /// the time of issue.
    High,
}

/// Contents of a token, none of them verified.
///
/// `Debug` shows what the getters return; neither the token nor its digest is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspection {
    kind: TokenKind,
    confidence: Confidence,
    token_id: Uuid,
    scope: Uuid,
    principal: Uuid,
    issued_at: SystemTime,
    /// The lifetime in seconds.
    seconds: u32,
}

/// Reads the contents of a token; `None` if it is opaque, which is not an error.
///
/// Any text is accepted. If it is not the token alone, the token is [found](PastedText) in it.
#[must_use]
pub fn inspect(text: &str) -> Option<Inspection> {
    let pasted = PastedText::parse(text);
    if pasted.kind() == TextKind::AccessToken { layout(pasted.token()) } else { None }
}

/// Reads the contents of exactly this token, without an allocation.
pub(crate) fn layout(token: &str) -> Option<Inspection> {
    if token.len() != TEXT_LEN {
        return None;
    }
    let mut bytes = [0; PREFIX.len() + FIELDS_LEN];
    let written = URL_SAFE_NO_PAD.decode_slice(token, &mut bytes).ok()?;
    let fields: &[u8; FIELDS_LEN] = bytes[..written].strip_prefix(PREFIX)?.try_into().ok()?;
    read(fields)
}

/// The lifetime in the token if it has the layout.
///
/// It is the one that [`layout`] reads, or any if that returns `None`. Only a few characters are read,
/// which costs a tenth of [`layout`].
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
    let seconds = u32::from_be_bytes(fields[58..62].try_into().ok()?);
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
        seconds,
    })
}

impl Inspection {
    /// Whether it is a token of the app or of a user.
    #[must_use]
    pub fn kind(&self) -> TokenKind {
        self.kind
    }

    /// Confidence that the token has the known layout.
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

    /// The UUID of the token's principal: the application of an app token, the user (`user.uuid`) of a
    /// user token.
    #[must_use]
    pub fn principal(&self) -> Uuid {
        self.principal
    }

    /// The time of issue, to the millisecond.
    #[must_use]
    pub fn issued_at(&self) -> SystemTime {
        self.issued_at
    }

    /// The lifetime from then on, which the samples count in seconds on every cluster.
    ///
    /// Zero means permanent: the one public token that was requested as permanent has it. More than ten
    /// years count as ten years.
    #[must_use]
    pub fn lifetime(&self) -> Lifetime {
        match self.seconds {
            0 => Lifetime::Permanent,
            seconds => Lifetime::limited(Duration::from_secs(seconds.into())),
        }
    }

    /// The time at which it expires; `None` if it is permanent, or beyond what a [`SystemTime`] holds.
    #[must_use]
    pub fn expires_at(&self) -> Option<SystemTime> {
        self.issued_at.checked_add(self.lifetime().duration()?)
    }

    /// The time for which it is still valid at `now`: zero if it is over, `None` if it is permanent.
    #[must_use]
    pub fn remaining_at(&self, now: SystemTime) -> Option<Duration> {
        let passed = now.duration_since(self.issued_at).unwrap_or_default();
        self.lifetime().remaining_after(passed)
    }

    /// The lifetime as it stands in the token, if it is reliable.
    ///
    /// The layout is certain then, and the number is none of the two that may mean permanent.
    pub(crate) fn trusted_lifetime(&self) -> Option<Duration> {
        let plain = !matches!(self.seconds, 0 | u32::MAX);
        let is_trusted = plain && self.confidence == Confidence::High;
        is_trusted.then(|| Duration::from_secs(self.seconds.into()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_claimed_lifetime_is_the_one_in_the_layout(
            fields: Vec<u8>, kind in 2..4_u8, lifetime: u32,
        ) {
            let mut bytes = [PREFIX.as_slice(), &fields].concat();
            bytes.resize(PREFIX.len() + FIELDS_LEN, 0);
            bytes[3 + 48] = kind;
            // A time that a `SystemTime` holds.
            bytes[3 + 50] = 0;
            bytes[3 + 58..3 + 62].copy_from_slice(&lifetime.to_be_bytes());
            let token = URL_SAFE_NO_PAD.encode(bytes);
            let read = layout(&token).map(|contents| Duration::from_secs(contents.seconds.into()));
            prop_assert_eq!(claimed_lifetime(&token), read);
            prop_assert!(claimed_lifetime(&token).is_some());
        }

        #[test]
        fn other_text_claims_no_lifetime(text in ".{0,140}") {
            prop_assert!(inspect(&text).is_none() && claimed_lifetime(&text).is_none());
        }
    }
}

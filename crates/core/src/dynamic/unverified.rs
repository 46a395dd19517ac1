//! Contents of a dynamic token, parsed from every known form but not verified.

use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::Deserialize;

use super::fault::{Fault, Faults, ParseError};
use super::signature::Signature;
use super::token::LONG_TTL;
use crate::endpoint::AppKey;
use crate::inspect::{PastedText, TextKind};
use crate::response::{Member, Object};
use crate::secret::Secret;
use crate::token::UserId;

/// Contents of a dynamic token, before it is verified.
///
/// Members may be in any order, base64 in either alphabet and with or without padding, numbers as
/// numbers or as text. `Debug` shows neither the signature nor a member `appkey` that is not an App
/// Key.
#[derive(Clone)]
pub struct UnverifiedToken {
    pub(super) app_key: AppKeyMember,
    pub(super) user_id: Box<str>,
    pub(super) cur_time: i64,
    pub(super) ttl: i64,
    /// `None` if it is not SHA-256.
    pub(super) signature: Option<Signature>,
    shape: Vec<Fault>,
    leeway: Duration,
}

/// The default leeway for clocks that disagree: a minute, as libraries for JSON Web Tokens allow.
///
/// A machine whose clock is 40 s ahead makes tokens that are not from the future. The leeway counts at
/// both ends: a token that expired 30 s ago is accepted too.
pub const DEFAULT_LEEWAY: Duration = Duration::from_secs(60);

/// The member `appkey`.
#[derive(Clone)]
pub(super) enum AppKeyMember {
    Key(AppKey),
    /// Anything else, which may be a secret.
    Other(Secret),
}

#[derive(Deserialize)]
struct Members<'a> {
    #[serde(borrow, default)]
    signature: Member<Cow<'a, str>>,
    #[serde(borrow, default)]
    appkey: Member<Cow<'a, str>>,
    #[serde(borrow, default, rename = "userId")]
    user_id: Member<Cow<'a, str>>,
    #[serde(default, rename = "curTime")]
    cur_time: Member<i64>,
    #[serde(default)]
    ttl: Member<i64>,
}

/// The longest access token.
const MAX_BYTES: usize = 8192;
const PREFIX: &str = "dt-";
/// Prefix of client IDs and client secrets.
const CREDENTIAL_PREFIX: &str = "YXA6";
const SHA1_DIGITS: usize = 40;

/// URL-safe, padded or not.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

impl UnverifiedToken {
    /// Parses a token, alone or in a text that was pasted ([`PastedText`]).
    ///
    /// Faults that leave it readable are not errors here: call [`verify`](Self::verify), or
    /// [`Signer::verify`](super::Signer::verify) with the secret.
    ///
    /// # Errors
    ///
    /// It is not base64 of a JSON object, or a member is missing or of another type.
    pub fn parse(token: &str) -> Result<Self, ParseError> {
        let pasted = PastedText::parse(token);
        let token = match pasted.kind() {
            TextKind::DynamicToken => pasted.token(),
            TextKind::CutOffDynamicToken => return Err(ParseError::CUT_OFF),
            _ => token.trim(),
        };
        if token.len() > MAX_BYTES {
            return Err(ParseError("it is longer than 8192 characters"));
        }
        let mut shape = Vec::new();
        let text = match token.strip_prefix(PREFIX) {
            Some(text) => {
                shape.push(Fault::PrefixOutside);
                text
            }
            None => token,
        };
        let bytes = decode(text).ok_or(ParseError("it is not base64"))?;
        let json = bytes.strip_prefix(PREFIX.as_bytes()).unwrap_or_else(|| {
            if shape.is_empty() {
                shape.push(Fault::MissingPrefix);
            }
            &bytes
        });
        let members: Member<Object<Members<'_>>> = serde_json::from_slice(json)
            .map_err(|_| ParseError("its base64 does not hold JSON"))?;
        let Some(Object(members)) = members.ok() else {
            return Err(ParseError("its base64 does not hold a JSON object"));
        };
        Self::from_members(members, shape).map_err(ParseError)
    }

    fn from_members(members: Members<'_>, mut shape: Vec<Fault>) -> Result<Self, &'static str> {
        let wrong = "signature is not text";
        let signature = members.signature.optional(wrong)?.ok_or("signature is missing")?;
        let app_key = members.appkey.optional("appkey is not text")?.ok_or("appkey is missing")?;
        let user_id = members.user_id.text("userId is not text")?.ok_or("userId is missing")?;
        let wrong = "curTime is not a whole number";
        let cur_time = members.cur_time.optional(wrong)?.ok_or("curTime is missing")?;
        let ttl = members.ttl.optional("ttl is not a whole number")?.ok_or("ttl is missing")?;

        let app_key = match app_key.parse() {
            Ok(key) => AppKeyMember::Key(key),
            Err(_) => {
                let credential = app_key.starts_with(CREDENTIAL_PREFIX);
                let fault = if credential { Fault::SecretInAppKey } else { Fault::InvalidAppKey };
                shape.push(fault);
                AppKeyMember::Other(Secret::new(app_key))
            }
        };
        if UserId::new(&user_id).and_then(|user_id| user_id.to_documented()).is_err() {
            shape.push(Fault::InvalidUserId);
        }
        if ttl <= 0 {
            shape.push(Fault::NoLifetime);
        }
        let parsed = Signature::parse(&signature);
        if parsed.is_none() {
            let hex = signature.bytes().all(|digit| digit.is_ascii_hexdigit());
            let sha1 = hex && signature.len() == SHA1_DIGITS;
            shape.push(if sha1 { Fault::Sha1Signature } else { Fault::MalformedSignature });
        }
        Ok(Self {
            app_key,
            user_id,
            cur_time,
            ttl,
            signature: parsed,
            shape,
            leeway: DEFAULT_LEEWAY,
        })
    }

    /// Sets the leeway of [`verify`](Self::verify) for clocks that disagree, [`DEFAULT_LEEWAY`] by default.
    #[must_use]
    pub fn with_leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway;
        self
    }

    /// The App Key; `None` if something else is in its place.
    #[must_use]
    pub fn app_key(&self) -> Option<&AppKey> {
        match &self.app_key {
            AppKeyMember::Key(key) => Some(key),
            AppKeyMember::Other(_) => None,
        }
    }

    /// The user ID as written, which may be any text.
    #[must_use]
    pub fn user_id(&self) -> &str {
        &self.user_id
    }

    /// The time of issue (`curTime`); `None` beyond what a [`SystemTime`] holds.
    #[must_use]
    pub fn issued_at(&self) -> Option<SystemTime> {
        let distance = Duration::from_secs(self.cur_time.unsigned_abs());
        if self.cur_time < 0 {
            SystemTime::UNIX_EPOCH.checked_sub(distance)
        } else {
            SystemTime::UNIX_EPOCH.checked_add(distance)
        }
    }

    /// Its lifetime from then on; zero if the token contains less.
    #[must_use]
    pub fn ttl(&self) -> Duration {
        Duration::from_secs(self.ttl.max(0).unsigned_abs())
    }

    /// The time at which it expires; `None` beyond what a [`SystemTime`] holds.
    #[must_use]
    pub fn expires_at(&self) -> Option<SystemTime> {
        self.issued_at()?.checked_add(self.ttl())
    }

    /// Whether it lives longer than [`LONG_TTL`].
    #[must_use]
    pub fn is_long_lived(&self) -> bool {
        self.ttl() > LONG_TTL
    }

    /// Checks the shape and the time, which needs no secret.
    ///
    /// # Errors
    ///
    /// Every fault of the shape and the time. Without one the token may still be invalid: its signature
    /// was not checked.
    pub fn verify(&self, now: SystemTime) -> Result<(), Faults> {
        Faults::none_or(self.faults_at(now, self.leeway))
    }

    pub(super) fn faults_at(&self, now: SystemTime, leeway: Duration) -> Vec<Fault> {
        let mut faults = self.shape.clone();
        // A time beyond what a `SystemTime` holds is later or earlier than any other.
        let is_early = match self.issued_at() {
            Some(issued_at) => issued_at.duration_since(now).is_ok_and(|ahead| ahead > leeway),
            None => self.cur_time > 0,
        };
        let is_late = match self.expires_at() {
            Some(end) => now.duration_since(end).is_ok_and(|past| past >= leeway),
            None => self.issued_at().is_none() && self.cur_time < 0,
        };
        if is_early {
            faults.push(Fault::NotYetValid);
        }
        if is_late {
            faults.push(Fault::Expired);
        }
        faults
    }
}

/// Decodes base64 in both alphabets, even mixed.
fn decode(text: &str) -> Option<Vec<u8>> {
    let url_safe: Vec<u8> = text
        .bytes()
        .map(|byte| match byte {
            b'+' => b'-',
            b'/' => b'_',
            other => other,
        })
        .collect();
    BASE64.decode(url_safe).ok()
}

impl std::fmt::Debug for UnverifiedToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UnverifiedToken")
            .field("app_key", &self.app_key())
            .field("user_id", &self.user_id)
            .field("cur_time", &self.cur_time)
            .field("ttl", &self.ttl)
            .field("shape", &self.shape)
            .finish_non_exhaustive()
    }
}

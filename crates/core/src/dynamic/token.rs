//! Dynamic token that a signer made, and its written form.

use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use serde::Serialize;

use super::signature::Signature;
use crate::build_error::{BuildError, Field};
use crate::endpoint::AppKey;
use crate::token::AccessToken;

/// The longest lifetime that causes no warning: one day.
///
/// A dynamic token costs no request, so a client can get a new one each day. No way to revoke one is
/// documented, so only its lifetime limits the harm of a stolen one.
pub const LONG_TTL: Duration = Duration::from_secs(24 * 60 * 60);

/// Padding of the base64 text with `=`.
///
/// The documentation says only "URL-safe base64"; of the public implementations one pads and one does
/// not.
// Complete: base64 knows these two.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Padding {
    /// With `=`, to a multiple of four characters. RFC 4648 (section 3.2) requires it unless a
    /// specification says otherwise.
    #[default]
    Padded,
    /// Without `=`, for places in which it would have to be escaped.
    Unpadded,
}

/// A dynamic user token, for a client to log in with.
///
/// `Debug` shows everything but the token.
#[derive(Clone, Debug)]
pub struct DynamicToken {
    access_token: AccessToken,
    user_id: Box<str>,
    issued_at: SystemTime,
    expires_at: SystemTime,
    ttl: Duration,
}

/// Signed values, with times in whole seconds.
pub(super) struct Claims<'a> {
    pub(super) app_key: &'a AppKey,
    pub(super) user_id: String,
    pub(super) cur_time: i64,
    pub(super) ttl: i64,
}

/// Members of the JSON, in the documented order.
#[derive(Serialize)]
struct Members<'a> {
    signature: &'a str,
    appkey: &'a str,
    #[serde(rename = "userId")]
    user_id: &'a str,
    #[serde(rename = "curTime")]
    cur_time: i64,
    ttl: i64,
}

impl DynamicToken {
    pub(super) fn write(
        claims: Claims<'_>,
        signature: &Signature,
        padding: Padding,
    ) -> Result<Self, BuildError> {
        let Claims { app_key, user_id, cur_time, ttl } = claims;
        let time = |seconds: i64| Duration::from_secs(seconds.unsigned_abs());
        let too_long = || BuildError::new(Field::Ttl, "is too long; ask for less");
        let issued_at = SystemTime::UNIX_EPOCH.checked_add(time(cur_time)).ok_or_else(too_long)?;
        let expires_at = issued_at.checked_add(time(ttl)).ok_or_else(too_long)?;
        let members = Members {
            signature: signature.digits(),
            appkey: &app_key.to_string(),
            user_id: &user_id,
            cur_time,
            ttl,
        };
        let mut text = b"dt-".to_vec();
        serde_json::to_writer(&mut text, &members)
            .map_err(|_| BuildError::new(Field::Request, "cannot be written as JSON"))?;
        let text = match padding {
            Padding::Padded => URL_SAFE.encode(text),
            Padding::Unpadded => URL_SAFE_NO_PAD.encode(text),
        };
        let access_token = AccessToken::new(&text)?;
        let user_id = user_id.into_boxed_str();
        Ok(Self { access_token, user_id, issued_at, expires_at, ttl: time(ttl) })
    }

    /// The token itself: it begins with `ZHQt`.
    #[must_use]
    pub fn access_token(&self) -> &AccessToken {
        &self.access_token
    }

    /// The user ID, in lower case.
    #[must_use]
    pub fn user_id(&self) -> &str {
        &self.user_id
    }

    /// The time of issue, in whole seconds (`curTime`).
    #[must_use]
    pub fn issued_at(&self) -> SystemTime {
        self.issued_at
    }

    /// Its lifetime from then on, in whole seconds (`ttl`).
    #[must_use]
    pub fn ttl(&self) -> Duration {
        self.ttl
    }

    /// The time at which it expires.
    #[must_use]
    pub fn expires_at(&self) -> SystemTime {
        self.expires_at
    }

    /// The time for which it is still valid at `now`: zero if it is over, at most its lifetime.
    ///
    /// The leeway of those who verify it is not included.
    #[must_use]
    pub fn remaining_at(&self, now: SystemTime) -> Duration {
        self.expires_at.duration_since(now).unwrap_or_default().min(self.ttl)
    }

    /// Whether it lives longer than [`LONG_TTL`], which deserves a warning.
    #[must_use]
    pub fn is_long_lived(&self) -> bool {
        self.ttl > LONG_TTL
    }
}

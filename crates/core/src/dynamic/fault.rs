//! Faults of a dynamic token, each with a stable name.

use std::fmt;

/// A reason why a dynamic token is not valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// `dt-` is missing before the JSON.
    MissingPrefix,
    /// `dt-` stands before the base64 text and not inside it.
    PrefixOutside,
    /// A client secret or client ID stands in place of the App Key. Everybody who saw the token has seen
    /// it: replace a secret.
    SecretInAppKey,
    /// The member `appkey` is not `org#app`.
    InvalidAppKey,
    /// The user ID is not 1 to 64 bytes of `a-z 0-9 _ . -`, in upper or lower case.
    InvalidUserId,
    /// The lifetime is zero, or less.
    NoLifetime,
    /// The signature has the 40 digits of SHA-1.
    Sha1Signature,
    /// The signature is not 64 lower-case hexadecimal digits.
    MalformedSignature,
    /// The token has expired, and the leeway is over too.
    Expired,
    /// The token was made later than now, by more than the leeway.
    ///
    /// A clock is wrong, or `curTime` is not in seconds.
    NotYetValid,
    /// The token is for another App Key.
    OtherAppKey,
    /// The signature is not the one of these credentials.
    BadSignature,
}

impl Fault {
    /// The stable name, in `snake_case`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MissingPrefix => "missing_prefix",
            Self::PrefixOutside => "prefix_outside",
            Self::SecretInAppKey => "secret_in_app_key",
            Self::InvalidAppKey => "invalid_app_key",
            Self::InvalidUserId => "invalid_user_id",
            Self::NoLifetime => "no_lifetime",
            Self::Sha1Signature => "sha1_signature",
            Self::MalformedSignature => "malformed_signature",
            Self::Expired => "expired",
            Self::NotYetValid => "not_yet_valid",
            Self::OtherAppKey => "other_app_key",
            Self::BadSignature => "bad_signature",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MissingPrefix => "lacks `dt-` before its JSON",
            Self::PrefixOutside => "has `dt-` before its base64 text and not inside it",
            Self::SecretInAppKey => {
                "holds a client secret or client ID where the app key belongs; replace a secret \
                 that was published so"
            }
            Self::InvalidAppKey => "holds an app key that is not org#app",
            Self::InvalidUserId => "holds a user ID that is not 1 to 64 bytes of a-z 0-9 _ . -",
            Self::NoLifetime => "holds a ttl of zero or less",
            Self::Sha1Signature => "is signed with SHA-1 and not with SHA-256",
            Self::MalformedSignature => {
                "holds a signature that is not 64 lower-case hexadecimal digits"
            }
            Self::Expired => "is expired",
            Self::NotYetValid => {
                "was made later than now: a clock is wrong, or curTime is not in seconds"
            }
            Self::OtherAppKey => "is for another app key",
            Self::BadSignature => {
                "has a signature of other credentials, or was changed: check client ID and client \
                 secret"
            }
        })
    }
}

/// All faults of one token, at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults(Vec<Fault>);

impl Faults {
    pub(super) fn none_or(faults: Vec<Fault>) -> Result<(), Self> {
        if faults.is_empty() { Ok(()) } else { Err(Self(faults)) }
    }

    /// The faults, those of the shape first.
    #[must_use]
    pub fn as_slice(&self) -> &[Fault] {
        &self.0
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the dynamic token ")?;
        for (index, fault) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("; it ")?;
            }
            fault.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}

/// Error for a text that is not a dynamic token.
///
/// `Display` shows what is missing, and repeats no part of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParseError(pub(super) &'static str);

impl ParseError {
    pub(super) const CUT_OFF: Self =
        Self("it was cut off, since its contents end early; copy it again");

    /// Whether the text is the beginning of a dynamic token, which was cut off.
    #[must_use]
    pub fn is_cut_off(&self) -> bool {
        *self == Self::CUT_OFF
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not a dynamic token: {}", self.0)
    }
}

impl std::error::Error for ParseError {}

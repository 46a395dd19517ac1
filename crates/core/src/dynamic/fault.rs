//! What can be wrong with a dynamic token, each fault by its name.

use std::fmt;

/// Something that is wrong with a dynamic token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// The JSON is there, and `dt-` before it is not.
    MissingPrefix,
    /// `dt-` stands before the base64 text and not inside it.
    PrefixOutside,
    /// A client secret or client ID stands where the App Key belongs. Whoever saw the token has
    /// seen it: where it is the secret, make a new one.
    SecretInAppKey,
    /// The member `appkey` is no `org#app`.
    InvalidAppKey,
    /// The user ID is not 1 to 64 bytes of `a-z 0-9 _ . -`, in whatever case.
    InvalidUserId,
    /// The lifetime is zero, or less.
    NoLifetime,
    /// The signature has the 40 digits of SHA-1.
    Sha1Signature,
    /// The signature is not 64 lower-case hexadecimal digits.
    MalformedSignature,
    /// It is over.
    Expired,
    /// It was made later than now: a clock is wrong, or `curTime` is not in seconds.
    NotYetValid,
    /// It is for another App Key.
    OtherAppKey,
    /// The signature is not the one that these credentials give.
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
                "holds a client secret or client ID where the app key belongs; a secret that was \
                 handed out so is to be replaced"
            }
            Self::InvalidAppKey => "holds an app key that is no org#app",
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
                "has another signature than these credentials give: another client secret or \
                 client ID, or a part was changed"
            }
        })
    }
}

/// All that is wrong with one token, at least one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults(Vec<Fault>);

impl Faults {
    pub(super) fn none_or(faults: Vec<Fault>) -> Result<(), Self> {
        if faults.is_empty() { Ok(()) } else { Err(Self(faults)) }
    }

    /// The faults, the shape's first.
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

/// A text that says nothing that could be taken for a dynamic token.
///
/// `Display` says what is missing, and repeats no part of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParseError(pub(super) &'static str);

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no dynamic token: {}", self.0)
    }
}

impl std::error::Error for ParseError {}

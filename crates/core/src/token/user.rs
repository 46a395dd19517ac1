//! User that a user token belongs to.

use std::time::{Duration, SystemTime};

/// User that a token belongs to, as the service described it. Each member can be missing.
#[derive(Clone, Debug)]
pub struct User {
    pub(crate) uuid: Option<Box<str>>,
    pub(crate) kind: Option<Box<str>>,
    pub(crate) username: Option<Box<str>>,
    pub(crate) activated: Option<bool>,
    pub(crate) created: Option<i64>,
    pub(crate) modified: Option<i64>,
}

impl User {
    /// The service's internal identifier. The published samples mask it
    /// (`aa471ee0-XXXX-…`), so it is text.
    #[must_use]
    pub fn uuid(&self) -> Option<&str> {
        self.uuid.as_deref()
    }

    /// The kind of object, `user`. The member is called `type` on the wire.
    #[must_use]
    pub fn kind(&self) -> Option<&str> {
        self.kind.as_deref()
    }

    /// The user ID, in lower case whatever case was requested.
    #[must_use]
    pub fn username(&self) -> Option<&str> {
        self.username.as_deref()
    }

    /// Whether the account may log in; `false` means that it is banned.
    #[must_use]
    pub fn activated(&self) -> Option<bool> {
        self.activated
    }

    /// The time at which the user was registered.
    #[must_use]
    pub fn created(&self) -> Option<SystemTime> {
        self.created.and_then(from_unix_ms)
    }

    /// The time of the last change of the user.
    #[must_use]
    pub fn modified(&self) -> Option<SystemTime> {
        self.modified.and_then(from_unix_ms)
    }
}

fn from_unix_ms(ms: i64) -> Option<SystemTime> {
    let distance = Duration::from_millis(ms.unsigned_abs());
    if ms < 0 {
        SystemTime::UNIX_EPOCH.checked_sub(distance)
    } else {
        SystemTime::UNIX_EPOCH.checked_add(distance)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_number_of_milliseconds_is_a_time_or_none() {
        let hour = Duration::from_secs(3600);
        assert_eq!(from_unix_ms(3_600_000), Some(SystemTime::UNIX_EPOCH + hour));
        assert_eq!(from_unix_ms(-3_600_000), Some(SystemTime::UNIX_EPOCH - hour));
        // No panic at the ends.
        let _ = (from_unix_ms(i64::MIN), from_unix_ms(i64::MAX));
    }
}

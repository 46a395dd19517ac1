//! User that a user token belongs to.

use std::fmt;
use std::time::{Duration, SystemTime};

/// User that a token belongs to, as the service described it. Each member can be missing.
#[derive(Clone)]
pub struct User {
    /// All texts in one allocation, since many users are cached: UUID, kind, username.
    texts: Box<str>,
    uuid_end: u32,
    kind_end: u32,
    activated: Option<bool>,
    created: Option<i64>,
    modified: Option<i64>,
}

/// The members of a user. A text that is missing is empty.
#[derive(Default)]
pub(crate) struct UserParts<'a> {
    pub(crate) uuid: &'a str,
    pub(crate) kind: &'a str,
    pub(crate) username: &'a str,
    pub(crate) activated: Option<bool>,
    pub(crate) created: Option<i64>,
    pub(crate) modified: Option<i64>,
}

impl User {
    pub(crate) fn new(parts: &UserParts<'_>) -> Self {
        let &UserParts { uuid, kind, username, activated, created, modified } = parts;
        // No response is so long.
        let end = |bytes: usize| u32::try_from(bytes).unwrap_or(u32::MAX);
        let (uuid_end, kind_end) = (end(uuid.len()), end(uuid.len() + kind.len()));
        let texts = [uuid, kind, username].concat().into();
        Self { texts, uuid_end, kind_end, activated, created, modified }
    }

    fn text(&self, start: u32, end: u32) -> Option<&str> {
        self.texts.get(start as usize..end as usize).filter(|text| !text.is_empty())
    }

    /// The service's internal identifier. The published samples mask it
    /// (`aa471ee0-XXXX-…`), so it is text.
    #[must_use]
    pub fn uuid(&self) -> Option<&str> {
        self.text(0, self.uuid_end)
    }

    /// The kind of object, `user`. The member is called `type` on the wire.
    #[must_use]
    pub fn kind(&self) -> Option<&str> {
        self.text(self.uuid_end, self.kind_end)
    }

    /// The user ID, in lower case whatever case was requested.
    #[must_use]
    pub fn username(&self) -> Option<&str> {
        self.texts.get(self.kind_end as usize..).filter(|text| !text.is_empty())
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

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User")
            .field("uuid", &self.uuid())
            .field("kind", &self.kind())
            .field("username", &self.username())
            .field("activated", &self.activated)
            .field("created", &self.created)
            .field("modified", &self.modified)
            .finish()
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

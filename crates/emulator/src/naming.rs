//! Rules for names: organizations, applications, user IDs.

use crate::error::SetupError;

/// The longest user ID, in bytes.
pub(crate) const USER_ID_MAX: usize = 64;

/// The longest password, in characters.
pub(crate) const PASSWORD_MAX: usize = 64;

/// Why a user ID is invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UserIdFault {
    TooLong,
    NotLegal,
}

/// Converts a user ID to lower case, as the service does: user IDs are case-insensitive.
pub(crate) fn fold_user_id(given: &str) -> String {
    given.to_ascii_lowercase()
}

/// Checks a user ID in lower case: 1 to 64 bytes of `[a-z0-9_.-]`.
pub(crate) fn check_user_id(folded: &str) -> Result<(), UserIdFault> {
    let legal =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_.-".contains(&byte);
    if folded.len() > USER_ID_MAX {
        Err(UserIdFault::TooLong)
    } else if folded.is_empty() || !folded.bytes().all(legal) {
        Err(UserIdFault::NotLegal)
    } else {
        Ok(())
    }
}

/// Checks an organization or application name: one path segment that needs no encoding.
pub(crate) fn check_path_name(setting: &'static str, name: &str) -> Result<(), SetupError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    if name.is_empty() || name == "." || name == ".." || !name.bytes().all(plain) {
        return Err(SetupError::new(setting, "must be one or more of A-Z a-z 0-9 _ . -"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_ids_are_folded_then_checked() {
        assert_eq!(fold_user_id("C.Smith_1-X"), "c.smith_1-x");
        assert_eq!(check_user_id(&"a".repeat(64)), Ok(()));
        assert_eq!(check_user_id(&"a".repeat(65)), Err(UserIdFault::TooLong));
        for bad in ["", "a b", "a/b", "\u{e9}", "a@b", "A"] {
            assert_eq!(check_user_id(bad), Err(UserIdFault::NotLegal), "{bad}");
        }
    }

    #[test]
    fn path_names_need_no_encoding() {
        assert!(check_path_name("organization", "easemob-demo").is_ok());
        for bad in ["", ".", "..", "a/b", "%2f", "a#b", "a b", "\r\n", "\u{e9}"] {
            assert!(check_path_name("organization", bad).is_err(), "{bad}");
        }
    }
}

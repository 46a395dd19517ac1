//! User IDs: which text is one, and which two name the same user.
//!
//! The documentation allows 1 to 64 bytes of `a-z 0-9 _ . -`; older editions allow `A-Z` and fold it to
//! lower case. The service returns the lower case of what was requested.
//!
//! - Two IDs name the same user if they differ in the case of ASCII letters alone.
//! - For other letters it is undocumented whether the service folds them. So two such IDs count as
//!   two users, whose tokens are never mixed up, and a response may return either case.
//! - Requests carry the ID as it was written: only the service knows what its cluster accepts.
//!   An ID in quotes or with characters that nobody sees is refused, since it is never meant, and the
//!   service would only say that there is no such user.
//! - Only the signer checks a dynamic token, so its user ID must have the documented form.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use easemob_token_host::OddCharacter;

use crate::build_error::{BuildError, Field, require};

/// A user ID as it was written, compared without regard to the case of ASCII letters.
///
/// ```
/// use easemob_token_core::UserId;
///
/// assert_eq!(UserId::new("Alice")?, UserId::new("alice")?);
/// assert_eq!(UserId::new("Alice")?.as_str(), "Alice");
/// assert!(UserId::new("").is_err());
/// # Ok::<(), easemob_token_core::BuildError>(())
/// ```
#[derive(Clone, Debug)]
pub struct UserId(Arc<str>);

/// The longest documented user ID, in bytes.
#[cfg(feature = "dynamic")]
const MAX_BYTES: usize = 64;

/// How many bytes are hashed at once.
const PIECE: usize = 16;

impl UserId {
    /// A user ID from a text that is not empty.
    ///
    /// # Errors
    ///
    /// [`Field::UserId`] if it is empty or in quotes, begins or ends with white space, or has a character
    /// that nobody sees, such as a line end. A space inside is permitted.
    pub fn new(text: impl AsRef<str>) -> Result<Self, BuildError> {
        let text = text.as_ref();
        require(Field::UserId, text)?;
        // Almost every ID has the documented form.
        let odd = if text.bytes().all(is_documented) {
            None
        } else {
            OddCharacter::first_hidden_in(text)
        };
        if let Some(odd) = odd {
            return Err(BuildError::new(Field::UserId, odd.problem("write a-z 0-9 _ . -")));
        }
        Ok(Self(text.into()))
    }

    /// The user ID as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text, to be hashed and compared like this ID.
    #[must_use]
    pub fn as_text(&self) -> UserIdText<'_> {
        UserIdText(&self.0)
    }

    /// Whether a response that names this user is about the requested one.
    pub(crate) fn is_named_by(&self, named: &str) -> bool {
        self.0.eq_ignore_ascii_case(named) || self.0.to_lowercase() == named.to_lowercase()
    }

    /// The documented form, in lower case.
    #[cfg(feature = "dynamic")]
    pub(crate) fn to_documented(&self) -> Result<String, BuildError> {
        if self.0.len() > MAX_BYTES {
            return Err(BuildError::new(Field::UserId, "is longer than 64 bytes; shorten it"));
        }
        let is_allowed = |c: char| u8::try_from(c).is_ok_and(is_documented);
        if let Some(odd) = OddCharacter::find(&self.0, is_allowed) {
            let problem = odd.problem("a dynamic token needs an ID of a-z 0-9 _ . -");
            return Err(BuildError::new(Field::UserId, problem));
        }
        Ok(self.0.to_ascii_lowercase())
    }
}

/// Whether documented user IDs have this byte, in either case.
fn is_documented(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-')
}

impl PartialEq for UserId {
    fn eq(&self, other: &Self) -> bool {
        self.as_text() == other.as_text()
    }
}

impl Eq for UserId {}

impl Hash for UserId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_text().hash(state);
    }
}

/// A text that is hashed and compared like a [`UserId`], without a check whether it is one.
///
/// To look for a user in a map needs neither a check nor a copy of the text.
#[derive(Clone, Copy, Debug)]
pub struct UserIdText<'a>(pub &'a str);

impl PartialEq for UserIdText<'_> {
    fn eq(&self, other: &Self) -> bool {
        // Mostly both are written alike, which is seen at once.
        self.0 == other.0 || self.0.eq_ignore_ascii_case(other.0)
    }
}

impl Eq for UserIdText<'_> {}

impl Hash for UserIdText<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // In pieces, since a hasher takes many bytes as quickly as one. Equal IDs are equally long.
        let mut rest = self.0.as_bytes();
        while let Some((piece, others)) = rest.split_first_chunk::<PIECE>() {
            state.write(&piece.map(|byte| byte.to_ascii_lowercase()));
            rest = others;
        }
        let [low, high] = words(rest).map(|word| u128::from(in_lower_case(word)));
        state.write(&(high << 64 | low).to_le_bytes()[..=rest.len()]);
    }
}

/// Fewer than 16 bytes in two words, the first one lowest, and 0xff behind the last one.
///
/// No UTF-8 text holds that byte, so the next field cannot be taken for a part of this one. Words are
/// read from places that overlap, since the processor waits for bytes that were just copied.
fn words(bytes: &[u8]) -> [u64; 2] {
    let end = 0xff << (8 * (bytes.len() % 8));
    if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        let [first, last] = [first, last].map(|word| u64::from_le_bytes(*word));
        // The last `length - 8` bytes: none of eight.
        [first, end | last >> (8 * (15 - bytes.len())) >> 8]
    } else if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        let [first, last] = [first, last].map(|word| u64::from(u32::from_le_bytes(*word)));
        [end | first | last << (8 * (bytes.len() - 4)), 0]
    } else {
        [bytes.iter().rev().fold(0xff, |word, byte| word << 8 | u64::from(*byte)), 0]
    }
}

/// Eight bytes at once, in which upper-case ASCII letters become lower-case ones.
const fn in_lower_case(word: u64) -> u64 {
    const EACH: u64 = 0x0101_0101_0101_0101;
    let ascii = word & (EACH * 0x7f);
    // The highest bit of a byte says whether it is at least `A`, or more than `Z`.
    let from_a = ascii + EACH * (0x80 - b'A' as u64);
    let beyond_z = ascii + EACH * (0x7f - b'Z' as u64);
    word | ((from_a ^ beyond_z) & !word & (EACH * 0x80)) >> 2
}

impl TryFrom<&str> for UserId {
    type Error = BuildError;

    fn try_from(text: &str) -> Result<Self, BuildError> {
        Self::new(text)
    }
}

impl TryFrom<&String> for UserId {
    type Error = BuildError;

    fn try_from(text: &String) -> Result<Self, BuildError> {
        Self::new(text)
    }
}

impl TryFrom<String> for UserId {
    type Error = BuildError;

    fn try_from(text: String) -> Result<Self, BuildError> {
        Self::new(text)
    }
}

impl From<&Self> for UserId {
    fn from(user_id: &Self) -> Self {
        user_id.clone()
    }
}

#[cfg(test)]
mod tests {
    use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

    use super::*;

    fn id(text: &str) -> UserId {
        UserId::new(text).unwrap()
    }

    #[test]
    fn an_id_with_what_nobody_sees_is_refused_and_other_text_is_not() {
        for (text, problem) in [
            ("alice\n", "ends with U+000A (line feed) at character 6; remove it"),
            (" alice", "begins with U+0020 (space) at character 1; remove it"),
            ("\u{feff}alice", "begins with U+FEFF (byte order mark) at character 1; remove it"),
            ("ali\u{200b}ce", "has U+200B (zero-width space) at character 4; remove it"),
            ("张\0三", "has U+0000 (NUL) at character 2; remove it"),
            ("\"alice\"", "is in quotes, U+0022 (\") at character 1; remove them"),
        ] {
            assert_eq!(UserId::new(text).unwrap_err().problem(), problem);
        }
        for text in ["a b", "张三", "é", "ａ", "a\"b", "O'Neil", "a@b"] {
            assert_eq!(id(text).as_str(), text);
        }
    }

    #[test]
    #[cfg(feature = "dynamic")]
    fn a_dynamic_token_names_what_is_not_documented() {
        let problem = |text| id(text).to_documented().unwrap_err().problem().to_owned();
        assert!(problem("a＠b").starts_with("has U+FF20 (full-width @) at character 2; write @"));
        assert!(problem("a@b").starts_with("has U+0040 (@) at character 2; a dynamic token needs"));
    }

    #[test]
    fn only_the_case_of_ascii_letters_does_not_matter() {
        let hasher = BuildHasherDefault::<DefaultHasher>::default();
        assert_eq!(id("Alice"), id("aLICE"));
        assert_eq!(hasher.hash_one(id("Alice")), hasher.hash_one(id("aLICE")));
        for (one, other) in [("alice", "alicf"), ("é", "É"), ("k", "\u{212a}"), ("a", "a b")] {
            assert_ne!(id(one), id(other));
        }
        // With any number of pieces, also if a character is cut; each byte counts.
        for length in (0..=50).chain([200]) {
            let long = "aB".repeat(length).split_at(length).0.to_owned();
            for text in [format!("{long}c"), format!("{long}张三"), format!("{long}é")] {
                let other = id(&text.to_ascii_uppercase());
                assert_eq!(hasher.hash_one(id(&text)), hasher.hash_one(other), "{text}");
                for (place, character) in text.char_indices() {
                    let mut other = text.clone();
                    other.replace_range(place..place + character.len_utf8(), "_");
                    assert_ne!(hasher.hash_one(id(&text)), hasher.hash_one(id(&other)), "{other}");
                }
            }
        }
        // Fields that follow each other do not run together.
        let pair = |a: &str, b| hasher.hash_one((UserIdText(a), UserIdText(b)));
        for text in ["a", "abcde", "abcdefghi"] {
            assert_ne!(pair(&format!("{text}\0"), "c"), pair(text, "\0c"), "{text}");
        }
    }

    #[test]
    fn each_byte_of_a_word_is_in_lower_case_whatever_is_next_to_it() {
        for byte in 0..=u8::MAX {
            for beside in [0, b'@', b'A', b'Z', b'[', b'z', 0x80, 0xff] {
                let bytes = [beside, byte, beside, byte, byte, beside, beside, byte];
                let word = in_lower_case(u64::from_le_bytes(bytes));
                assert_eq!(word.to_le_bytes(), bytes.map(|byte| byte.to_ascii_lowercase()));
            }
        }
    }

    #[test]
    fn a_response_may_name_the_user_in_any_case() {
        for (requested, named) in [("C", "c"), ("c", "C"), ("É", "é"), ("é", "É"), ("张三", "张三")]
        {
            assert!(id(requested).is_named_by(named), "{requested} {named}");
        }
        for (requested, named) in [("c", "d"), ("c", ""), ("c", "cc"), ("é", "e")] {
            assert!(!id(requested).is_named_by(named), "{requested} {named}");
        }
    }
}

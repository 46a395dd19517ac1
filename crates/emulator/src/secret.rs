//! A configured secret: compared in constant time, never shown.

use std::fmt;

use subtle::ConstantTimeEq as _;

/// A client secret or a password that the emulator was told.
#[derive(Clone)]
pub(crate) struct Secret(Box<str>);

impl Secret {
    pub(crate) fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// Whether `given` is the secret; takes equally long wherever the two differ.
    pub(crate) fn matches(&self, given: &str) -> bool {
        self.0.as_bytes().ct_eq(given.as_bytes()).into()
    }

    /// For the checks at the start; the text goes nowhere else.
    pub(crate) fn len_chars(&self) -> usize {
        self.0.chars().count()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

//! Checks of text that people set: the host of a URL, and characters that do not belong in it.
//!
//! URL libraries repair what they read: they accept `127.1` as an address, let `a.com@evil.com` pass,
//! or drop a port of 99999. A secret follows the URL, so [`Authority`] refuses everything that two
//! readers could understand differently. Names are ASCII and are returned in lower case.
//!
//! ```
//! use easemob_token_host::Authority;
//!
//! let authority: Authority = "A1.easemob.com:8443".parse()?;
//! assert_eq!(authority.host(), "a1.easemob.com");
//! assert_eq!(authority.port(), Some(8443));
//! assert!("a1.easemob.com@evil.com".parse::<Authority>().is_err());
//! # Ok::<(), easemob_token_host::HostError>(())
//! ```
//!
//! Text that is copied from a web page, a chat or a file may contain characters that nobody sees, or
//! that only look right. [`OddCharacter`] finds the first one and says which it is, where it is and
//! what to write. It is for URLs as well as for IDs and secrets, so it never shows the text around it.

#![forbid(unsafe_code)]

mod authority;
mod odd_character;

pub use authority::{Authority, HostError, check_url_characters};
pub use odd_character::{OddCharacter, is_invisible};

/// The README, so that its example is compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

//! Header `User-Agent` of every request: the library's name and version, or the application's.

use http::HeaderValue;

use crate::build_error::{BuildError, Field, require};

/// The value that is sent unless the application sets its own.
pub(super) const DEFAULT: HeaderValue =
    HeaderValue::from_static(concat!("easemob-token/", env!("CARGO_PKG_VERSION")));

/// The most characters of a value; longer ones fill the space that servers reserve for all headers.
const LONGEST: usize = 256;

/// Checks a value: visible ASCII characters with spaces between them.
pub(super) fn parse(text: &str) -> Result<HeaderValue, BuildError> {
    let wrong = |problem| Err(BuildError::new(Field::UserAgent, problem));
    require(Field::UserAgent, text)?;
    let is_good = |c: char| c.is_ascii_graphic() || c == ' ';
    if let Some((index, odd)) = text.chars().enumerate().find(|(_, c)| !is_good(*c)) {
        return Err(BuildError::new(
            Field::UserAgent,
            format!(
                "has U+{:04X} as character {}; write visible ASCII and spaces",
                u32::from(odd),
                index + 1,
            ),
        ));
    }
    if text.len() > LONGEST {
        return wrong("is longer than 256 characters");
    }
    if text.starts_with(' ') || text.ends_with(' ') {
        return wrong("begins or ends with a space; remove it");
    }
    HeaderValue::from_str(text).or_else(|_| wrong("cannot be carried in a header"))
}

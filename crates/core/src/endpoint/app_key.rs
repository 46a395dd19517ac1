//! App Key, `org#app`, strictly parsed: its two names become path segments.

use std::fmt;
use std::str::FromStr;

use crate::build_error::{BuildError, Field};

/// The unique identifier of an app, `org_name#app_name`. Case-sensitive.
///
/// Both names become segments of a URL path, so each is one or more of `A-Z a-z 0-9 - _ . ~`, and
/// neither `.` nor `..`.
///
/// ```
/// use easemob_token_core::AppKey;
///
/// let key: AppKey = "easemob-demo#testapp".parse()?;
/// assert_eq!((key.org(), key.app()), ("easemob-demo", "testapp"));
/// assert_eq!(key.to_string(), "easemob-demo#testapp");
/// assert!("easemob-demo/testapp".parse::<AppKey>().is_err());
/// # Ok::<(), easemob_token_core::BuildError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AppKey {
    org: Box<str>,
    app: Box<str>,
}

/// The longest name: far longer than real ones, far shorter than a URI may be.
const MAX_NAME_BYTES: usize = 255;

impl AppKey {
    /// An App Key from its two names.
    ///
    /// # Errors
    ///
    /// [`Field::AppKey`], with the name that is wrong.
    pub fn new(org: &str, app: &str) -> Result<Self, BuildError> {
        check("org", org)?;
        check("app", app)?;
        Ok(Self { org: org.into(), app: app.into() })
    }

    /// The organisation's name, the part before `#`.
    #[must_use]
    pub fn org(&self) -> &str {
        &self.org
    }

    /// The app's name, the part after `#`.
    #[must_use]
    pub fn app(&self) -> &str {
        &self.app
    }
}

fn check(which: &'static str, name: &str) -> Result<(), BuildError> {
    let wrong = |problem: &str| {
        Err(BuildError::new(Field::AppKey, format!("the {which} name {problem}; write org#app")))
    };
    if name.is_empty() {
        return wrong("is empty");
    }
    if name.len() > MAX_NAME_BYTES {
        return wrong("is longer than 255 bytes");
    }
    if name == "." || name == ".." {
        return wrong("is . or .., which changes the path");
    }
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'~');
    if !name.bytes().all(allowed) {
        return wrong("has a character that is none of A-Z a-z 0-9 - _ . ~");
    }
    Ok(())
}

impl FromStr for AppKey {
    type Err = BuildError;

    fn from_str(text: &str) -> Result<Self, BuildError> {
        let wrong = |problem| Err(BuildError::new(Field::AppKey, problem));
        let mut names = text.split('#');
        match (names.next(), names.next(), names.next()) {
            (Some(org), Some(app), None) => Self::new(org, app),
            (_, None, _) => wrong("has no #; write org#app"),
            _ => wrong("has more than one #; write org#app"),
        }
    }
}

impl fmt::Display for AppKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.org, self.app)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        text.parse::<AppKey>().expect_err(text).to_string()
    }

    #[test]
    fn what_could_change_the_path_is_refused_and_named() {
        for bad in ["..", ".", "a/b", "%2f", "a\r\nb", "a b", "a?b", "a\\b", "组织", ""] {
            assert!(error(&format!("{bad}#app")).contains("the org name"), "{bad:?}");
            assert!(error(&format!("org#{bad}")).contains("the app name"), "{bad:?}");
        }
        assert!(error(&format!("org#{}", "a".repeat(256))).contains("longer"));
    }

    #[test]
    fn there_is_exactly_one_hash() {
        assert_eq!(error("org"), "app key: has no #; write org#app");
        assert_eq!(error("org#app#"), "app key: has more than one #; write org#app");
        assert_eq!(error("#app"), "app key: the org name is empty; write org#app");
    }

    #[test]
    fn case_is_preserved() {
        let key: AppKey = "Org-1#App_2.x~".parse().unwrap();
        assert_eq!(key.to_string(), "Org-1#App_2.x~");
    }
}

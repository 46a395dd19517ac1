//! App Key, `org#app`, strictly parsed: its two names become path segments.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use easemob_token_host::OddCharacter;

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
    match OddCharacter::find(name, is_allowed) {
        None => Ok(()),
        Some(odd) => {
            let problem = odd.problem("write A-Z a-z 0-9 - _ . ~ alone");
            Err(BuildError::new(Field::AppKey, format!("the {which} name {problem}")))
        }
    }
}

fn is_allowed(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '~')
}

impl FromStr for AppKey {
    type Err = BuildError;

    fn from_str(text: &str) -> Result<Self, BuildError> {
        let wrong = |problem: Cow<'static, str>| Err(BuildError::new(Field::AppKey, problem));
        if text.is_empty() {
            return wrong("is empty; write org#app".into());
        }
        if let Some(odd) = OddCharacter::first_in(text) {
            return wrong(odd.problem("write org#app").into());
        }
        if text.contains("://") {
            return wrong("is a URL; write org#app, and the URL as the base URL".into());
        }
        if let Some(at) = text.find("%23") {
            // All ASCII, so bytes are characters.
            return wrong(format!("has %23 at character {}; write # (U+0023)", at + 1).into());
        }
        if let Some(odd) = OddCharacter::find(text, |c| c == '#' || is_allowed(c)) {
            return wrong(odd.problem("write org#app, each of A-Z a-z 0-9 - _ . ~").into());
        }
        let mut names = text.split('#');
        match (names.next(), names.next(), names.next()) {
            (Some(org), Some(app), None) => Self::new(org, app),
            (_, None, _) => wrong(
                "has no #; write org#app, in quotes in a shell or a .env file, where # can begin a \
                 comment"
                    .into(),
            ),
            _ => wrong("has more than one #; write org#app".into()),
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
        for (bad, problem) in [
            ("a/b", "has U+002F (/) at character 2; write"),
            ("a\\b", "has U+005C (\\) at character 2; write"),
            ("a?b", "has U+003F (?) at character 2; write"),
            ("%2f", "has U+0025 (%) at character 1; write"),
            ("a b", "has U+0020 (space) at character 2; remove it"),
            ("a\r\nb", "has U+000D (carriage return) at character 2; remove it"),
            ("组织", "has U+7EC4 at character 1; write"),
        ] {
            let new = |org, app| AppKey::new(org, app).unwrap_err().to_string();
            assert!(new(bad, "app").starts_with(&format!("app key: the org name {problem}")));
            assert!(new("org", bad).starts_with(&format!("app key: the app name {problem}")));
            assert!(
                error(&format!("{bad}#app")).starts_with(&format!("app key: {problem}")),
                "{bad}"
            );
        }
        for (bad, problem) in [("..", "is . or .."), (".", "is . or .."), ("", "is empty")] {
            assert!(
                error(&format!("{bad}#app")).contains(&format!("org name {problem}")),
                "{bad:?}"
            );
            assert!(
                error(&format!("org#{bad}")).contains(&format!("app name {problem}")),
                "{bad:?}"
            );
        }
        assert!(error(&format!("org#{}", "a".repeat(256))).contains("longer"));
    }

    #[test]
    fn what_is_wrong_is_named_with_the_remedy() {
        for (text, problem) in [
            ("", "is empty; write org#app"),
            ("org#app#", "has more than one #; write org#app"),
            ("org＃app", "has U+FF03 (full-width #) at character 4; write # (U+0023)"),
            ("org%23app", "has %23 at character 4; write # (U+0023)"),
            ("org #app", "has U+0020 (space) at character 4; remove it"),
            ("org#app\n", "ends with U+000A (line feed) at character 8; remove it"),
            ("\"org#app\"", "is in quotes, U+0022 (\") at character 1; remove them"),
            ("\"org#app", "has U+0022 (\") at character 1; remove it"),
            (
                "org/app",
                "has U+002F (/) at character 4; write org#app, each of A-Z a-z 0-9 - _ . ~",
            ),
            (
                "https://a1.x/org＃app",
                "has U+FF03 (full-width #) at character 17; write # (U+0023)",
            ),
            ("https://a1.x/org#app", "is a URL; write org#app, and the URL as the base URL"),
        ] {
            assert_eq!(error(text), format!("app key: {problem}"));
        }
        // What is left if a shell or a reader of `.env` files takes the rest for a comment.
        assert!(
            error("org").contains("has no #; write org#app, in quotes in a shell or a .env file")
        );
    }

    #[test]
    fn case_is_preserved() {
        let key: AppKey = "Org-1#App_2.x~".parse().unwrap();
        assert_eq!(key.to_string(), "Org-1#App_2.x~");
    }
}

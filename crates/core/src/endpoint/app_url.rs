//! URL of another REST endpoint of the app: each segment of its path is encoded.

use std::fmt::Write as _;

use super::TokenEndpoint;
use crate::build_error::{BuildError, Field};

impl TokenEndpoint {
    /// The URL of another endpoint of the app, `{base URL}/{org}/{app}/{segments}`.
    ///
    /// Each segment is percent-encoded, so that a `/`, a `?` or a `#` in it stays a part of the segment.
    ///
    /// ```
    /// use easemob_token_core::{TokenEndpoint, TtlUnits};
    ///
    /// let (url, key) = ("https://a1.easemob.com".parse()?, "easemob-demo#testapp".parse()?);
    /// let endpoint = TokenEndpoint::new(&url, &key, TtlUnits::STANDARD)?;
    /// let url = endpoint.app_url(["users", "a/b"])?;
    /// assert_eq!(url, "https://a1.easemob.com/easemob-demo/testapp/users/a%2Fb");
    /// # Ok::<(), easemob_token_core::BuildError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Field::PathSegment`] if a segment is empty, `.` or `..`. URL libraries resolve the last two,
    /// also if they are encoded.
    pub fn app_url(
        &self,
        segments: impl IntoIterator<Item: AsRef<str>>,
    ) -> Result<String, BuildError> {
        let mut url = format!("{}/{}/{}", self.base_url, self.app_key.org(), self.app_key.app());
        for segment in segments {
            push_segment(&mut url, segment.as_ref())?;
        }
        Ok(url)
    }
}

fn push_segment(url: &mut String, segment: &str) -> Result<(), BuildError> {
    let wrong = |problem| Err(BuildError::new(Field::PathSegment, problem));
    match segment {
        "" => return wrong("is empty; write each name between two slashes as one segment"),
        "." | ".." => return wrong("is . or .., which changes the path"),
        _ => {}
    }
    url.push('/');
    for byte in segment.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            url.push(char::from(byte));
        } else {
            // Writing to a `String` cannot fail.
            let _ = write!(url, "%{byte:02X}");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::TtlUnits;

    fn url(segments: &[&str]) -> Result<String, BuildError> {
        let (base_url, key) = ("http://[::1]:8080".parse().unwrap(), "o.1#a~".parse().unwrap());
        TokenEndpoint::new(&base_url, &key, TtlUnits::STANDARD).unwrap().app_url(segments)
    }

    #[test]
    fn no_segment_leaves_its_place() {
        for (segments, path) in [
            (&[][..], ""),
            (&["users", "Alice_1.x-~"], "/users/Alice_1.x-~"),
            (&["users/../chatgroups"], "/users%2F..%2Fchatgroups"),
            (&["users", "../../other", "..."], "/users/..%2F..%2Fother/..."),
            (&["a?b#c&d=e;f", "a b+c", "a\\b"], "/a%3Fb%23c%26d%3De%3Bf/a%20b%2Bc/a%5Cb"),
            (&["%2e%2e", "@evil.com:1", "a\r\n\0b"], "/%252e%252e/%40evil.com%3A1/a%0D%0A%00b"),
            (&["张三", "é\u{202e}"], "/%E5%BC%A0%E4%B8%89/%C3%A9%E2%80%AE"),
        ] {
            assert_eq!(url(segments).unwrap(), format!("http://[::1]:8080/o.1/a~{path}"));
            assert!(http::Uri::try_from(url(segments).unwrap()).is_ok());
        }
        for bad in ["", ".", ".."] {
            let error = url(&["users", bad]).expect_err(bad);
            assert_eq!(error.field(), Field::PathSegment);
        }
    }
}

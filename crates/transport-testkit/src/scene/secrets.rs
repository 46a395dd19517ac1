//! Marked secrets in requests and responses, which no error and no log may show.

use std::error::Error;

use easemob_token_transport::TransportError;

/// The marker in the query of every request.
pub(crate) const IN_QUERY: &str = "MARK-QUERY-7f31";
/// The marker in the `Authorization` header of every request.
pub(crate) const IN_HEADER: &str = "MARK-HEADER-58c2";
/// The marker in the body of every request, and so in every echo.
pub(crate) const IN_BODY: &str = "MARK-BODY-e094";
/// The marker in heads and bodies of responses.
pub(crate) const IN_REPLY: &str = "MARK-REPLY-1d6a";
/// The marker in the password of a proxy.
pub(crate) const IN_PROXY: &str = "MARK-PROXY-b3f5";

const ALL: [&str; 5] = [IN_QUERY, IN_HEADER, IN_BODY, IN_REPLY, IN_PROXY];

/// The markers that this text shows.
pub(crate) fn shown_in(text: &str) -> Vec<&'static str> {
    let shown = ALL.into_iter().filter(|marker| text.contains(marker));
    shown.collect()
}

/// Prints an error and its sources in every way.
pub(crate) fn everything_of(error: &TransportError) -> String {
    let mut text = format!("{error:?} {error:#?}");
    let mut next: Option<&dyn Error> = Some(error);
    while let Some(error) = next {
        text += &format!(" {error} {error:?}");
        next = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use easemob_token_transport::TransportErrorKind;

    use super::*;

    #[test]
    fn a_marker_deep_in_the_causes_is_found() {
        let deep = std::io::Error::other(format!("the body was {IN_BODY}"));
        let error = TransportError::with_source(TransportErrorKind::Interrupted, deep);
        assert_eq!(shown_in(&everything_of(&error)), [IN_BODY]);
        let clean = TransportError::new(TransportErrorKind::Interrupted);
        assert!(shown_in(&everything_of(&clean)).is_empty());
    }
}

//! The framing of a response that an HTTP library accepts although it makes no sense.

use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, StatusCode};

/// Whether a transfer coding other than `chunked` was applied, or the length next to it makes no sense.
///
/// For hyper and what is built on it, a body that is not `chunked` at its end lasts until the connection closes, and hyper
/// returns it as it is: coded, or with the sizes of its chunks in it. It then ignores a length.
#[must_use]
pub fn is_oddly_framed(status: StatusCode, headers: &HeaderMap) -> bool {
    if matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) {
        return false;
    }
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    let Some(coding) = codings.next() else {
        return false;
    };
    if codings.next().is_some() || !coding.as_bytes().eq_ignore_ascii_case(b"chunked") {
        return true;
    }
    let lengths = headers.get_all(CONTENT_LENGTH).iter();
    let lengths = lengths.flat_map(|value| value.as_bytes().split(|&byte| byte == b','));
    let mut first = None;
    for length in lengths.map(<[u8]>::trim_ascii) {
        let is_number = !length.is_empty() && length.iter().all(u8::is_ascii_digit);
        if !is_number || *first.get_or_insert(length) != length {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use http::HeaderName;

    use super::*;

    #[test]
    fn a_length_next_to_chunks_has_to_make_sense() {
        for (lengths, is_odd) in [
            (&[][..], false),
            (&["7"], false),
            (&["7, 7", "7"], false),
            (&["7, 8"], true),
            (&["7", "8"], true),
            (&["7,"], true),
            (&[""], true),
            (&["x"], true),
            (&["-7"], true),
        ] {
            let coding = (TRANSFER_ENCODING, "Chunked");
            let lengths = lengths.iter().map(|length| (CONTENT_LENGTH, *length));
            let fields =
                lengths.chain([coding]).map(|(name, value)| (name, value.parse().unwrap()));
            let headers: HeaderMap = fields.collect::<Vec<(HeaderName, _)>>().into_iter().collect();
            assert_eq!(is_oddly_framed(StatusCode::OK, &headers), is_odd, "{headers:?}");
            assert!(!is_oddly_framed(StatusCode::NO_CONTENT, &headers), "no body");
        }
    }
}

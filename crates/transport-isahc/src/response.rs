//! Reads a response of isahc whole and within its bounds.

use bytes::Bytes;
use easemob_token_transport::{TransportError, TransportErrorKind, head_within_limits};
use futures_lite::io::AsyncReadExt;
use http::header::{self, HeaderMap};
use http::{Method, Response, StatusCode, Version};
use isahc::AsyncBody;

use crate::failure::{Path, from_body, own};

/// Enough to read a token at once. On the heap, so that the future of an exchange stays small.
const CHUNK: usize = 1024;

/// Reads the response to its end, and checks what curl does not check.
pub(crate) async fn read_whole(
    response: Response<AsyncBody>,
    method: &Method,
    max_bytes: usize,
    path: Path,
) -> Result<Response<Bytes>, TransportError> {
    let (head, body) = response.into_parts();
    if head.status.is_informational() {
        return Err(own(
            TransportErrorKind::Interrupted,
            "the response ends with an interim response",
        ));
    }
    if !head_within_limits(&head.headers) {
        return Err(own(TransportErrorKind::TooLarge, "the head is too large"));
    }
    let has_body = *method != Method::HEAD
        && head.status != StatusCode::NO_CONTENT
        && head.status != StatusCode::NOT_MODIFIED;
    let bytes = if has_body {
        check_coding(head.version, &head.headers)?;
        let declared = declared_length(&head.headers)?;
        if declared.is_some_and(|length| length > max_bytes as u64) {
            return Err(too_large());
        }
        let bytes = read_bounded(body, declared, max_bytes, path).await?;
        check_length(head.status, declared, bytes.len())?;
        bytes
    } else {
        Vec::new()
    };

    // Only these three: isahc's extensions hold the request's body, and cannot be cloned.
    let mut whole = Response::new(Bytes::from(bytes));
    *whole.status_mut() = head.status;
    *whole.version_mut() = head.version;
    *whole.headers_mut() = head.headers;
    Ok(whole)
}

/// Reads the body to its declared end, or else to its last byte.
///
/// curl reads no more than was declared, so nobody has to wait until its agent has closed the
/// connection.
async fn read_bounded(
    mut body: AsyncBody,
    declared: Option<u64>,
    max_bytes: usize,
    path: Path,
) -> Result<Vec<u8>, TransportError> {
    let mut bytes = Vec::new();
    let mut chunk = vec![0; CHUNK];
    while declared != Some(bytes.len() as u64) {
        let read = body.read(&mut chunk).await.map_err(|error| from_body(&error, path))?;
        if read == 0 {
            break;
        }
        if read > max_bytes.saturating_sub(bytes.len()) {
            return Err(too_large());
        }
        bytes.extend_from_slice(&chunk[..read]);
    }
    Ok(bytes)
}

/// Refuses every transfer coding but `chunked`, and that one in HTTP/1.0, which has no chunks
/// (RFC 9112, section 6.1).
///
/// curl decodes chunks there too, and ignores `identity` and an empty value.
fn check_coding(version: Version, headers: &HeaderMap) -> Result<(), TransportError> {
    let mut codings = headers.get_all(header::TRANSFER_ENCODING).iter();
    let is_fine = match (codings.next(), codings.next()) {
        (None, _) => true,
        (Some(only), None) => {
            version != Version::HTTP_10 && only.as_bytes().eq_ignore_ascii_case(b"chunked")
        }
        (Some(_), Some(_)) => false,
    };
    if is_fine {
        Ok(())
    } else {
        Err(own(
            TransportErrorKind::Interrupted,
            "the body has a transfer coding that was not requested",
        ))
    }
}

/// The length that the head declares.
///
/// curl takes either of two, and ignores one that it cannot count.
fn declared_length(headers: &HeaderMap) -> Result<Option<u64>, TransportError> {
    if headers.contains_key(header::TRANSFER_ENCODING) {
        return Ok(None);
    }
    let mut declared: Option<u64> = None;
    for value in headers.get_all(header::CONTENT_LENGTH) {
        // A list of the same number counts as one (RFC 9110, section 8.6).
        for digits in value.to_str().unwrap_or_default().split(',').map(str::trim) {
            if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(own(TransportErrorKind::Interrupted, "Content-Length is not a number"));
            }
            // Only a number beyond any limit does not fit.
            let length = digits.parse().map_err(|_| too_large())?;
            if declared.is_some_and(|other| other != length) {
                return Err(own(
                    TransportErrorKind::Interrupted,
                    "two Content-Lengths contradict each other",
                ));
            }
            declared = Some(length);
        }
    }
    Ok(declared)
}

/// Refuses a body of another length than declared, and an empty one of a status 200 without a length.
///
/// If a connection closes within the head, that is no error for curl: it returns what it has, with an
/// empty body. With another status and no declared length this looks like a whole response.
fn check_length(
    status: StatusCode,
    declared: Option<u64>,
    length: usize,
) -> Result<(), TransportError> {
    let promised = declared.is_none_or(|declared| declared == length as u64);
    let empty_success = status == StatusCode::OK && length == 0 && declared != Some(0);
    if promised && !empty_success {
        Ok(())
    } else {
        Err(own(
            TransportErrorKind::Interrupted,
            "the connection closed before the response was complete",
        ))
    }
}

fn too_large() -> TransportError {
    own(TransportErrorKind::TooLarge, "the body is too large")
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn length_of(values: &[&'static str]) -> Result<Option<u64>, TransportErrorKind> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::CONTENT_LENGTH, HeaderValue::from_static(value));
        }
        declared_length(&headers).map_err(|error| error.kind())
    }

    #[test]
    fn one_length_counts_once_however_often_it_is_declared() {
        assert_eq!(length_of(&[]), Ok(None));
        assert_eq!(length_of(&["5"]), Ok(Some(5)));
        assert_eq!(length_of(&["5", "5"]), Ok(Some(5)));
        assert_eq!(length_of(&["5, 5", "5"]), Ok(Some(5)));
    }

    #[test]
    fn lengths_that_contradict_or_are_no_number_are_refused() {
        for values in [&["5", "6"][..], &["5, 6"], &["5,"], &[""], &["-1"], &["+5"], &["0x5"]] {
            assert_eq!(length_of(values), Err(TransportErrorKind::Interrupted), "{values:?}");
        }
    }

    #[test]
    fn a_length_beyond_counting_is_too_large() {
        assert_eq!(length_of(&["18446744073709551616"]), Err(TransportErrorKind::TooLarge));
    }
}

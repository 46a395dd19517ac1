//! The body of a response: framed in one way, whole, and within its bound.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use easemob_token_transport::{TransportError, TransportErrorKind};
use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::response::Parts;
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use tokio::time::sleep;

use crate::classify::classify_body_error;
use crate::connection_state::ConnectionState;

/// How many parts are read before a pause, if a body comes in a great many tiny parts. Each costs the
/// work of two tasks, perhaps for a single byte.
const PARTS_PER_PAUSE: usize = 2;
const PAUSE: Duration = Duration::from_millis(5);

/// Reads the whole body that follows `head`.
pub(crate) async fn read(
    head: &Parts,
    mut body: Incoming,
    max_bytes: usize,
    connection: Option<&ConnectionState>,
) -> Result<Bytes, TransportError> {
    let has_body = !matches!(head.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    if has_body && is_oddly_framed(&head.headers) {
        return Err(TransportError::with_source(
            TransportErrorKind::Interrupted,
            "the head is ambiguous about where the body ends",
        ));
    }
    // A length that is announced can be refused before it is read.
    let announced = body.size_hint().lower();
    if usize::try_from(announced).map_or(true, |bytes| bytes > max_bytes) {
        return Err(TransportError::with_source(
            TransportErrorKind::TooLarge,
            "the announced length of the response is larger than the limit",
        ));
    }
    // Mostly the whole body comes in one part, which is returned as it is.
    let mut first = Bytes::new();
    let mut joined = BytesMut::new();
    let mut parts = 0_usize;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(classify_body_error)?.into_data() else {
            // Trailers.
            continue;
        };
        if data.len() > max_bytes - first.len().max(joined.len()) {
            return Err(TransportError::with_source(
                TransportErrorKind::TooLarge,
                "the body of the response is larger than the limit",
            ));
        }
        if connection.is_some_and(|own| own.note_part(data.len())) {
            // The connection's task decodes the next part only when this one is taken.
            parts += 1;
            if parts % PARTS_PER_PAUSE == 0 {
                sleep(PAUSE).await;
            }
        }
        if first.is_empty() {
            first = data;
            continue;
        }
        if joined.is_empty() {
            joined.extend_from_slice(&first);
        }
        joined.extend_from_slice(&data);
    }
    Ok(if joined.is_empty() { first } else { joined.freeze() })
}

/// Whether a transfer coding other than `chunked` was applied, or the `Content-Length` next to it
/// makes no sense.
///
/// For hyper, a body that is not `chunked` at its end lasts until the connection closes, and hyper
/// returns it as it is: coded, or with the sizes of its chunks in it. It then ignores a length.
fn is_oddly_framed(headers: &HeaderMap) -> bool {
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
            assert_eq!(is_oddly_framed(&headers), is_odd, "{headers:?}");
        }
    }
}

//! The body of a response: framed in one way, whole, and within its bound.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use easemob_token_transport::{TransportError, TransportErrorKind, is_oddly_framed};
use http::response::Parts;
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
    if is_oddly_framed(head.status, &head.headers) {
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

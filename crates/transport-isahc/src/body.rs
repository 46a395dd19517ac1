//! A request's body that goes out once, and that tells whether it began to.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_lite::io::{AsyncRead, Cursor};
use isahc::AsyncBody;

/// curl sends the head together with the beginning of the body, unless the head fills its buffer,
/// which has 64 KiB. Well below that, "not asked for the body" means "nothing sent".
const HEAD_SENT_WITH_BODY: usize = 16 * 1024;

/// Whether curl began to send.
#[derive(Clone, Debug)]
pub(crate) struct Begun(Option<Arc<AtomicBool>>);

impl Begun {
    /// Whether surely nothing of the request was sent.
    pub(crate) fn surely_not(&self) -> bool {
        self.0.as_ref().is_some_and(|begun| !begun.load(Ordering::SeqCst))
    }
}

/// A body that curl cannot rewind: where it wants to send a request again by itself, as it does
/// on a reused connection that turns out dead, it has to give up.
pub(crate) fn once(bytes: Bytes, head_bytes: usize) -> (AsyncBody, Begun) {
    let length = bytes.len() as u64;
    let begun = Arc::new(AtomicBool::new(false));
    let tells = length > 0 && head_bytes <= HEAD_SENT_WITH_BODY;
    let body = Once { bytes: Cursor::new(bytes), begun: begun.clone() };
    (AsyncBody::from_reader_sized(body, length), Begun(tells.then_some(begun)))
}

/// No body at all.
pub(crate) fn none() -> (AsyncBody, Begun) {
    (AsyncBody::empty(), Begun(None))
}

struct Once {
    bytes: Cursor<Bytes>,
    begun: Arc<AtomicBool>,
}

impl AsyncRead for Once {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.begun.store(true, Ordering::SeqCst);
        Pin::new(&mut self.bytes).poll_read(context, buffer)
    }
}

#[cfg(test)]
mod tests {
    use futures_lite::future::block_on;
    use futures_lite::io::AsyncReadExt;

    use super::*;

    #[test]
    fn a_body_goes_out_once_and_tells() {
        let (mut body, begun) = once(Bytes::from_static(b"body"), 100);
        assert_eq!(body.len(), Some(4));
        assert!(begun.surely_not());
        let mut text = String::new();
        block_on(body.read_to_string(&mut text)).unwrap();
        assert_eq!(text, "body");
        assert!(!begun.surely_not());
        assert!(!body.reset());
    }

    #[test]
    fn where_it_cannot_be_told_nothing_is_claimed() {
        assert!(!none().1.surely_not());
        assert!(!once(Bytes::new(), 100).1.surely_not());
        assert!(!once(Bytes::from_static(b"body"), 64 * 1024).1.surely_not());
    }
}
